"""Background work about producers' accounts and payouts. Each is safe to run twice."""

from app.commerce.payouts import following, mails
from app.integrations.stripe import StripeGateway
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def refresh(work: Work) -> None:
    gateway: StripeGateway = work.tools["stripe"]
    await following.refresh(work.database, work.own_shop, gateway)


async def tell_failure(work: Work, payout_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_failure(db, work.own_shop, work.settings, payout_id)


JOBS: dict[str, JobFunction] = {"payouts.refresh": refresh, "payouts.tell_failure": tell_failure}
SCHEDULES: list[Schedule] = [Schedule("payouts.refresh", at=(6, 0))]
