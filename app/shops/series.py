"""Running numbers: each is given once."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.shops.models import NumberSeries


async def next_number(db: AsyncSession, series: str) -> int:
    """The next number of a series, from 1. Within a transaction: the series is locked until its end."""
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
