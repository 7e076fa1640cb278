"""Background work of the catalogue."""

from app.catalog import alerts, index, popular, refills, rejudging, sweeping
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


async def choose_popular(work: Work) -> None:
    """What is often searched for may have changed."""
    async with work.session() as db, transaction(db):
        await popular.choose(db)


async def refill(work: Work) -> None:
    """Kitchens that have more now, each in a transaction of its own."""
    async with work.session() as db:
        ids = await refills.due(db)
    for item_id in ids:
        async with work.session() as db, transaction(db):
            await refills.run(db, item_id, work.own_shop.time_zone)


JOBS: dict[str, JobFunction] = {
    "catalog.rejudge": rejudging.rejudge,
    "catalog.warn_low_stock": alerts.warn_low_stock,
    "catalog.sweep_pictures": sweep_pictures,
    "catalog.renew_index": renew_index,
    "catalog.choose_popular": choose_popular,
    "catalog.refill": refill,
}
SCHEDULES: list[Schedule] = [
    Schedule("catalog.rejudge", at=(0, 20)),
    Schedule("catalog.sweep_pictures", at=(3, 40)),
    Schedule("catalog.renew_index", at=(0, 5)),
    Schedule("catalog.choose_popular", minutes=60),
    Schedule("catalog.refill", minutes=5),
]
