"""Write a file that was looked into, batch by batch, each in a transaction that also notes how far it is.

Killed in the middle, it goes on where it stopped; run twice at once, each batch is written once.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from app.catalog.imports import batches, checking, formats, pieces, shelves, writing
from app.catalog.imports.formats import Batch
from app.catalog.imports.models import ImportBatch
from app.catalog.imports.report import Report
from app.catalog.imports.shelves import Shelves
from app.catalog.imports.source import Source
from app.kernel.db import Database, transaction
from app.kernel.i18n import speaking
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system import audit

log = structlog.get_logger()
SLICE = 100  # batches of one run of the job: well within its lease
MANY = 1000  # lines; from here on the planner is told how much there is now


async def run(
    database: Database,
    shop: ShopFacts,
    batch_id: int,
    *,
    most: int = SLICE,
    tell: Callable[[ImportBatch], None] = lambda _batch: None,
) -> bool:
    """The job: write the next `most` batches; what is left is another job. True when it is all done.

    tell: is told of each batch. The file is read anew each time, so few long runs are quicker than many short ones.
    """
    async with database.session(shop.id, reads_alone=True) as db:
        batch = await batches.own(db, batch_id, None)
        if batch.state != "running":
            return True
        terms = await checking.terms_of(db, batch)
        files = await checking.files_of(db, batch_id)
        async with pieces.on_disk(db, batch_id, "csv") as path:
            source = await asyncio.to_thread(Source, path)
            rows = formats.batches(source, batch.format, terms)
            with speaking(batch.locale):
                for _time in range(most):
                    part = await asyncio.to_thread(_next, rows, batch.done)
                    if part is None:
                        return await _finish(database, shop, batch_id)
                    batch = await _write(database, shop, batch_id, batch.done, part, files)
                    tell(batch)
                    if batch.state != "running":
                        return True
        async with transaction(db):
            add_job(db, "catalog.run_import", batch_id=batch_id)
    return False


def _next(rows: Iterator[Batch], done: int) -> Batch | None:
    """The next batch that is not written yet."""
    return next((part for part in rows if part.last > done), None)


async def _write(
    database: Database, shop: ShopFacts, batch_id: int, done: int, part: Batch, files: dict[str, str]
) -> ImportBatch:
    """One batch, unless somebody else has written it meanwhile. Returns the import as it is then."""
    async with database.session(shop.id) as db, transaction(db):
        batch = await batches.own(db, batch_id, None, lock=True)
        if batch.state != "running" or batch.done != done:
            return batch
        there = await Shelves.of(db, part.rows, files, lock=True)
        rows, asked = shelves.placed(part.rows, there), 0
        if batches.is_makers_own(batch):
            rows, asked = shelves.unfeatured(rows, there)
        errors = shelves.judge(rows, there, country=shop.country, owner=batch.producer_id, is_net=shop.prices_are_net)
        bad = {error.line for error in errors}
        good = [row for row in rows if row.line not in bad]
        report = await writing.apply(db, good, there, person=batches.person_of(batch), batch_id=batch_id)
        if errors:  # the shop has changed since the trial
            await checking.keep_errors(db, batch_id, errors)
        report.unfeatured = asked
        report.wrong = len(bad) + len({error.line for error in part.errors})
        total = Report.of(batch.counts.get("written", {}))
        total.add(report)
        batch.counts = {**batch.counts, "written": total.counts()}
        batch.done = part.last
        await batches.moved(db, batch)
        return batch


async def _finish(database: Database, shop: ShopFacts, batch_id: int) -> bool:
    async with database.session(shop.id) as db, transaction(db):
        batch = await batches.own(db, batch_id, None, lock=True)
        if batch.state != "running":
            return True
        written = Report.of(batch.counts.get("written", {}))
        person = batches.person_of(batch)
        changes = {"created": written.created, "changed": written.changed, "refused": written.wrong}
        audit.by(db, person, "products.import", ("shop", shop.id), {}, {"import": batch.id, **changes})
        await pieces.forget(db, batch_id, "csv")
        if written.pictures:
            add_job(db, "catalog.fetch_import_pictures", batch_id=batch_id)
        else:
            await pieces.forget(db, batch_id, "zip")
        await batches.close(db, batch, "done")
    if written.changes >= MANY:
        await database.learn_sizes()
    return True
