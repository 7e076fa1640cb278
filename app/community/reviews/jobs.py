"""Mails about reviews. Each job is safe to run twice: a mail is written once."""

from app.commerce.orders.mails import Office
from app.community.reviews import mails, queries
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.shops.rules import REVIEWS_INVITATION
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def find_to_invite(work: Work) -> None:
    """Ask, a week after, what it was like; unless the shop does not want it."""
    if REVIEWS_INVITATION.of(work.own_shop):
        async with work.session() as db, transaction(db):
            for order_id in await queries.to_invite(db):
                add_job(db, "reviews.invite", order_id=order_id)


async def invite(work: Work, order_id: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.invite(db, Office(work.own_shop, work.settings), order_id)


async def tell_refused(work: Work, review_id: int, revision: int) -> None:
    async with work.session() as db, transaction(db):
        await mails.tell_refused(db, Office(work.own_shop, work.settings), review_id, revision)


JOBS: dict[str, JobFunction] = {
    "reviews.find_to_invite": find_to_invite,
    "reviews.invite": invite,
    "reviews.tell_refused": tell_refused,
}
SCHEDULES: list[Schedule] = [Schedule("reviews.find_to_invite", at=(10, 0))]
