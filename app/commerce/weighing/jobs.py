"""Background work about weighing and charging. Each is safe to run twice."""

from app.commerce.orders.mails import Office
from app.commerce.weighing import capturing, mails, watching
from app.integrations.stripe import StripeGateway
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def capture(work: Work, group_id: int) -> None:
    await capturing.capture(work.database, work.own_shop, _stripe(work), group_id)


async def release(work: Work, payment_id: int) -> None:
    await capturing.release(work.database, work.own_shop, _stripe(work), payment_id)


async def tell_lost(work: Work, group_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_lost(db, Office(work.own_shop, work.settings), group_id)


async def tell_called_off(work: Work, order_id: int, note: str = "") -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_called_off(db, Office(work.own_shop, work.settings), order_id, note)


async def tell_stuck(work: Work, payment_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_stuck(db, Office(work.own_shop, work.settings), payment_id)


async def tell_surplus(work: Work, payment_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_surplus(db, Office(work.own_shop, work.settings), payment_id)


async def watch(work: Work) -> None:
    await watching.watch(work.database, work.own_shop, work.settings, _stripe(work))


def _stripe(work: Work) -> StripeGateway:
    gateway: StripeGateway = work.tools["stripe"]
    return gateway


JOBS: dict[str, JobFunction] = {
    "weighing.capture": capture,
    "weighing.release": release,
    "weighing.tell_lost": tell_lost,
    "weighing.tell_called_off": tell_called_off,
    "weighing.tell_stuck": tell_stuck,
    "weighing.tell_surplus": tell_surplus,
    "weighing.watch": watch,
}
SCHEDULES: list[Schedule] = [Schedule("weighing.watch", minutes=20)]
