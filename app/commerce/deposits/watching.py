"""What the clock brings: buyers are reminded of their balance, producers told when they need not wait any longer."""

from datetime import timedelta

from app.commerce.deposits import mails, queries
from app.commerce.deposits.calling_off import PATIENCE
from app.commerce.orders.mails import Office
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts
from app.settings import Settings

REMINDED = (timedelta(days=3), timedelta(days=10))  # after the balance was asked for


async def watch(database: Database, shop: ShopFacts, settings: Settings) -> None:
    """Go over everything once. Each mail is written once, however often this runs."""
    now = clock.now()
    async with database.session(shop.id) as db:
        waiting = await queries.waiting(db, now - min(REMINDED))
    for group_id, asked_at in waiting:
        place = sum(now - asked_at >= after for after in REMINDED)
        async with database.session(shop.id) as db, transaction(db):
            await mails.remind(db, Office(shop, settings), group_id, place)
            if now - asked_at >= PATIENCE:
                await mails.tell_overdue(db, Office(shop, settings), group_id)
