"""Background work about deposits and balances. Each is safe to run twice."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.deposits import mails, watching
from app.commerce.orders.mails import Office
from app.commerce.payments import sessions
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

Letter = Callable[[AsyncSession, Office, int], Awaitable[None]]


async def _post(work: Work, letter: Letter, about: int) -> None:
    async with work.session() as db, transaction(db):
        await letter(db, Office(work.own_shop, work.settings), about)


async def ask(work: Work, group_id: int) -> None:
    await _post(work, mails.ask, group_id)


async def tell_paid(work: Work, group_id: int) -> None:
    await _post(work, mails.tell_paid, group_id)


async def tell_called_off(work: Work, order_id: int) -> None:
    await _post(work, mails.tell_called_off, order_id)


async def tell_late(work: Work, payment_id: int) -> None:
    await _post(work, mails.tell_late, payment_id)


async def close_pages(work: Work, group_id: int) -> None:
    """Nobody is to pay the balance of an order that has ended. What is paid all the same goes back (settling)."""
    await sessions.give_up(work.database, work.own_shop, work.tools["stripe"], group_id)


async def watch(work: Work) -> None:
    await watching.watch(work.database, work.own_shop, work.settings)


JOBS: dict[str, JobFunction] = {
    "deposits.ask": ask,
    "deposits.tell_paid": tell_paid,
    "deposits.tell_called_off": tell_called_off,
    "deposits.tell_late": tell_late,
    "deposits.close_pages": close_pages,
    "deposits.watch": watch,
}
SCHEDULES: list[Schedule] = [Schedule("deposits.watch", at=(9, 0))]
