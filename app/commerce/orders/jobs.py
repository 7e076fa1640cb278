"""Mails about orders. Each job is safe to run twice: a mail is written once."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import mails
from app.commerce.orders.mails import Office
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

Letter = Callable[[AsyncSession, Office, int], Awaitable[None]]


async def _post(work: Work, letter: Letter, about: int) -> None:
    async with work.session() as db, transaction(db):
        await letter(db, Office(work.own_shop, work.settings), about)


async def confirm_by_mail(work: Work, group_id: int) -> None:
    await _post(work, mails.confirm, group_id)


async def announce(work: Work, group_id: int) -> None:
    await _post(work, mails.announce, group_id)


async def tell_shipped(work: Work, order_id: int) -> None:
    await _post(work, mails.tell_shipped, order_id)


async def tell_delivered(work: Work, order_id: int) -> None:
    await _post(work, mails.tell_delivered, order_id)


async def tell_charged(work: Work, group_id: int) -> None:
    await _post(work, mails.tell_charged, group_id)


async def tell_refund(work: Work, group_id: int) -> None:
    await _post(work, mails.tell_refund, group_id)


async def send_link(work: Work, group_id: int) -> None:
    """group_id 0: somebody asked for an order that there is not; nothing to do, and nothing to tell him."""
    if group_id:
        await _post(work, mails.send_link, group_id)


JOBS: dict[str, JobFunction] = {
    "orders.confirm_by_mail": confirm_by_mail,
    "orders.announce": announce,
    "orders.tell_shipped": tell_shipped,
    "orders.tell_delivered": tell_delivered,
    "orders.tell_charged": tell_charged,
    "orders.tell_refund": tell_refund,
    "orders.send_link": send_link,
}
SCHEDULES: list[Schedule] = []
