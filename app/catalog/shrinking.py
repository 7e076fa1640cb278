"""Since when a shop tells that a pack has become smaller (law.md L9): an admin sets the day, packs.py says the rest."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.models import Variant
from app.kernel.tenancy import Person
from app.shops.models import Shop
from app.system import audit

FEATURE = "shrinking_told_since"


async def chosen(db: AsyncSession, shop_id: int) -> str:
    """The day as the row has it now, "" for never; a shop's facts may be half a minute old."""
    features = await db.scalar(select(Shop.features).where(Shop.id == shop_id)) or {}
    return str(features.get(FEATURE) or "")


async def choose(db: AsyncSession, shop_id: int, since: date | None, person: Person) -> None:
    """Tell from that day on; None: never. Within a transaction; twice is harmless."""
    shop = await db.get_one(Shop, shop_id, with_for_update={"key_share": True}, populate_existing=True)
    before, now = shop.features.get(FEATURE), since.isoformat() if since else None
    if before == now:
        return
    others = {key: value for key, value in shop.features.items() if key != FEATURE}
    shop.features = {**others, FEATURE: now} if now else others
    shrunk = await db.scalars(select(Variant.product_id).where(Variant.pack_before.is_not(None)))
    await products.touch(db, list(shrunk))  # their cards and pages say it, or do not any more
    audit.by(db, person, "packs.shrinking.choose", ("shop", shop_id), {"since": before}, {"since": now})
