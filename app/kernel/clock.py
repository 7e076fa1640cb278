"""The one clock. Every moment in the program is aware UTC and comes from here, so that tests can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_shift = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """The present moment, aware UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC) + _shift


def today(time_zone: str) -> date:
    """The present calendar day in a time zone, e.g. that of a shop."""
    return now().astimezone(ZoneInfo(time_zone)).date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """For tests: the clock stands still at `at` (aware)."""
    global _frozen  # noqa: PLW0603  (the clock is the one thing that is global by nature)
    before, _frozen = _frozen, at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """For tests: the clock runs, but `by` ahead."""
    global _shift  # noqa: PLW0603
    before, _shift = _shift, _shift + by
    try:
        yield
    finally:
        _shift = before
