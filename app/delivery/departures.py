"""The next days on which parcels leave a producer, wherever they go: the exact day depends on the address."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.delivery.quotes import Span, departure


def coming(at: datetime, time_zone: str, days: Sequence[int], closed: Sequence[Span], most: int) -> list[date]:
    """The next `most` days on which what is ordered from now on leaves, soonest first. days: of the week, if any."""
    found: list[date] = []
    moment = at
    while days and len(found) < most:
        found.append(departure(moment, time_zone, days, closed))
        moment = datetime.combine(found[-1] + timedelta(days=1), time(), ZoneInfo(time_zone))
    return found
