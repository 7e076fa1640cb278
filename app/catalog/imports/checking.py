"""The trial: a whole file looked into without writing a product. What it would do and every mistake are kept."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import gate, judging, products
from app.catalog.facts import CertificateFacts, SellerFacts, VariantFacts
from app.catalog.imports import batches, formats, pieces, plans, shelves, zips
from app.catalog.imports.formats import Batch
from app.catalog.imports.models import ImportBatch, ImportRow
from app.catalog.imports.report import Report
from app.catalog.imports.rows import Row, RowError
from app.catalog.imports.shelves import Shelves
from app.catalog.imports.source import MOST_ROWS, Source
from app.catalog.imports.terms import Asked, Terms
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts
from app.producers.models import Certificate, Producer

log = structlog.get_logger()
MOST_ERRORS = 20_000  # kept of one file
STEP = 5  # batches between two movements of the bar


@dataclass
class Found:
    """Everything that a trial comes to."""

    report: Report = field(default_factory=Report)
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    asked: Asked = field(default_factory=Asked)
    is_open: bool = False  # somebody has to choose first
    is_fatal: bool = False  # the file as a whole cannot be read
    lines: int = 0

    def wrong(self, errors: list[RowError]) -> None:
        self.report.wrong += len({error.line for error in errors})
        self.report.errors += errors[: MOST_ERRORS - len(self.report.errors)]


async def check(database: Database, shop: ShopFacts, batch_id: int) -> None:
    """The job: look into the file of an import and keep the answer. Safe to repeat."""
    async with database.session(shop.id, reads_alone=True) as db:
        batch = await batches.own(db, batch_id, None)
        if batch.state != "checking":
            return
        with speaking(batch.locale):
            found = await _look(db, database, shop, batch)
        async with transaction(db):
            batch = await batches.own(db, batch_id, None, lock=True)
            if batch.state == "checking":
                await _keep(db, batch, found)


async def _look(db: AsyncSession, database: Database, shop: ShopFacts, batch: ImportBatch) -> Found:
    found = Found()
    if shop.currency != "EUR":
        found.wrong([RowError(1, "", _("I prezzi del file sono in euro: questo negozio ha un’altra moneta."))])
        found.is_fatal = True
        return found
    files = await files_of(db, batch.id, found)
    async with pieces.on_disk(db, batch.id, "csv") as path:
        try:
            source = await asyncio.to_thread(Source, path)
            found.encoding, found.delimiter = source.guess.encoding, source.guess.delimiter
            found.format = batch.choices.get("format") or formats.detected(source.header)
            terms = await terms_of(db, batch)
            if await _asks(source, terms, found):
                return found
            found.report.unused = formats.FORMATS[found.format].unused(source.header)[:100]
            trial = _Trial(db, shop, batch, files, found)
            rows = formats.batches(source, found.format, terms)
            number = 0
            while (part := await asyncio.to_thread(next, rows, None)) is not None:
                await trial.take(part)
                number += 1
                if number % STEP == 0:
                    await _moved(database, shop, batch.id, source.position)
        except ValueError as fault:
            found.wrong([RowError(1, "", str(fault))])
            found.is_fatal = True
    return found


async def _asks(source: Source, terms: Terms, found: Found) -> bool:
    """Does the file name what nobody has matched with the shop's yet?"""
    found.asked = await asyncio.to_thread(formats.FORMATS[found.format].asked, source)
    if found.asked.has_too_many:
        raise ValueError(_("Nel file ci sono troppe categorie diverse: dividilo in più file."))
    found.is_open = not terms.answers(found.asked)
    return found.is_open


async def terms_of(db: AsyncSession, batch: ImportBatch) -> Terms:
    slug = await db.scalar(select(Producer.slug).where(Producer.id == batch.producer_id))
    return Terms.of(batch.choices, slug)


async def files_of(db: AsyncSession, batch_id: int, found: Found | None = None) -> dict[str, str]:
    """The pictures of the ZIP, if there is one; a bad one is told in `found`, and its pictures are none."""
    try:
        async with pieces.on_disk(db, batch_id, "zip") as path:
            return await asyncio.to_thread(zips.names, path)
    except NotFound:
        return {}
    except Refused as no:
        if found is not None:
            found.wrong([RowError(1, "ZIP", no.message)])
            found.is_fatal = True
        return {}


async def _moved(database: Database, shop: ShopFacts, batch_id: int, position: int) -> None:
    async with database.session(shop.id) as db, transaction(db):
        batch = await batches.own(db, batch_id, None, lock=True)
        batch.read = position
        await batches.moved(db, batch)


class _Trial:
    """Rows judged and counted, batch by batch."""

    def __init__(
        self, db: AsyncSession, shop: ShopFacts, batch: ImportBatch, files: dict[str, str], found: Found
    ) -> None:
        self.db = db
        self.shop = shop
        self.owner, self.is_makers_own = batch.producer_id, batches.is_makers_own(batch)
        self.files = files
        self.found = found
        self.seen: set[int] = set()
        self.sellers: dict[int, SellerFacts] = {}
        self.today: date = clock.today(products.TIME_ZONE)

    async def take(self, part: Batch) -> None:
        lines = len(part.rows) + len({error.line for error in part.errors})
        self.found.lines += lines
        if self.found.lines > MOST_ROWS + lines:
            raise ValueError(_("Ci sono troppe righe: al massimo %(most)s.", most=MOST_ROWS))
        self.found.wrong(part.errors)
        there = await Shelves.of(self.db, part.rows, self.files)
        rows = shelves.placed(part.rows, there)
        if self.is_makers_own:
            rows, asked = shelves.unfeatured(rows, there)
            self.found.report.unfeatured += asked
        is_net = self.shop.prices_are_net
        errors = shelves.judge(rows, there, country=self.shop.country, owner=self.owner, is_net=is_net)
        self.found.wrong(errors)
        bad = {error.line for error in errors}
        drafts: dict[str, Row] = {}
        for row in rows:
            if row.line in bad:
                continue
            plan = plans.of(row, there, self.seen)
            plan.count(self.found.report)
            if plan.there is None and row.slug not in there.owners:
                drafts.setdefault(row.slug, row)
                if drafts[row.slug] is row:
                    await self._forecast(
                        plan, there.producers[row.producer], there.categories[row.category].product_class
                    )
        self.db.expunge_all()  # or the memory would grow with the file

    async def _forecast(self, plan: plans.Plan, maker: Producer, product_class: str) -> None:
        """What the gate would say of a new product."""
        about = judging.product_facts(SimpleNamespace(**plan.product, proofs=[]), product_class)
        row = plan.row
        formats_ = [VariantFacts(row.net_amount, row.net_unit, row.drained_amount)]
        missing = gate.missing(about, formats_, await self._seller(maker), self.today)
        if missing and row.is_published:
            self.found.report.unpublished += 1
            self.found.report.missing.update({each.sentence for each in missing})

    async def _seller(self, maker: Producer) -> SellerFacts:
        if maker.id not in self.sellers:
            rows = await self.db.execute(
                select(Certificate.designation, Certificate.mark, Certificate.valid_until).where(
                    Certificate.producer_id == maker.id
                )
            )
            held = [CertificateFacts(name, mark, until) for name, mark, until in rows]
            self.sellers[maker.id] = judging.seller_facts(maker, held)
        return self.sellers[maker.id]


async def _keep(db: AsyncSession, batch: ImportBatch, found: Found) -> None:
    await db.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
    await keep_errors(db, batch.id, found.report.errors)
    batch.format, batch.encoding, batch.delimiter = found.format, found.encoding, found.delimiter
    batch.asked = {"vendors": list(found.asked.vendors), "categories": list(found.asked.categories)}
    batch.counts = found.report.counts() | {"fatal": found.is_fatal}
    batch.lines, batch.read = found.lines, batch.size
    batch.state = "asking" if found.is_open else "checked"
    await batches.moved(db, batch)


async def keep_errors(db: AsyncSession, batch_id: int, errors: list[RowError]) -> None:
    rows = [
        {
            "shop_id": db.info["shop_id"], "batch_id": batch_id, "line": error.line, "sku": "", "kind": "wrong",
            "column": error.column[:60], "sentence": error.sentence,
            "before": {} if error.cell is None else {"cell": error.cell}, "after": {},
        }
        for error in sorted(errors, key=lambda error: error.line)
    ]  # fmt: skip
    for part in _chunks(rows):
        await db.execute(insert(ImportRow), part)


def _chunks(rows: list[dict[str, object]], size: int = 1000) -> Iterator[list[dict[str, object]]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
