"""Files that go to the bank with our answer: added and taken away, by staff and by the producers of the order."""

import asyncio

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes import file_kinds, queries
from app.commerce.disputes.models import Dispute, EvidenceFile
from app.integrations.storage import Storage, StorageDown, private_name
from app.integrations.stripe_files import MOST_TOGETHER
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

log = structlog.get_logger()


async def kept(storage: Storage, shop: ShopFacts, name: str, body: bytes) -> EvidenceFile:
    """The file, checked by its content and laid into the storage; its row is still to be added (`add`).

    name: what its owner calls it. Raises Refused: not what banks take, too large, or the storage does not answer.
    """
    kind = await asyncio.to_thread(file_kinds.kind_of, body)
    key = private_name("prova")
    try:
        await asyncio.to_thread(storage.write, shop.slug, key, body)
    except StorageDown as fault:
        raise Refused(_("Adesso non riusciamo a conservare il file: riprova fra qualche minuto."), "file") from fault
    return EvidenceFile(
        name=file_kinds.name_of(name, kind), kind=kind, size=len(body), key=key, upload_key=f"evidence:{key}"
    )


async def add(
    db: AsyncSession, person: Person, dispute_id: int, field: str, file: EvidenceFile, producer_id: int | None = None
) -> None:
    """Have a file go with the answer, as what Stripe calls `field`. Within a transaction.

    producer_id: whose it is; None for staff's. Raises NotFound, Conflict when there is nothing (more) to answer, and
    Refused when there is one for that already, or all together are too large. `forget` the file then.
    """
    dispute = await open_for(db, dispute_id)
    there = select(EvidenceFile.id).where(EvidenceFile.dispute_id == dispute_id, EvidenceFile.field == field)
    if await db.scalar(there) is not None:
        raise Refused(_("Per questa voce c’è già un file: toglilo prima, o scegli un’altra voce."), "field")
    used = select(func.sum(EvidenceFile.size)).where(EvidenceFile.dispute_id == dispute_id)
    if int(await db.scalar(used) or 0) + file.size > MOST_TOGETHER:
        too_much = _("Con questo i file superano insieme 4,5 MB, e la banca non li prende. Riducine qualcuno.")
        raise Refused(too_much, "file")
    file.dispute_id, file.field, file.producer_id = dispute_id, field, producer_id
    file.added_by, file.created_at = person.id, clock.now()
    db.add(file)
    _record(db, person, dispute, "dispute.file_added", file)


async def remove(
    db: AsyncSession, person: Person, dispute_id: int, file_id: int, producer_id: int | None = None
) -> str:
    """Take a file away again; its key in the storage, to be forgotten after the commit. Within a transaction.

    producer_id: only his own; None for staff, who may take away any. Raises NotFound, and Conflict as `add`.
    """
    dispute = await open_for(db, dispute_id)
    file = await queries.file(db, dispute_id, file_id, producer_id)
    await db.delete(file)
    _record(db, person, dispute, "dispute.file_removed", file)
    return file.key


async def forget(storage: Storage, shop: ShopFacts, key: str) -> None:
    """Leave nothing of a file in the storage; what cannot be removed now is only told."""
    try:
        await asyncio.to_thread(storage.remove, shop.slug, [key])
    except StorageDown:
        log.warning("disputes.file_left_behind", key=key)


async def body_of(storage: Storage, shop: ShopFacts, file: EvidenceFile) -> bytes:
    """What is in it. Raises NotFound when it is not there (any more), StorageDown."""
    body = await storage.read(shop.slug, file.key)
    if body is None:
        raise NotFound
    return body


async def open_for(db: AsyncSession, dispute_id: int) -> Dispute:
    """A dispute that can still be answered, locked until the transaction ends. Raises NotFound, Conflict."""
    dispute = await queries.locked(db, dispute_id)
    if dispute.submitted_at is not None or dispute.state not in queries.WAITING:
        raise too_late()
    if dispute.sending_at is not None:
        raise Conflict(_("La risposta sta già partendo per la banca: adesso non si cambia più."))
    return dispute


def too_late() -> Conflict:
    return Conflict(_("A questa contestazione non si può più rispondere: qui sotto vedi come sta adesso."))


def _record(db: AsyncSession, person: Person, dispute: Dispute, action: str, file: EvidenceFile) -> None:
    audit.by(
        db,
        person,
        action,
        ("dispute", dispute.id),
        {},
        {"dispute": dispute.stripe_id, "field": file.field, "file": file.key, "size": file.size},
    )
