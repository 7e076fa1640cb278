"""The next days on which parcels leave a producer, wherever they go: the exact day depends on the address."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.models import Zone
from app.delivery.quotes import Span, departure


async def weekdays(db: AsyncSession) -> list[int] | None:
    """On which days (0 is Monday) something leaves for one of the served zones; None where the shop serves none."""
    rows = list(await db.scalars(select(Zone.departures).where(Zone.is_served, Zone.retired_at.is_(None))))
    if not rows:
        return None
    return sorted({day for days in rows for day in (days or range(7))})


def coming(at: datetime, time_zone: str, days: Sequence[int], closed: Sequence[Span], most: int) -> list[date]:
    """The next `most` days on which what is ordered from now on leaves, soonest first."""
    found: list[date] = []
    moment = at
    while len(found) < most:
        found.append(departure(moment, time_zone, days, closed))
        moment = datetime.combine(found[-1] + timedelta(days=1), time(), ZoneInfo(time_zone))
    return found
