"""Running numbers: each is given once."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.shops.models import NumberSeries


async def next_group_number(db: AsyncSession, shop: ShopFacts) -> str:
    """The number of a new order group, "TR-2026-000123". Within a transaction: its series is locked until the end."""
    year = clock.today(shop.time_zone).year
    return f"{shop.order_prefix}-{year}-{await _next(db, f'orders-{year}'):06d}"


async def _next(db: AsyncSession, series: str) -> int:
    step = (
        update(NumberSeries)
        .where(NumberSeries.name == series)
        .values(last=NumberSeries.last + 1)
        .returning(NumberSeries.last)
        .execution_options(synchronize_session=False)
    )
    number = await db.scalar(step)
    if number is None:
        try:
            async with db.begin_nested():
                db.add(NumberSeries(name=series, last=0))
        except IntegrityError:  # somebody else began the series
            pass
        number = await db.scalar(step)
    if number is None:
        raise RuntimeError(f"the series {series} gives no number")
    return number
