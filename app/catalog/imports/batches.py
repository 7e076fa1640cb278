"""Imports from the first byte to the undoing: who may begin one, what may follow what, and what is told of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.imports import pieces
from app.catalog.imports.models import ImportBatch, ImportPicture, ImportPiece, ImportRow
from app.catalog.imports.pieces import Read
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit, live

KEPT = timedelta(days=7)  # how long an import can be undone, and an unconfirmed one waits
WAITING = ("asking", "checked")
OPEN = ("checking", *WAITING, "running", "undoing")
EVENT = "import-moved"


class OneAtATime(Refused):
    """Another import of the same desk is open; `batch_id`, if it is still to be found."""

    def __init__(self, batch_id: int | None) -> None:
        super().__init__(
            _("C’è già un’importazione aperta: finiscila o lasciala perdere prima di cominciarne un’altra."), "file"
        )
        self.batch_id = batch_id


def channel(batch_id: int) -> str:
    return f"import:{batch_id}"


async def start(
    db: AsyncSession,
    person: Person,
    owner: int | None,
    name: str,
    read: Read,
    *,
    read_zip: Read | None = None,
    choices: Mapping[str, Any] | None = None,
) -> ImportBatch:
    """Take a file in; a job looks into it. Within a transaction. owner: whose goods it may touch, None for anybody's.

    Raises OneAtATime, and Refused for what is empty or too large.
    """
    batch = ImportBatch(
        producer_id=owner,
        actor_id=person.id or None,
        actor_role=person.role,
        locale=person.locale,
        open_key=str(owner or 0),
        file_name=name.strip()[:200] or "prodotti.csv",
        size=0,
        choices=dict(choices or {}),
        created_at=clock.now(),
    )
    try:
        async with db.begin_nested():
            db.add(batch)
    except IntegrityError as fault:
        raise OneAtATime(await open_one(db, owner)) from fault
    batch.size = await pieces.keep(db, batch.id, "csv", read)
    if not batch.size:
        raise Refused(_("Il file è vuoto."), "file")
    if read_zip is not None:
        await pieces.keep(db, batch.id, "zip", read_zip)
    return batch


async def open_one(db: AsyncSession, owner: int | None) -> int | None:
    found: int | None = await db.scalar(select(ImportBatch.id).where(ImportBatch.open_key == str(owner or 0)))
    return found


async def own(db: AsyncSession, batch_id: int, owner: int | None, *, lock: bool = False) -> ImportBatch:
    """An import of the asker's. Raises NotFound for another's. owner: None for staff, who may see any."""
    mine = [] if owner is None else [ImportBatch.producer_id == owner]
    asked = select(ImportBatch).where(ImportBatch.id == batch_id, *mine).execution_options(populate_existing=True)
    found: ImportBatch | None = await db.scalar(asked.with_for_update(key_share=True) if lock else asked)
    if found is None:
        raise NotFound
    return found


async def check_again(db: AsyncSession, batch: ImportBatch) -> None:
    batch.state, batch.read = "checking", 0
    add_job(db, "catalog.check_import", batch_id=batch.id)
    await moved(db, batch)


async def choose(db: AsyncSession, batch: ImportBatch, choices: Mapping[str, Any]) -> None:
    """What the file leaves open, as a person chose it; then it is looked into again. Raises Refused too late."""
    _must(batch, WAITING)
    batch.choices = {**batch.choices, **choices}
    await check_again(db, batch)


async def confirm(db: AsyncSession, batch: ImportBatch, *, partial: bool) -> None:
    """Write it. partial: the good lines, even if others are not. Raises Refused when it may not be. Twice is once."""
    if batch.state == "running":
        return
    _must(batch, ("checked",))
    if batch.counts.get("fatal"):
        raise Refused(_("Questo file non si può importare: correggilo e caricalo di nuovo."))
    if batch.counts.get("wrong") and not partial:
        raise Refused(_("Ci sono righe sbagliate: correggile, oppure importa solo quelle giuste."))
    batch.state, batch.is_partial, batch.done = "running", partial, 0
    add_job(db, "catalog.run_import", batch_id=batch.id)
    await moved(db, batch)


async def drop(db: AsyncSession, batch: ImportBatch) -> None:
    """Give it up before anything was written. Twice is once. Raises Refused too late."""
    if batch.state == "dropped":
        return
    _must(batch, ("checking", *WAITING))
    await close(db, batch, "dropped")
    await pieces.forget(db, batch.id, "csv", "zip")


async def undo(db: AsyncSession, person: Person, batch: ImportBatch) -> None:
    """Put back what was before it, as far as nobody has changed it since. Raises Refused if it is not the last one,
    too old, or another one is open. Twice is once.
    """
    if batch.state in {"undoing", "undone"}:
        return
    _must(batch, ("done",))
    if batch.finished_at is None or batch.finished_at < clock.now() - KEPT:
        raise Refused(_("Un’importazione si può annullare per 7 giorni."))
    if await last_done(db, batch.producer_id) != batch.id:
        raise Refused(_("Si può annullare solo l’ultima importazione."))
    if await open_one(db, batch.producer_id) is not None:
        raise OneAtATime(None)
    batch.state, batch.open_key, batch.done = "undoing", str(batch.producer_id or 0), 0
    audit.by(db, person, "products.import.undo", ("import", batch.id), {}, {})
    add_job(db, "catalog.undo_import", batch_id=batch.id, actor_id=person.id, role=person.role)
    await moved(db, batch)


async def last_done(db: AsyncSession, owner: int | None) -> int | None:
    """The last import of a desk that wrote anything and was not undone."""
    wrote = exists().where(ImportRow.batch_id == ImportBatch.id, ImportRow.kind != "wrong")
    same = ImportBatch.producer_id.is_(None) if owner is None else ImportBatch.producer_id == owner
    found: int | None = await db.scalar(
        select(ImportBatch.id)
        .where(same, ImportBatch.state == "done", wrote)
        .order_by(ImportBatch.finished_at.desc())
        .limit(1)
    )
    return found


async def close(db: AsyncSession, batch: ImportBatch, state: str) -> None:
    batch.state, batch.open_key = state, None
    if state == "undone":
        batch.undone_at = clock.now()
    else:
        batch.finished_at = clock.now()
    await moved(db, batch)


async def moved(db: AsyncSession, batch: ImportBatch) -> None:
    """Tell whoever watches."""
    await live.tell(db, channel(batch.id), EVENT)


def _must(batch: ImportBatch, states: tuple[str, ...]) -> None:
    if batch.state not in states:
        raise Refused(_("Nel frattempo questa importazione è andata avanti: guarda a che punto è."))


async def tidy(db: AsyncSession) -> None:
    """Give up what nobody has confirmed for a week, and forget files that nothing needs. Within a transaction."""
    old = clock.now() - KEPT
    stale = await db.scalars(
        select(ImportBatch).where(ImportBatch.state.in_(("checking", *WAITING)), ImportBatch.created_at < old)
    )
    for batch in stale:
        await drop(db, batch)
    waiting = select(ImportPicture.batch_id).where(ImportPicture.state == "waiting")
    ended = select(ImportBatch.id).where(
        ImportBatch.state.not_in(OPEN), ImportBatch.id.not_in(waiting), ImportBatch.finished_at < old
    )
    await db.execute(
        delete(ImportPiece).where(ImportPiece.batch_id.in_(ended)).execution_options(synchronize_session=False)
    )


def is_makers_own(batch: ImportBatch) -> bool:
    """Did a producer begin it at the desk, and not the shop?"""
    return batch.actor_role == "producer"


def person_of(batch: ImportBatch) -> Person:
    """Who began it, as far as deeds and the audit trail need to know."""
    return Person(
        id=batch.actor_id or 0, name="", email="", role=batch.actor_role, locale=batch.locale, session_id=0,
        producer_id=batch.producer_id,
    )  # fmt: skip
