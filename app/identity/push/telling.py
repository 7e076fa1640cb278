"""Tell people in their browsers: a job for each browser, in the transaction of the deed; then hand it over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

import structlog
from sqlalchemy import Delete, Update, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.push.models import PushSubscription
from app.identity.push.subscriptions import SELLING
from app.integrations.push import Push, PushGone, PushRefused, Receiver
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job, add_job
from app.kernel.tenancy import ShopFacts
from app.system.runner import Work

log = structlog.get_logger()
LONGEST = 180  # signs: more than any browser shows


@dataclass(frozen=True)
class Notice:
    """What somebody is told, in their language. reference: of the event, which is told once; at most 120 signs.

    about: buying | selling. path: of the page that shows it, without language prefix.
    """

    user_id: int
    about: str
    reference: str
    locale: str
    sentence: str
    path: str


async def tell(db: AsyncSession, shop: ShopFacts, notices: Sequence[Notice]) -> None:
    """A job for each browser of each of these people. Within a transaction; a second time adds nothing.

    The sentence holds no more of a person than the number of an order.
    """
    whom = {(notice.user_id, notice.about) for notice in notices}
    if not whom:
        return
    found = await db.execute(
        select(PushSubscription.id, PushSubscription.user_id, PushSubscription.about)
        .where(tuple_(PushSubscription.user_id, PushSubscription.about).in_(whom))
        .order_by(PushSubscription.id)
    )
    browsers = found.all()
    due = {
        f"push:{notice.reference}:{browser_id}": (browser_id, notice)
        for notice in notices
        for browser_id, user_id, about in browsers
        if (user_id, about) == (notice.user_id, notice.about)
    }
    known = set(await db.scalars(select(Job.dedupe_key).where(Job.dedupe_key.in_(due)))) if due else set()
    for key, (browser_id, notice) in due.items():
        if key not in known:
            message = _message(shop, notice)
            add_job(db, "push.send", dedupe_key=key, subscription_id=browser_id, about=notice.about, message=message)


def _message(shop: ShopFacts, notice: Notice) -> dict[str, str]:
    """What the worker (static/js/worker.js) shows. tag: a second one of the same takes the place of the first."""
    return {
        "title": shop.name,
        "body": shorten(notice.sentence, LONGEST, placeholder="…"),
        "lang": notice.locale,
        "path": shop.href(notice.path, notice.locale),
        "tag": notice.reference,
    }


async def send(work: Work, subscription_id: int, about: str, message: Mapping[str, str]) -> None:
    """Job: hand one message to one browser's push service.

    Raises PushLater, so that the runner tries again. A browser that is no more is forgotten.
    """
    push: Push | None = work.tools.get("push")
    async with work.session() as db:
        row = await db.get(PushSubscription, subscription_id)
        if push is None or row is None:
            return
        receiver = Receiver(row.endpoint, row.p256dh, row.auth)
    outcome: Update | Delete = update(PushSubscription).values(worked_at=clock.now())
    contact = work.own_shop.legal.email or work.settings.mail.sender
    try:
        body = json.dumps(dict(message), ensure_ascii=False, separators=(",", ":")).encode()
        is_urgent = about == SELLING
        await push.send(receiver, body, contact=contact, topic=message["tag"], is_urgent=is_urgent)
    except PushGone:
        outcome = delete(PushSubscription)
    except PushRefused as no:
        log.warning("push.refused", subscription=subscription_id, answer=str(no))
        return
    # by its address: if it has been turned on anew meanwhile, the new one stays
    here = PushSubscription.id == subscription_id, PushSubscription.endpoint == receiver.endpoint
    async with work.session() as db, transaction(db):
        await db.execute(outcome.where(*here).execution_options(synchronize_session=False))
