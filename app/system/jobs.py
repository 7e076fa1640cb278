"""The platform's own background work."""

from datetime import timedelta

from sqlalchemy import delete

from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job
from app.system import live, mail
from app.system.runner import Work
from app.system.schedules import Schedule

KEPT_DAYS = 14


async def tidy(work: Work) -> None:
    """Drop finished jobs after two weeks, and live events after a day."""
    async with work.session() as db, transaction(db):
        await live.forget_old(db)
        await db.execute(delete(Job).where(Job.state == "done", Job.finished_at < clock.now() - timedelta(KEPT_DAYS)))


JOBS = {"mail.send": mail.send, "system.tidy": tidy}
SCHEDULES = [Schedule("system.tidy", at=(3, 0))]
