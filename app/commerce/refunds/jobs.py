"""Background work about refunds. Each is safe to run twice."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.mails import Office
from app.commerce.refunds import mails, sending
from app.integrations.stripe import StripeGateway
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

Letter = Callable[[AsyncSession, Office, int], Awaitable[None]]


async def send(work: Work, refund_id: int) -> None:
    await sending.send(work.database, work.own_shop, _stripe(work), refund_id)


async def sweep(work: Work) -> None:
    await sending.sweep(work.database, work.own_shop, _stripe(work))


async def tell_buyer(work: Work, refund_id: int) -> None:
    await _post(work, mails.tell_buyer, refund_id)


async def tell_producers(work: Work, refund_id: int) -> None:
    await _post(work, mails.tell_producers, refund_id)


async def tell_staff(work: Work, refund_id: int) -> None:
    await _post(work, mails.tell_staff, refund_id)


async def tell_rerouted(work: Work, refund_id: int) -> None:
    await _post(work, mails.tell_rerouted, refund_id)


async def tell_paid_twice(work: Work, payment_id: int) -> None:
    await _post(work, mails.tell_paid_twice, payment_id)


async def _post(work: Work, letter: Letter, about: int) -> None:
    async with work.session() as db, transaction(db):
        await letter(db, Office(work.own_shop, work.settings), about)


def _stripe(work: Work) -> StripeGateway:
    gateway: StripeGateway = work.tools["stripe"]
    return gateway


JOBS: dict[str, JobFunction] = {
    "refunds.send": send,
    "refunds.sweep": sweep,
    "refunds.tell_buyer": tell_buyer,
    "refunds.tell_producers": tell_producers,
    "refunds.tell_staff": tell_staff,
    "refunds.tell_rerouted": tell_rerouted,
    "refunds.tell_paid_twice": tell_paid_twice,
}
SCHEDULES: list[Schedule] = [Schedule("refunds.sweep", minutes=10)]
