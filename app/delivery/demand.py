"""How full a producer's day is: the orders that must leave on it against how many he can send off.

There are no delivery slots: what is scarce is a producer's own day. Orders stand above; they are counted by a function
that main joins.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.quotes import Quote
from app.producers.models import Producer

Count = Callable[[AsyncSession, Collection[int], Collection[date]], Awaitable[Mapping[tuple[int, date], int]]]
_count: list[Count] = []


def orders_are_counted_by(count: Count) -> None:
    """At start: who counts the orders of producers that leave on these days, by producer and day."""
    _count[:] = [count]


async def demand_ratios(db: AsyncSession, zone: Quote, days: Mapping[int, date]) -> Mapping[int, Decimal]:
    """Which part of each producer's day is taken, 0 to 1, rounded down to hundredths. days: by producer id.

    Without whoever has not said what he can do in a day, or from whom nothing leaves for the zone on that day: then
    nothing may be made of it. At most two statements.
    """
    days = {id_: day for id_, day in days.items() if not zone.departures or day.weekday() in zone.departures}
    if not days or not _count:
        return {}
    most = await db.execute(
        select(Producer.id, Producer.daily_orders).where(Producer.id.in_(days), Producer.daily_orders > 0)
    )
    can = {id_: number for id_, number in most if number}
    taken = await _count[0](db, can, {days[id_] for id_ in can}) if can else {}
    return {id_: ratio(taken.get((id_, days[id_]), 0), number) for id_, number in can.items()}


def ratio(taken: int, most: int) -> Decimal:
    """The part that is taken; a day that is more than full is full."""
    return min(Decimal(1), (Decimal(taken) / most).quantize(Decimal("0.01"), ROUND_FLOOR))
