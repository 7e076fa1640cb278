"""Making the index of lists and searches anew, of whole shops: after an upgrade, or when somebody wants to be sure."""

from sqlalchemy import exists, func, select

from app.catalog import index
from app.catalog.indexed import IndexedProduct
from app.catalog.models import Product
from app.kernel.db import Database, transaction
from app.settings import Settings
from app.shops.queries import all_shops

BATCH = 500


async def run(settings: Settings, *, only_missing: bool) -> int:
    """All shops, or those that have products and no index. Returns how many products were read."""
    database = Database(settings.database_url)
    try:
        async with database.session(None) as db:
            shops = [shop for shop, _host, _strict in await all_shops(db)]
        return sum([await _shop(database, shop_id, only_missing) for shop_id in dict.fromkeys(s.id for s in shops)])
    finally:
        await database.close()


async def _shop(database: Database, shop_id: int, only_missing: bool) -> int:
    async with database.session(shop_id) as db:
        if only_missing and await db.scalar(select(exists(select(IndexedProduct.product_id)))):
            return 0
        last = await db.scalar(select(func.max(Product.id))) or 0
    read, after = 0, 0
    while after < last:
        async with database.session(shop_id) as db, transaction(db):
            batch = select(Product.id).where(Product.id > after).order_by(Product.id).limit(BATCH)
            ids = list(await db.scalars(batch))
            await index.refresh(db, ids)
        if not ids:
            break
        read, after = read + len(ids), ids[-1]
    return read
