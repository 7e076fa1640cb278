"""Background work about disputes. Each is safe to run twice."""

from datetime import timedelta

from app.commerce.disputes import answering, following, mails, queries
from app.integrations.storage import Storage
from app.integrations.stripe import StripeGateway
from app.kernel import clock
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

SOON = timedelta(days=3)
STUCK = timedelta(hours=1)


async def tell(work: Work, dispute_id: int, state: str) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell(db, work.own_shop, work.settings, dispute_id, state)


async def send(work: Work, dispute_id: int) -> None:
    gateway: StripeGateway = work.tools["stripe"]
    storage: Storage = work.tools["storage"]
    await answering.deliver(work.database, work.own_shop, gateway, storage, dispute_id)


async def refresh(work: Work) -> None:
    """Ask Stripe for what we have not heard of, and about what is not decided; remind staff of what is due.

    An answer whose job was given up goes out now.
    """
    gateway: StripeGateway = work.tools["stripe"]
    await following.follow_unheard(work.database, work.own_shop, gateway)
    async with work.session() as db:
        open_ = await queries.to_refresh(db)
    for stripe_id in open_:
        await following.follow(work.database, work.own_shop, gateway, stripe_id)
    async with work.session() as db:
        stuck = await queries.to_deliver(db, clock.now() - STUCK)
    for dispute_id in stuck:
        await send(work, dispute_id)
    async with work.session() as db:
        due = await queries.to_remind(db, clock.now() + SOON)
    for dispute_id in due:
        await tell(work, dispute_id, mails.REMIND)


JOBS: dict[str, JobFunction] = {"disputes.tell": tell, "disputes.send": send, "disputes.refresh": refresh}
SCHEDULES: list[Schedule] = [Schedule("disputes.refresh", at=(7, 30))]
