"""Forget old counts of views."""

from datetime import timedelta

from sqlalchemy import delete

from app.analytics.views_log.models import ProductViews
from app.kernel import clock
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import HOME, Schedule

KEPT_DAYS = 400  # a year can be compared with the one before


async def tidy(work: Work) -> None:
    last = clock.now().astimezone(HOME).date() - timedelta(days=KEPT_DAYS)
    async with work.session() as db, transaction(db):
        await db.execute(delete(ProductViews).where(ProductViews.day < last))


JOBS: dict[str, JobFunction] = {"views.tidy": tidy}
SCHEDULES: list[Schedule] = [Schedule("views.tidy", at=(3, 20))]
