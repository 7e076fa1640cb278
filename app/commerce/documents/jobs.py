"""Background work about documents. Each is safe to run twice."""

from app.commerce.documents import issuing, queries, sending
from app.integrations.sdi import Channel, Folder
from app.kernel import clock
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

FOLDER = "fatture"  # below DATA_DIR


async def invoice_group(work: Work, group_id: int) -> None:
    async with work.session() as db, transaction(db):
        for order_id in await queries.order_ids(db, group_id):
            await issuing.invoice(db, work.own_shop, order_id)


async def credit_refund(work: Work, part_id: int) -> None:
    async with work.session() as db, transaction(db):
        await issuing.credit_refund(db, work.own_shop, part_id)


async def invoice_waiting(work: Work) -> None:
    """What could not be made before: the producer's data are there now, or a refund has been decided."""
    async with work.session() as db:
        orders = [order.id for order in await queries.waiting_orders(db)]
    for order_id in orders:
        async with work.session() as db, transaction(db):
            await issuing.invoice(db, work.own_shop, order_id)
    async with work.session() as db:
        parts = await queries.waiting_refunds(db)
    for part_id in parts:
        async with work.session() as db, transaction(db):
            await issuing.credit_refund(db, work.own_shop, part_id)


async def invoice_commissions(work: Work) -> None:
    """The month that is over, each producer once."""
    shop = work.own_shop
    month = issuing.month_before(clock.today(shop.time_zone))
    async with work.session() as db:
        fees = await queries.fees_of_month(db, month, shop.time_zone)
    for producer_id, currency, minor in fees:
        async with work.session() as db, transaction(db):
            await issuing.commission(db, shop, producer_id, month, currency, minor)


async def hand_over(work: Work, transmission_id: int) -> None:
    await sending.hand_over(work.database, work.own_shop, _channel(work), transmission_id)


async def read_answers(work: Work) -> None:
    await sending.read_answers(work.database, work.own_shop, _channel(work))


def _channel(work: Work) -> Channel:
    return Folder(work.settings.data_dir / FOLDER)


JOBS: dict[str, JobFunction] = {
    "documents.invoice_group": invoice_group,
    "documents.credit_refund": credit_refund,
    "documents.invoice_waiting": invoice_waiting,
    "documents.invoice_commissions": invoice_commissions,
    "documents.hand_over": hand_over,
    "documents.read_answers": read_answers,
}
SCHEDULES: list[Schedule] = [
    Schedule("documents.invoice_waiting", minutes=15),
    Schedule("documents.invoice_commissions", at=(5, 30)),
    Schedule("documents.read_answers", minutes=15),
]
