"""What the clock brings: producers are reminded, buyers told that they may choose. Once a day, in the morning."""

from app.commerce.orders.mails import Office
from app.commerce.overdue import mails, queries
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts
from app.settings import Settings


async def watch(database: Database, shop: ShopFacts, settings: Settings) -> None:
    """Go over everything once. Each mail is written once, however often this runs."""
    office = Office(shop, settings)
    async with database.session(shop.id) as db:
        due = await queries.due(db, shop.time_zone)
        late = await queries.ids(db, shop.time_zone)
    for producer_id, orders in due.items():
        async with database.session(shop.id) as db, transaction(db):
            await mails.remind(db, office, producer_id, orders)
    for order_id in late:
        async with database.session(shop.id) as db, transaction(db):
            if (order := await queries.one(db, order_id, shop.time_zone)) is not None:
                await mails.tell_late(db, office, order)
