"""The scan of dynamic prices (every six hours), and those between at the edges of hours. Safe to run twice."""

from app.kernel.db import transaction
from app.pricing.rules import queries, scanning
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def scan(work: Work, producer_id: int) -> None:
    async with work.session() as db, transaction(db):
        await scanning.scan(db, work.own_shop, producer_id)


async def scan_all(work: Work) -> None:
    """Every producer with rules, each in a transaction of its own."""
    async with work.session() as db:
        ids = await queries.producers_with_rules(db)
    for producer_id in ids:
        async with work.session() as db, transaction(db):
            await scanning.scan(db, work.own_shop, producer_id)
            rules = [queries.rule_of(row) for row in await queries.rules(db, producer_id)]
            scanning.at_edges(db, work.own_shop, producer_id, rules)


JOBS: dict[str, JobFunction] = {"rules.scan": scan, "rules.scan_all": scan_all}
SCHEDULES: list[Schedule] = [Schedule("rules.scan_all", minutes=360)]
