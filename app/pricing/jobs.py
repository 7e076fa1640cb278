"""Background work of pricing."""

from app.catalog import prices, products
from app.kernel.db import transaction
from app.pricing import campaigns
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

BATCH = 200


async def turn(work: Work) -> None:
    """Begin and end the campaigns whose time has come, each in a transaction of its own. Twice is harmless."""
    async with work.session() as db:
        ids = await campaigns.due(db)
    for campaign_id in ids:
        async with work.session() as db, transaction(db):
            await campaigns.turn(db, campaign_id)


async def judge_again(work: Work) -> None:
    """A new day: what a reduced price may say is judged once more; what has changed is shown. Twice is harmless."""
    beyond = 0
    while True:
        async with work.session() as db, transaction(db):
            ids = await prices.in_campaigns(db, beyond, BATCH)
            if not ids:
                return
            await products.touch(db, await prices.judge(db, ids))
        beyond = ids[-1]


JOBS: dict[str, JobFunction] = {"pricing.turn": turn, "pricing.judge_again": judge_again}
SCHEDULES: list[Schedule] = [Schedule("pricing.turn", minutes=15), Schedule("pricing.judge_again", at=(0, 30))]
