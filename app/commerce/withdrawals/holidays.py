"""Days on which no period ends: Saturdays, Sundays, Italian public holidays (Reg. (EEC, Euratom) 1182/71, art. 3)."""

from datetime import date, timedelta
from functools import lru_cache

# Legge 260/1949 as it stands; 4 October since 2026 (legge 151/2025).
_FIXED = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26))
_SAINT_FRANCIS, _SINCE = (10, 4), 2026


@lru_cache(64)
def of_year(year: int) -> frozenset[date]:
    """Italy's public holidays. Local patron saints are not in it: they differ from town to town."""
    fixed = {date(year, month, day) for month, day in _FIXED}
    if year >= _SINCE:
        fixed.add(date(year, *_SAINT_FRANCIS))
    sunday = easter(year)
    return frozenset(fixed | {sunday, sunday + timedelta(days=1)})


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian calendar (the anonymous algorithm, as printed in Nature, 20 April 1876)."""
    century, of_century = divmod(year, 100)
    leap, rest = divmod(century, 4)
    moon = (19 * (year % 19) + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    quarter, of_quarter = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quarter - moon - of_quarter) % 7
    shift = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def working_day(day: date) -> date:
    """The day itself, or the first working day after it."""
    while day.weekday() >= 5 or day in of_year(day.year):
        day += timedelta(days=1)
    return day
