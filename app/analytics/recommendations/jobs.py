"""The computations by the clock. Each is done in steps that may be interrupted; done twice it finds nothing to do."""

from sqlalchemy import update

from app.analytics.recommendations import also_bought, contextual, personal, similar, trending
from app.analytics.recommendations.lists import Lists, Sweep, Window, locked, replace, step
from app.analytics.recommendations.models import RecommendationSweep
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

STEPS = 40  # of one job: well within its lease


async def _sweep(work: Work, sweep: Sweep, again: str) -> None:
    async with work.session() as db:
        for _ in range(STEPS):
            if not await step(db, sweep):
                return
        async with transaction(db):
            add_job(db, again)


async def count_also_bought(work: Work) -> None:
    await _sweep(work, also_bought.SWEEP, "recommendations.also_bought")


async def compare(work: Work) -> None:
    await _sweep(work, similar.SWEEP, "recommendations.similar")


async def learn_all(work: Work) -> None:
    await _sweep(work, personal.SWEEP, "recommendations.personal")


async def learn(work: Work, user_id: int) -> None:
    """One person's list now, e.g. because he has just said yes. A refusal that comes in between wins."""
    async with work.session() as db, transaction(db):
        await locked(db, "personal")
        made: Lists = await personal.make(db, Window(None, clock.now()), [(user_id, 0)])
        await replace(db, "personal", "user_id", made)


async def rank_trending(work: Work) -> None:
    async with work.session() as db:
        await trending.compute(db)


async def look_around(work: Work) -> None:
    async with work.session() as db:
        await contextual.compute(db, work.own_shop.time_zone)


async def begin_afresh(work: Work) -> None:
    """Once a week everything is due again: what drifts slowly, and what no change has told."""
    async with work.session() as db, transaction(db):
        await db.execute(update(RecommendationSweep).values(since=None, started_at=None, first=0, second=0))


JOBS: dict[str, JobFunction] = {
    "recommendations.also_bought": count_also_bought,
    "recommendations.similar": compare,
    "recommendations.personal": learn_all,
    "recommendations.learn": learn,
    "recommendations.trending": rank_trending,
    "recommendations.contextual": look_around,
    "recommendations.afresh": begin_afresh,
}
SCHEDULES: list[Schedule] = [
    Schedule("recommendations.also_bought", minutes=60),
    Schedule("recommendations.similar", minutes=60),
    Schedule("recommendations.personal", minutes=30),
    Schedule("recommendations.trending", minutes=30),
    Schedule("recommendations.contextual", at=(0, 10)),
    Schedule("recommendations.afresh", at=(3, 40), weekday=0),
]
