"""Mails about withdrawals, and forgetting what was never confirmed. Each job is safe to run twice."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.mails import Office
from app.commerce.withdrawals import mails, reminding, statements
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

Letter = Callable[[AsyncSession, Office, int], Awaitable[None]]


async def _post(work: Work, letter: Letter, about: int) -> None:
    async with work.session() as db, transaction(db):
        await letter(db, Office(work.own_shop, work.settings), about)


async def acknowledge(work: Work, statement_id: int) -> None:
    await _post(work, mails.acknowledge, statement_id)


async def announce(work: Work, withdrawal_id: int) -> None:
    await _post(work, mails.announce, withdrawal_id)


async def announce_proof(work: Work, withdrawal_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.announce(db, Office(work.own_shop, work.settings), withdrawal_id, proof=True)


async def tell_refused(work: Work, withdrawal_id: int) -> None:
    await _post(work, mails.tell_refused, withdrawal_id)


async def send_link(work: Work, group_id: int) -> None:
    """group_id 0: there is no such order; nothing to do, and nothing to tell whoever asked."""
    if group_id:
        await _post(work, mails.send_link, group_id)


async def send_purchase_link(work: Work, purchase_id: int) -> None:
    await _post(work, mails.send_purchase_link, purchase_id)


async def forget_drafts(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await statements.forget_drafts(db)


async def remind_of_refunds(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await reminding.remind(db, Office(work.own_shop, work.settings))


JOBS: dict[str, JobFunction] = {
    "withdrawals.acknowledge": acknowledge,
    "withdrawals.announce": announce,
    "withdrawals.announce_proof": announce_proof,
    "withdrawals.tell_refused": tell_refused,
    "withdrawals.send_link": send_link,
    "withdrawals.send_purchase_link": send_purchase_link,
    "withdrawals.forget_drafts": forget_drafts,
    "withdrawals.remind_of_refunds": remind_of_refunds,
}
SCHEDULES: list[Schedule] = [
    Schedule("withdrawals.forget_drafts", at=(3, 30)),
    Schedule("withdrawals.remind_of_refunds", at=(7, 30)),
]
