"""Running numbers of orders: each is given once."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.shops.series import next_number


async def next_group_number(db: AsyncSession, shop: ShopFacts) -> str:
    """The number of a new order group, "TR-2026-000123". Within a transaction: its series is locked until the end."""
    year = clock.today(shop.time_zone).year
    return f"{shop.order_prefix}-{year}-{await next_number(db, f'orders-{year}'):06d}"
