"""The days of a paid order, fixed with its payment: when it must leave, so that a producer's full days can be counted,
and until when its buyer may expect it.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import leaving, promises
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import OrderGroup
from app.shops.models import Shop


async def fix_days(db: AsyncSession, group: OrderGroup) -> None:
    """Within the transaction that settles a payment; group.orders loaded with lines. What is fetched leaves on no day,
    nor does what is being made until its balance is paid.
    """
    time_zone = await db.scalar(select(Shop.time_zone).where(Shop.id == group.shop_id)) or "UTC"
    for order in group.orders:
        if group.state != DEPOSITED and not leaving.is_pickup(order):
            order.ship_by = leaving.day(order, group, time_zone)
        order.promised_on = promises.told(order, group, time_zone)


async def fix_days_of_made(db: AsyncSession, group: OrderGroup) -> None:
    """The same once the balance of a piece with a deposit is paid."""
    if group.deposit_minor:
        await fix_days(db, group)
