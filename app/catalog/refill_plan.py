"""When a kitchen cooks again: the next refill of a weekly plan with its exceptions. Pure.

Hours are those of the clock in the shop's time zone. An hour that the clock leaves out in spring is the one that it
shows then; of the hour that it shows twice in autumn the first counts. Source: docs/algorithms/refills.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _

EXPIRE, CARRY = "expire", "carry"
AHEAD = 60  # days in which the next refill is looked for
MOST_PIECES = 10_000


@dataclass(frozen=True)
class Week:
    """weekdays: 0 is Monday. pieces: of a day, > 0. hour: 0 to 23. exceptions: day → pieces instead, 0 for none."""

    weekdays: Sequence[int]
    pieces: int
    hour: int
    exceptions: Mapping[date, int]

    def of_day(self, day: date) -> int:
        return self.exceptions.get(day, self.pieces if day.weekday() in self.weekdays else 0)


@dataclass(frozen=True)
class Refill:
    day: date
    at: datetime
    pieces: int


def at_hour(day: date, hour: int, time_zone: str) -> datetime:
    """The moment (UTC) at which the clock shows that hour on a day."""
    return datetime.combine(day, time(hour), ZoneInfo(time_zone)).astimezone(clock.now().tzinfo)


def following(week: Week, after: datetime, time_zone: str) -> Refill | None:
    """The first refill later than a moment; None when there is none in 60 days."""
    first = after.astimezone(ZoneInfo(time_zone)).date()
    for day in (first + timedelta(days=number) for number in range(AHEAD + 1)):
        pieces, at = week.of_day(day), at_hour(day, week.hour, time_zone)
        if pieces > 0 and at > after:
            return Refill(day, at, pieces)
    return None


def returns(at: datetime | None, time_zone: str, *, by_day: bool = False) -> str:
    """What a sold-out product says of its next refill; "" without one. by_day: where "tomorrow" would soon be wrong."""
    now, zone, locale = clock.now(), ZoneInfo(time_zone), current_locale()
    if at is None or at <= now:
        return ""
    hour = formats.time(at, locale, zone).removeprefix("0")
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if not by_day and day == today:
        return _("Esaurito: torna oggi alle %(hour)s", hour=hour)
    if not by_day and day == today + timedelta(days=1):
        return _("Esaurito: torna domani alle %(hour)s", hour=hour)
    return _("Esaurito: torna %(day)s alle %(hour)s", day=formats.date(day, locale, style="weekday"), hour=hour)
