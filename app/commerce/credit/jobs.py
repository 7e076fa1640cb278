"""Background work about stored value. Each is safe to run twice."""

from app.commerce.credit import buying, expiring, letters, mails, points, reminding, sending
from app.integrations.stripe import PaymentUnreachable
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

BATCH = 100


async def send_gift(work: Work, purchase_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.send_gift(db, work.own_shop, work.settings, purchase_id)


async def confirm_purchase(work: Work, purchase_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.confirm(db, work.own_shop, work.settings, purchase_id)


async def send_refund(work: Work, refund_id: int) -> None:
    await sending.send(work.database, work.own_shop, work.tools["stripe"], refund_id)


async def tell_refunded(work: Work, refund_id: int) -> None:
    async with work.session() as db, transaction(db):
        await letters.tell_refunded(db, work.own_shop, work.settings, refund_id)


async def tell_refund_failed(work: Work, refund_id: int) -> None:
    async with work.session() as db, transaction(db):
        await letters.tell_refund_failed(db, work.own_shop, work.settings, refund_id)


async def remind(work: Work) -> None:
    """Account by account, each in its own transaction: a job that dies has told those whole, and goes on from there."""
    last = 0
    while True:
        async with work.session() as db:
            found = await reminding.accounts(db, last, BATCH)
        for account_id in found:
            async with work.session() as db, transaction(db):
                await letters.tell_ending(db, work.own_shop, work.settings, account_id)
        if len(found) < BATCH:
            return
        last = found[-1]


async def earn_points(work: Work, order_id: int) -> None:
    async with work.session() as db, transaction(db):
        await points.earn(db, work.own_shop, order_id)


async def expire(work: Work) -> None:
    """Batch by batch: a job that dies has written whole batches off, and goes on from there."""
    done = BATCH
    while done == BATCH:
        async with work.session() as db, transaction(db):
            done = await expiring.expire_next(db, BATCH)
    async with work.session() as db, transaction(db):
        await mails.forget_codes(db)


async def sweep(work: Work) -> None:
    try:
        await buying.sweep(work.database, work.own_shop, work.tools["stripe"])
        await sending.sweep(work.database, work.own_shop, work.tools["stripe"])
    except PaymentUnreachable:
        return  # the next sweep asks again


JOBS: dict[str, JobFunction] = {
    "credit.send_gift": send_gift,
    "credit.confirm_purchase": confirm_purchase,
    "credit.send_refund": send_refund,
    "credit.tell_refunded": tell_refunded,
    "credit.tell_refund_failed": tell_refund_failed,
    "credit.remind": remind,
    "credit.earn_points": earn_points,
    "credit.expire": expire,
    "credit.sweep": sweep,
}
SCHEDULES: list[Schedule] = [
    Schedule("credit.sweep", minutes=5),
    Schedule("credit.expire", at=(0, 20)),
    Schedule("credit.remind", at=(9, 30)),
]
