"""Giving a card back what it paid for stored value: one refund at Stripe per refund of ours, once.

As with refunds of orders: the key is in the row before Stripe is called; where an answer was lost for good, we look for
the refund by our own mark on it; what decides is the refund's present state. What fails waits for staff.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import contesting, refunding
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.payments import ledger
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

log = structlog.get_logger()
MARK = "credit_refund"  # in the metadata of a refund at Stripe: the id of ours
TRY = "try"  # there too: under which key it was asked for
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
LOST = timedelta(minutes=30)  # jobs have tried long enough by then
OVER = ("failed", "canceled")
MOST = 100


async def send(database: Database, shop: ShopFacts, gateway: StripeGateway, refund_id: int) -> None:
    """Ask Stripe for it. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again."""
    found = await _claimed(database, shop, refund_id)
    if found is None:
        return
    refund, session_id = found
    try:
        sent = await _given_back(gateway, shop, refund, session_id)
    except PaymentUnreachable as away:
        if away.kept:  # Stripe would repeat this failure under the same key all day
            await _change_key(database, shop, refund.id)
        raise
    except PaymentRefused as no:
        log.warning("credit.refund_refused", refund=refund.id, code=no.code)
        async with database.session(shop.id) as db, transaction(db):
            row = await _locked(db, refund.id)
            if row is not None and row.state == "sending" and row.stripe_id is None:
                _fail(db, row, f"{no.code}: {no}".strip(": "))
        return
    await follow(database, shop, refund.id, sent)


async def follow(database: Database, shop: ShopFacts, refund_id: int, sent: Sent) -> str | None:
    """Let follow what Stripe says of a refund now, once. What became of it, or None if there was nothing to do.

    A late word of an earlier try that failed does not end the one that is under way.
    """
    async with database.session(shop.id) as db, transaction(db):
        refund = await _locked(db, refund_id)
        if refund is None or refund.stripe_id not in {None, sent.id} or refund.state not in {"sending", "sent"}:
            return None
        if refund.stripe_id is None and is_of_earlier(sent, refund.idempotency_key):
            return None
        if refund.is_by_hand:  # a late echo of what failed before
            return None
        if sent.status in OVER:
            if refund.state == "sent":
                back = refunding.sent(-refund.amount_minor, refund.currency)
                await ledger.post(db, "credit_refund_failed", f"{refund.number}/{sent.id}"[:80], back, None)
            _fail(db, refund, sent.failure or sent.status)
            return "failed"
        refund.stripe_id = sent.id
        if sent.status == "succeeded" and refund.state == "sending":
            refund.state, refund.sent_at, refund.failure = "sent", clock.now(), None
            lines = refunding.sent(refund.amount_minor, refund.currency)
            await ledger.post(db, "credit_refund_sent", f"{refund.number}/{sent.id}"[:80], lines, None)
        return refund.state


def is_of_earlier(sent: Sent, key: str | None) -> bool:
    """Has a refund at Stripe failed that was asked for under another key than the one which stands now?"""
    return sent.status in OVER and sent.metadata.get(TRY, key) != key


async def sweep(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """What should have left, or ended, long ago. Raises PaymentUnreachable: the next sweep asks again."""
    overdue = CreditRefund.created_at < clock.now() - LOST
    async with database.session(shop.id) as db:
        found = select(CreditRefund.id, CreditRefund.stripe_id).where(CreditRefund.state.in_(("planned", "sending")))
        waiting = list(await db.execute(found.where(overdue).order_by(CreditRefund.id).limit(MOST)))
    for refund_id, stripe_id in waiting:
        if stripe_id is None:
            await send(database, shop, gateway, refund_id)
        else:
            await follow(database, shop, refund_id, await gateway.retrieve_refund(stripe_id))


async def retry(db: AsyncSession, number: str, person: Person) -> CreditRefund:
    """Ask Stripe once more, under a new key. Within a transaction. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    refund.state, refund.idempotency_key, refund.stripe_id, refund.failure = "planned", _new_key(refund), None, None
    add_job(db, "credit.send_refund", refund_id=refund.id)
    leave_mark(db, refund, person, "credit.refund_retried")
    return refund


async def by_hand(db: AsyncSession, number: str, person: Person) -> CreditRefund:
    """Somebody has given it from the shop's own bank account. Within a transaction. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    refund.state, refund.sent_at, refund.failure, refund.is_by_hand = "sent", clock.now(), None, True
    lines = refunding.sent(refund.amount_minor, refund.currency, by_hand=True)
    await ledger.post(db, "credit_refund_by_hand", refund.number, lines, None)
    add_job(db, "credit.tell_refunded", refund_id=refund.id)
    leave_mark(db, refund, person, "credit.refund_by_hand")
    return refund


def leave_mark(db: AsyncSession, refund: CreditRefund, person: Person, action: str) -> None:
    """In the audit trail."""
    audit.record(
        db,
        action=action,
        entity="credit_refund",
        entity_id=refund.number,
        actor_id=person.id,
        actor_role=person.role,
        after={"state": refund.state, "amount_minor": refund.amount_minor, "reason": refund.reason},
    )


async def _claimed(database: Database, shop: ShopFacts, refund_id: int) -> tuple[CreditRefund, str] | None:
    """A refund that is to be asked for, its key in the row, and the Session that paid; None: nothing is to be asked."""
    async with database.session(shop.id) as db, transaction(db):
        refund = await _locked(db, refund_id)
        if refund is None or refund.state not in {"planned", "sending"} or refund.stripe_id:
            return None
        purchase = await db.get_one(CreditPurchase, refund.purchase_id)
        if purchase.session_id is None:
            _fail(db, refund, "no session")
            return None
        if refund.state == "planned":
            refund.state, refund.asked_at = "sending", clock.now()
            refund.idempotency_key = refund.idempotency_key or _first_key(refund)
        return refund, purchase.session_id


async def _given_back(gateway: StripeGateway, shop: ShopFacts, refund: CreditRefund, session_id: str) -> Sent:
    """The refund: the one that is there (its answer was lost), else a new one."""
    intent_id = (await gateway.retrieve_session(session_id)).intent_id
    if intent_id is None:
        raise PaymentRefused("the Session has no payment", code="no_intent")
    first = refund.idempotency_key == _first_key(refund)
    if not (first and refund.asked_at and clock.now() - refund.asked_at < KEY_KEPT):
        for sent in await gateway.refunds_of(intent_id):
            if sent.metadata.get(MARK) == str(refund.id) and sent.status not in OVER:
                return sent
    return await gateway.create_refund(
        intent_id=intent_id,
        amount_minor=refund.amount_minor,
        metadata={"shop": shop.slug, MARK: str(refund.id), "number": refund.number, TRY: refund.idempotency_key or ""},
        key=refund.idempotency_key or "",
    )


async def _locked(db: AsyncSession, refund_id: int) -> CreditRefund | None:
    return await db.get(CreditRefund, refund_id, with_for_update=True, populate_existing=True)


async def _failed(db: AsyncSession, number: str) -> CreditRefund:
    """With the locks of its purchase and of itself. Raises Conflict, NotFound."""
    purchase_id = await db.scalar(select(CreditRefund.purchase_id).where(CreditRefund.number == number))
    if purchase_id is None:
        raise NotFound
    purchase = await contesting.locked(db, purchase_id)
    found = select(CreditRefund).where(CreditRefund.number == number).with_for_update()
    refund = (await db.scalars(found.execution_options(populate_existing=True))).one()
    if refund.state != "failed":
        raise Conflict(_("Qualcuno se n’è già occupato: guarda com’è adesso."))
    if purchase.dispute_id is not None:  # it would leave twice
        raise Conflict(refunding.contested())
    return refund


def _fail(db: AsyncSession, refund: CreditRefund, why: str) -> None:
    """The money is due to the buyer still. Staff are told, and decide."""
    refund.state, refund.failure, refund.failed_at, refund.sent_at = "failed", why[:300], clock.now(), None
    add_job(db, "credit.tell_refund_failed", refund_id=refund.id)


async def _change_key(database: Database, shop: ShopFacts, refund_id: int) -> None:
    """The next try looks for the refund first, then uses another key."""
    async with database.session(shop.id) as db, transaction(db):
        refund = await _locked(db, refund_id)
        if refund is not None and refund.state == "sending" and refund.stripe_id is None:
            refund.idempotency_key = _new_key(refund)


def _first_key(refund: CreditRefund) -> str:
    return f"refund:credit:{refund.id}"


def _new_key(refund: CreditRefund) -> str:
    return f"{_first_key(refund)}:{ids.token()[:12]}"
