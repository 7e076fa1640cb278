"""Background work about promotions. Safe to run twice."""

from app.commerce.orders.mails import Office
from app.commerce.promotions import mails
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def tell_payer(work: Work, promotion_id: int, producer_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_payer(db, Office(work.own_shop, work.settings), promotion_id, producer_id)


JOBS: dict[str, JobFunction] = {"promotions.tell_payer": tell_payer}
SCHEDULES: list[Schedule] = []
