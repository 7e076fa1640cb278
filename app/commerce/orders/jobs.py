"""Mails about orders, words to browsers, and what time does to them.

Each job is safe to run twice: a mail is written once, and a browser told once.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import arrival_mails, arriving, correction_mails, mails, pushes
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
    await _post(work, pushes.announce, group_id)


async def tell_shipped(work: Work, order_id: int) -> None:
    await _post(work, mails.tell_shipped, order_id)
    await _post(work, pushes.tell_shipped, order_id)


async def tell_delivered(work: Work, order_id: int) -> None:
    await _post(work, mails.tell_delivered, order_id)
    await _post(work, pushes.tell_delivered, order_id)


async def tell_presumed(work: Work, order_id: int) -> None:
    await _post(work, arrival_mails.tell_presumed, order_id)


async def ask_whether_arrived(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await arriving.ask(db, Office(work.own_shop, work.settings))


async def presume_arrivals(work: Work) -> None:
    await arriving.presume(work.database, work.own_shop)


async def tell_tracking(work: Work, order_id: int, event_id: int) -> None:
    async with work.session() as db, transaction(db):
        await correction_mails.tell_tracking(db, Office(work.own_shop, work.settings), order_id, event_id)


async def tell_corrected(work: Work, group_id: int, event_id: int) -> None:
    async with work.session() as db, transaction(db):
        await correction_mails.tell_corrected(db, Office(work.own_shop, work.settings), group_id, event_id)


async def tell_new_address(work: Work, order_id: int, event_id: int) -> None:
    async with work.session() as db, transaction(db):
        await correction_mails.tell_producer(db, Office(work.own_shop, work.settings), order_id, event_id)


async def acknowledge(work: Work, group_id: int) -> None:
    await _post(work, mails.acknowledge, group_id)


async def tell_not_paid(work: Work, group_id: int) -> None:
    await _post(work, mails.tell_not_paid, group_id)


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
    "orders.tell_presumed": tell_presumed,
    "orders.ask_whether_arrived": ask_whether_arrived,
    "orders.presume_arrivals": presume_arrivals,
    "orders.tell_tracking": tell_tracking,
    "orders.tell_corrected": tell_corrected,
    "orders.tell_new_address": tell_new_address,
    "orders.acknowledge": acknowledge,
    "orders.tell_not_paid": tell_not_paid,
    "orders.tell_charged": tell_charged,
    "orders.tell_refund": tell_refund,
    "orders.send_link": send_link,
}
SCHEDULES: list[Schedule] = [
    Schedule("orders.ask_whether_arrived", at=(8, 0)),
    Schedule("orders.presume_arrivals", at=(9, 0)),
]
