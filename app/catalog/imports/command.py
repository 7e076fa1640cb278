"""The commands `tavola import` and `tavola export`: the same imports as at the desk, with a bar on a terminal."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.imports import batches, checking, export, formats, guessing, running, told, undoing
from app.catalog.imports.models import ImportBatch, ImportRow
from app.catalog.imports.report import Report
from app.catalog.imports.rows import RowError
from app.catalog.imports.source import MOST_ROWS
from app.catalog.imports.terms import Asked
from app.catalog.imports.writing import COMMAND
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.kernel.tenancy import ShopFacts
from app.producers.models import Producer
from app.settings import Settings
from app.shops.queries import shop_by_slug

WIDTH = 30
MOST_TOLD = 1000


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line. producer, category, rate: for what the file does not say."""

    dry_run: bool = False
    partial: bool = False
    format: str = ""
    producer: str = ""
    category: str = ""
    rate: str = ""


async def run(settings: Settings, file: Path, shop_slug: str, wishes: Wishes) -> int:
    """Load a file; prints what happened; 0 if all is well, 1 if anything was refused."""
    database = Database(settings.database_url)
    try:
        async with database.session(None) as db:
            shop = await shop_by_slug(db, shop_slug)
        if shop is None:
            _say(_("Il negozio non c’è."))
            return 1
        return await _Command(database, shop, wishes).load(file)
    except Refused as no:
        _say(no.message)
        return 1
    except OSError:
        _say(_("Il file non si può leggere."))
        return 1
    finally:
        await database.close()


class _Command:
    def __init__(self, database: Database, shop: ShopFacts, wishes: Wishes) -> None:
        self.database = database
        self.shop = shop
        self.wishes = wishes

    async def load(self, file: Path) -> int:
        batch = await self._start(file)
        await self._check(batch.id)
        batch = await self._batch(batch.id)
        if batch.state == "asking":
            await self._answer(batch)
            batch = await self._batch(batch.id)
        errors = await self._errors(batch.id)
        is_wrong = bool(batch.counts.get("wrong"))
        report = Report.of(batch.counts)
        if batch.state == "asking" or batch.counts.get("fatal") or (is_wrong and not self.wishes.partial):
            await self._drop(batch.id)
            _say(*told_errors(errors, report), *self._open(batch))
            return 1
        if self.wishes.dry_run:
            await self._drop(batch.id)
            _say(*told_errors(errors), _("Prova: non abbiamo scritto niente. Con questo file:"))
        else:
            report = await self._write(batch)
            errors = await self._errors(batch.id)
            _say(*told_errors(errors))
        _say(told.summary(report), *([] if report.changes else [told.nothing()]), *told.asides(report))
        return 1 if errors else 0

    async def _start(self, file: Path) -> ImportBatch:
        with file.open("rb") as opened:

            async def read(size: int) -> bytes:
                return opened.read(size)

            async with self.database.session(self.shop.id) as db, transaction(db):
                await _drop_leftover(db)
                chosen = {"format": self.wishes.format}
                return await batches.start(db, COMMAND, None, file.name, read, choices=chosen)

    async def _check(self, batch_id: int) -> None:
        await checking.check(self.database, self.shop, batch_id)

    async def _answer(self, batch: ImportBatch) -> None:
        """What the file leaves open, by names and by the options."""
        async with self.database.session(self.shop.id) as db:
            there = await guessing.offered(db, self.shop.locales[0])
            terms = guessing.guessed(
                Asked(batch.asked["vendors"], batch.asked["categories"]),
                there,
                await checking.terms_of(db, batch),
                producer=self.wishes.producer,
                category=self.wishes.category,
                rate=self.wishes.rate,
            )
            chosen = {"vendors": terms.vendors, "categories": terms.categories, "rates": terms.rates}
            async with transaction(db):
                await batches.choose(db, await batches.own(db, batch.id, None, lock=True), chosen)
        await self._check(batch.id)

    def _open(self, batch: ImportBatch) -> list[str]:
        if batch.state != "asking":
            return []
        open_names = [name for name in batch.asked["categories"] if not batch.choices.get("categories", {}).get(name)]
        said = [_("Il file è di un altro negozio: di’ che cosa vale con --producer, --category e --vat.")]
        return [*said, *(f"  {name}" for name in open_names)]

    async def _write(self, batch: ImportBatch) -> Report:
        async with self.database.session(self.shop.id) as db, transaction(db):
            await batches.confirm(db, await batches.own(db, batch.id, None, lock=True), partial=self.wishes.partial)
        await running.run(self.database, self.shop, batch.id, most=MOST_ROWS, tell=_tell)
        _bar(batch.lines, batch.lines)
        batch = await self._batch(batch.id)
        return Report.of(batch.counts.get("written", {}))

    async def _batch(self, batch_id: int) -> ImportBatch:
        async with self.database.session(self.shop.id) as db:
            return await batches.own(db, batch_id, None)

    async def _errors(self, batch_id: int) -> list[RowError]:
        async with self.database.session(self.shop.id) as db:
            rows = await db.scalars(
                select(ImportRow)
                .where(ImportRow.batch_id == batch_id, ImportRow.kind == "wrong")
                .order_by(ImportRow.line, ImportRow.id)
            )
            return [RowError(row.line, row.column, row.sentence, row.before.get("cell")) for row in rows]

    async def _drop(self, batch_id: int) -> None:
        async with self.database.session(self.shop.id) as db, transaction(db):
            await batches.drop(db, await batches.own(db, batch_id, None, lock=True))


async def _drop_leftover(db: AsyncSession) -> None:
    """What a command that was killed had not begun to write yet."""
    open_id = await batches.open_one(db, None)
    if open_id is None:
        return
    batch = await batches.own(db, open_id, None, lock=True)
    if batch.actor_role == COMMAND.role and batch.state in {"checking", *batches.WAITING}:
        await batches.drop(db, batch)
        await db.flush()  # the next one wants its place


def told_errors(errors: list[RowError], report: Report | None = None) -> list[str]:
    """report: of a file that was refused as a whole."""
    lines = [f"{told.place(error)}: {error.sentence}" for error in errors[:MOST_TOLD]]
    if report is not None:
        lines.append(
            ngettext(
                "%(num)s errore: non abbiamo scritto niente.",
                "%(num)s errori: non abbiamo scritto niente.",
                len(errors),
            )
        )
    return lines


async def undo(settings: Settings, shop_slug: str, producer: str = "") -> int:
    """Take the last import back. producer: of that desk; else of the shop."""
    database = Database(settings.database_url)
    try:
        async with database.session(None) as db:
            shop = await shop_by_slug(db, shop_slug)
        if shop is None:
            _say(_("Il negozio non c’è."))
            return 1
        async with database.session(shop.id) as db:
            owner = await _producer(db, producer)
            last = await batches.last_done(db, owner)
            if last is None:
                _say(_("Non c’è nessuna importazione da annullare."))
                return 1
            async with transaction(db):
                await batches.undo(db, COMMAND, await batches.own(db, last, None, lock=True))
        while not await undoing.run(database, shop, last, COMMAND, most=1):
            pass
        async with database.session(shop.id) as db:
            rows = await db.scalars(select(ImportRow).where(ImportRow.batch_id == last, ImportRow.undo == "kept"))
            kept = [f"{row.sku}: {row.sentence}" for row in rows]
        _say(_("Importazione annullata."), *kept)
    except (Refused, NotFound) as no:
        _say(no.message if isinstance(no, Refused) else _("Il negozio non ha questo produttore."))
        return 1
    finally:
        await database.close()
    return 0


async def write(settings: Settings, file: Path, shop_slug: str, producer: str = "") -> int:
    """The shop's goods, or one producer's, into a file."""
    database = Database(settings.database_url)
    try:
        async with database.session(None) as db:
            shop = await shop_by_slug(db, shop_slug)
        if shop is None:
            _say(_("Il negozio non c’è."))
            return 1
        async with database.session(shop.id) as db:
            owner = await _producer(db, producer)
            with file.open("wb") as opened:
                async for part in export.lines(db, owner):
                    await asyncio.to_thread(opened.write, part)
    except NotFound:
        _say(_("Il negozio non ha questo produttore."))
        return 1
    except OSError:
        _say(_("Il file non si può scrivere."))
        return 1
    finally:
        await database.close()
    return 0


async def _producer(db: AsyncSession, slug: str) -> int | None:
    """None for no slug. Raises NotFound for an unknown one."""
    if not slug:
        return None
    found: int | None = await db.scalar(select(Producer.id).where(Producer.slug == slug))
    if found is None:
        raise NotFound
    return found


def _tell(batch: ImportBatch) -> None:
    written = Report.of(batch.counts.get("written", {}))
    _bar(written.changes + written.same + written.wrong, batch.lines)


def _bar(done: int, total: int) -> None:
    """How far it is, on a terminal only."""
    if not sys.stderr.isatty() or not total:
        return
    full = min(WIDTH, done * WIDTH // total)
    with suppress(OSError):
        print(f"\r[{'#' * full}{' ' * (WIDTH - full)}] {done}/{total}", end="", file=sys.stderr, flush=True)  # noqa: T201
        if done >= total:
            print(file=sys.stderr)  # noqa: T201


def _say(*lines: str) -> None:
    if lines:
        print(*lines, sep="\n")  # noqa: T201  (a command's answer)


FORMATS = tuple(formats.FORMATS)
