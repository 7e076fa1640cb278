"""Our answer to a dispute: kept as a draft, and sent to the bank once, with the files that go with it."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes import files, following, mails, queries
from app.commerce.disputes.models import Dispute, EvidenceFile
from app.commerce.payments import refusals
from app.integrations import stripe_files, stripe_money
from app.integrations.storage import Storage
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

log = structlog.get_logger()


async def keep(db: AsyncSession, person: Person, dispute_id: int, evidence: Mapping[str, str]) -> Dispute:
    """Keep a draft. Within a transaction. Raises NotFound, and Conflict when there is nothing (more) to answer."""
    dispute = await files.open_for(db, dispute_id)
    said = {name: text for name, text in evidence.items() if text}
    if dispute.evidence != said:
        dispute.evidence = said
        _record(db, person, dispute, "dispute.drafted")
    return dispute


async def send(
    database: Database,
    shop: ShopFacts,
    gateway: StripeGateway,
    person: Person,
    dispute_id: int,
    evidence: Mapping[str, str],
) -> bool:
    """Send our answer, for good: at once, or where files go with it by a job (`deliver`). True when it is there.

    Raises Conflict if it has been answered or decided, PaymentUnreachable: try again. The key follows from what is
    said: a second press of the button repeats the same call, and another text is another.
    """
    async with database.session(shop.id) as db:
        known = await queries.one(db, dispute_id)
    before = await stripe_money.dispute(gateway, known.stripe_id)  # an answer of ours may have been lost on the way
    if before.submissions or before.state not in queries.WAITING:
        await following.take_in(database, shop, before)
        raise files.too_late()
    async with database.session(shop.id) as db, transaction(db):
        kept = await keep(db, person, dispute_id, evidence)
        added = await queries.files_of(db, dispute_id)
        kept.submit_key, kept.send_error = _key(dispute_id, kept.evidence, added), None
        said, key = dict(kept.evidence), kept.submit_key
        _record(db, person, kept, "dispute.answered")
        if added:
            kept.sending_at = clock.now()
            add_job(db, "disputes.send", dispute_id=dispute_id)
            return False
    try:
        facts = await stripe_money.submit_evidence(gateway, known.stripe_id, said, key=key)
    except PaymentRefused as no:
        await following.follow(database, shop, gateway, known.stripe_id)
        raise files.too_late() from no
    await following.take_in(database, shop, facts)
    return True


async def deliver(
    database: Database, shop: ShopFacts, gateway: StripeGateway, storage: Storage, dispute_id: int
) -> None:
    """Hand over the files of an answer that is to be sent, then the answer. Safe to repeat and to run twice at once.

    Raises PaymentUnreachable and StorageDown: try again. What fails for good opens the answer again, and is told.
    """
    async with database.session(shop.id) as db:
        row, added = await queries.one(db, dispute_id), await queries.files_of(db, dispute_id)
    if row.sending_at is None or row.submit_key is None:
        return
    before = await stripe_money.dispute(gateway, row.stripe_id)
    if before.submissions or before.state not in queries.WAITING:
        await following.take_in(database, shop, before)
        return
    try:
        named = {file.field: await _handed_over(database, shop, gateway, storage, file) for file in added}
        facts = await stripe_money.submit_evidence(gateway, row.stripe_id, row.evidence | named, key=row.submit_key)
    except PaymentRefused as no:
        log.warning("disputes.answer_refused", code=no.code, param=no.param)
        await _open_again(database, shop, dispute_id, refusals.told(f"{no.code}: {no}".strip(": ")))
        await following.follow(database, shop, gateway, row.stripe_id)
        return
    except NotFound:
        lost = _("Un file non si trova più: toglilo e allegalo di nuovo.")
        await _open_again(database, shop, dispute_id, lost)
        return
    except PaymentUnreachable as away:
        if away.kept:
            await _change_keys(database, shop, dispute_id)
        raise
    await following.take_in(database, shop, facts)


async def _handed_over(
    database: Database, shop: ShopFacts, gateway: StripeGateway, storage: Storage, file: EvidenceFile
) -> str:
    """Stripe's id of a file, which it gets now if it has none."""
    if file.stripe_id is not None:
        return file.stripe_id
    body = await files.body_of(storage, shop, file)
    made = await stripe_files.upload_evidence(gateway, file.name, body, key=file.upload_key)
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(update(EvidenceFile).where(EvidenceFile.id == file.id).values(stripe_id=made))
    return made


async def _open_again(database: Database, shop: ShopFacts, dispute_id: int, why: str) -> None:
    """It did not go, and trying again would not help: staff may change it. They are told."""
    async with database.session(shop.id) as db, transaction(db):
        row = await queries.locked(db, dispute_id)
        if row.sending_at is None:
            return
        row.sending_at, row.submit_key, row.send_error = None, None, why[:400]
        reference = f"{mails.UNSENT}:{ids.token()[:8]}"
        add_job(db, "disputes.tell", dispute_id=dispute_id, state=reference)


async def _change_keys(database: Database, shop: ShopFacts, dispute_id: int) -> None:
    """Stripe keeps a failure under a key for a day. The next try looks first whether the answer is there already."""
    async with database.session(shop.id) as db, transaction(db):
        row = await queries.locked(db, dispute_id)
        row.submit_key = f"dispute:{dispute_id}:{ids.token()[:24]}"
        for file in await queries.files_of(db, dispute_id):
            if file.stripe_id is None:
                file.upload_key = f"evidence:{ids.token()[:24]}"


def _key(dispute_id: int, evidence: Mapping[str, str], added: Sequence[EvidenceFile]) -> str:
    said = json.dumps([dict(evidence), [file.key for file in added]] if added else dict(evidence), sort_keys=True)
    return f"dispute:{dispute_id}:{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _record(db: AsyncSession, person: Person, dispute: Dispute, action: str) -> None:
    audit.by(
        db,
        person,
        action,
        ("dispute", dispute.id),
        {},
        {"dispute": dispute.stripe_id, "fields": sorted(dispute.evidence)},
    )
