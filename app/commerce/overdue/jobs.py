"""Background work about orders that are late. Each is safe to run twice."""

from app.commerce.orders.mails import Office
from app.commerce.overdue import mails, watching
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def watch(work: Work) -> None:
    await watching.watch(work.database, work.own_shop, work.settings)


async def tell_term(work: Work, term_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_term(db, Office(work.own_shop, work.settings), term_id)


async def tell_ended(work: Work, order_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_ended(db, Office(work.own_shop, work.settings), order_id)


JOBS: dict[str, JobFunction] = {
    "overdue.watch": watch,
    "overdue.tell_term": tell_term,
    "overdue.tell_ended": tell_ended,
}
SCHEDULES: list[Schedule] = [Schedule("overdue.watch", at=(7, 30))]
