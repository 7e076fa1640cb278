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
    """Go over everything once. When Stripe does not answer, the rest waits for the next time."""
    now = clock.now()
    async with database.session(shop.id) as db:
        due = await queries.due_groups(db, now, now - LOST)
        releases = await queries.waiting_releases(db, now - LOST)
        late = await queries.unweighed(db, now + max(REMINDED))
    for order_id, capture_by in late:
        place = sum(capture_by - now <= ahead for ahead in REMINDED)
        async with database.session(shop.id) as db, transaction(db):
            await mails.remind(db, Office(shop, settings), order_id, place)
    try:
        for group_id in due:
            await capturing.capture(database, shop, gateway, group_id)
        for payment_id in releases:
            await capturing.release(database, shop, gateway, payment_id)
    except (PaymentUnreachable, PaymentRefused):
        log.warning("weighing.watch_stopped", shop=shop.slug)
