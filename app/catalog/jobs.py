"""Background work of the catalogue."""

from app.catalog import alerts, index, rejudging, sweeping
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def sweep_pictures(work: Work) -> None:
    """Remove pictures that nothing has referred to for a week."""
    async with work.session() as db:
        await sweeping.sweep(db, work.tools["storage"], work.own_shop.slug)


async def renew_index(work: Work) -> None:
    """A new day: what has its season now comes first, and words that nobody uses any more are forgotten."""
    async with work.session() as db, transaction(db):
        await index.renew_seasons(db)
    async with work.session() as db, transaction(db):
        await index.recount_words(db)


JOBS: dict[str, JobFunction] = {
    "catalog.rejudge": rejudging.rejudge,
    "catalog.warn_low_stock": alerts.warn_low_stock,
    "catalog.sweep_pictures": sweep_pictures,
    "catalog.renew_index": renew_index,
}
SCHEDULES: list[Schedule] = [
    Schedule("catalog.rejudge", at=(0, 20)),
    Schedule("catalog.sweep_pictures", at=(3, 40)),
    Schedule("catalog.renew_index", at=(0, 5)),
]
