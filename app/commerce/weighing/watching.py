"""What the clock brings: producers are reminded to weigh; what nobody weighed in time is charged by the estimate."""

from datetime import timedelta

import structlog

from app.commerce.orders.mails import Office
from app.commerce.weighing import capturing, mails, queries
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts
from app.settings import Settings

log = structlog.get_logger()
REMINDED = (timedelta(days=2), timedelta(days=1))  # before the money is captured: on the third and the fourth day
LOST = timedelta(minutes=30)  # jobs have tried long enough by then


async def watch(database: Database, shop: ShopFacts, settings: Settings, gateway: StripeGateway) -> None:
    """Go over everything once. What Stripe refuses, or does not answer about, does not keep the others from it."""
    now = clock.now()
    async with database.session(shop.id) as db:
        due = await queries.due_groups(db, now, now - LOST)
        releases = await queries.waiting_releases(db, now - LOST)
        late = await queries.unweighed(db, now + max(REMINDED))
    for order_id, capture_by in late:
        place = sum(capture_by - now <= ahead for ahead in REMINDED)
        async with database.session(shop.id) as db, transaction(db):
            await mails.remind(db, Office(shop, settings), order_id, place)
    for deed, ids in ((capturing.capture, due), (capturing.release, releases)):
        for about in ids:
            try:
                await deed(database, shop, gateway, about)
            except (PaymentUnreachable, PaymentRefused) as no:
                log.warning("weighing.watch_failed", shop=shop.slug, deed=deed.__name__, about=about, error=str(no))
