"""What the import pages show."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.imports import batches, formats, told, zips
from app.catalog.imports.models import ImportBatch, ImportPicture, ImportRow
from app.catalog.imports.report import Report
from app.catalog.imports.terms import Asked
from app.kernel import clock
from app.producers.models import Producer

FIRST = 100  # mistakes on the page; the file has all
PAST = 20


@dataclass(frozen=True)
class Told:
    """A line and what is to be said of it. where: the column, the code or the picture. cell: as RowError.cell."""

    line: int
    where: str
    sentence: str
    cell: str | None = None


@dataclass(frozen=True)
class Past:
    """An import in the list. producer: whose desk, "" for the shop's own."""

    id: int
    name: str
    producer: str
    state: str
    at: datetime
    changes: int


@dataclass(frozen=True)
class Shown:
    """An import on its page. percent: of what runs at present. found: of the trial; written: of the import itself."""

    id: int
    name: str
    state: str
    percent: int
    guess: str
    found: Report
    written: Report
    summary: str
    asides: Sequence[str]
    is_fatal: bool
    errors: Sequence[Told]
    error_count: int
    kept: Sequence[Told]
    kept_count: int
    taken_back: int
    pictures: dict[str, int]
    failed: Sequence[Told]
    can_undo: bool
    until: datetime | None
    asked: Asked
    finished_at: datetime | None

    @property
    def moves(self) -> bool:
        """Does something go on by itself?"""
        return self.state in {"checking", "running", "undoing"} or bool(self.pictures.get("waiting"))


async def past(db: AsyncSession, owner: int | None) -> list[Past]:
    """The last imports. owner: of one desk, None for all."""
    mine = [] if owner is None else [ImportBatch.producer_id == owner]
    rows = await db.execute(
        select(ImportBatch, Producer.name)
        .outerjoin(Producer, Producer.id == ImportBatch.producer_id)
        .where(*mine)
        .order_by(ImportBatch.created_at.desc(), ImportBatch.id.desc())
        .limit(PAST)
    )
    return [
        Past(
            batch.id,
            batch.file_name,
            maker or "",
            batch.state,
            batch.created_at,
            Report.of(batch.counts.get("written", {})).changes,
        )
        for batch, maker in rows
    ]


async def shown(db: AsyncSession, batch_id: int, owner: int | None) -> Shown:
    """Raises NotFound for another's."""
    batch = await batches.own(db, batch_id, owner)
    found, written = Report.of(batch.counts), Report.of(batch.counts.get("written", {}))
    undo = dict((await db.execute(_counted(ImportRow.undo, batch.id))).all())
    kinds = dict((await db.execute(_counted(ImportRow.kind, batch.id))).all())
    ended = batch.state in {"done", "undoing", "undone"}
    last = batch.state == "done" and await batches.last_done(db, batch.producer_id) == batch.id
    until = batch.finished_at + batches.KEPT if batch.finished_at else None
    pictures = select(ImportPicture.state, func.count()).where(ImportPicture.batch_id == batch.id)
    return Shown(
        id=batch.id,
        name=batch.file_name,
        state=batch.state,
        percent=_percent(batch, written, kinds),
        guess=_guess(batch),
        found=found,
        written=written,
        summary=told.summary(written if ended else found),
        asides=[] if batch.state == "undone" else told.asides(written if ended else found, is_trial=not ended),
        is_fatal=bool(batch.counts.get("fatal")),
        errors=await _told(db, batch.id, ImportRow.kind == "wrong", by_column=True),
        error_count=kinds.get("wrong", 0),
        kept=await _told(db, batch.id, ImportRow.undo == "kept"),
        kept_count=undo.get("kept", 0),
        taken_back=undo.get("done", 0),
        pictures=dict((await db.execute(pictures.group_by(ImportPicture.state))).all()),
        failed=await _failed(db, batch.id),
        can_undo=last and written.changes > 0 and until is not None and until > clock.now(),
        until=until,
        asked=Asked(batch.asked.get("vendors", []), batch.asked.get("categories", [])),
        finished_at=batch.finished_at,
    )


def _counted(column: Any, batch_id: int) -> Any:
    return select(column, func.count()).where(ImportRow.batch_id == batch_id).group_by(column)


def _guess(batch: ImportBatch) -> str:
    if not batch.encoding:
        return ""
    return told.guess(formats.FORMATS[batch.format].NAME, batch.encoding, batch.delimiter)


def _percent(batch: ImportBatch, written: Report, kinds: dict[str, int]) -> int:
    if batch.state == "checking":
        return min(99, batch.read * 100 // max(1, batch.size))
    if batch.state == "running":
        return min(99, (written.changes + written.same + written.wrong) * 100 // max(1, batch.lines))
    if batch.state == "undoing":
        return min(99, batch.done * 100 // max(1, kinds.get("new", 0) + kinds.get("changed", 0)))
    return 100


async def _told(db: AsyncSession, batch_id: int, which: Any, *, by_column: bool = False) -> list[Told]:
    rows = await db.scalars(
        select(ImportRow)
        .where(ImportRow.batch_id == batch_id, which)
        .order_by(ImportRow.line, ImportRow.id)
        .limit(FIRST)
    )
    return [Told(row.line, row.column if by_column else row.sku, row.sentence, row.before.get("cell")) for row in rows]


async def _failed(db: AsyncSession, batch_id: int) -> list[Told]:
    rows = await db.scalars(
        select(ImportPicture)
        .where(ImportPicture.batch_id == batch_id, ImportPicture.state == "failed")
        .order_by(ImportPicture.line, ImportPicture.id)
        .limit(FIRST)
    )
    return [Told(row.line, zips.title(row.source), row.sentence) for row in rows]


async def all_errors(db: AsyncSession, batch_id: int) -> AsyncIterator[Sequence[Told]]:
    """Every mistake of an import, page by page."""
    line = last = 0
    while True:
        rows = list(
            await db.execute(
                select(ImportRow.id, ImportRow.line, ImportRow.column, ImportRow.sentence, ImportRow.before)
                .where(
                    ImportRow.batch_id == batch_id,
                    ImportRow.kind == "wrong",
                    (ImportRow.line > line) | ((ImportRow.line == line) & (ImportRow.id > last)),
                )
                .order_by(ImportRow.line, ImportRow.id)
                .limit(1000)
            )
        )
        if not rows:
            return
        line, last = rows[-1].line, rows[-1].id
        yield [Told(row.line, row.column, row.sentence, row.before.get("cell")) for row in rows]
