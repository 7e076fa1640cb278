"""Background work about documents. Each is safe to run twice."""

from app.commerce.documents import abroad, catching_up, deadlines, sending
from app.integrations.sdi import Channel, Folder
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

FOLDER = "fatture"  # below DATA_DIR


async def invoice_group(work: Work, group_id: int) -> None:
    await catching_up.group(work.database, work.own_shop, group_id)


async def credit_deposits(work: Work, group_id: int) -> None:
    await catching_up.deposits(work.database, work.own_shop, group_id)


async def credit_refund(work: Work, part_id: int) -> None:
    await catching_up.refund(work.database, work.own_shop, part_id)


async def invoice_waiting(work: Work) -> None:
    await catching_up.everything(work.database, work.own_shop)


async def invoice_commissions(work: Work) -> None:
    await catching_up.commissions(work.database, work.own_shop)


async def warn_of_deadlines(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await deadlines.warn(db, work.own_shop, work.settings)


async def warn_of_sales_abroad(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await abroad.warn(db, work.own_shop, work.settings)


async def hand_over(work: Work, transmission_id: int) -> None:
    await sending.hand_over(work.database, work.own_shop, _channel(work), transmission_id)


async def read_answers(work: Work) -> None:
    await sending.read_answers(work.database, work.own_shop, _channel(work))


def _channel(work: Work) -> Channel:
    return Folder(work.settings.data_dir / FOLDER)


JOBS: dict[str, JobFunction] = {
    "documents.invoice_group": invoice_group,
    "documents.credit_refund": credit_refund,
    "documents.credit_deposits": credit_deposits,
    "documents.invoice_waiting": invoice_waiting,
    "documents.invoice_commissions": invoice_commissions,
    "documents.warn_of_deadlines": warn_of_deadlines,
    "documents.warn_of_sales_abroad": warn_of_sales_abroad,
    "documents.hand_over": hand_over,
    "documents.read_answers": read_answers,
}
SCHEDULES: list[Schedule] = [
    Schedule("documents.invoice_waiting", minutes=15),
    Schedule("documents.invoice_commissions", at=(5, 30)),
    Schedule("documents.warn_of_deadlines", at=(7, 30)),
    Schedule("documents.warn_of_sales_abroad", at=(7, 40)),
    Schedule("documents.read_answers", minutes=15),
]
