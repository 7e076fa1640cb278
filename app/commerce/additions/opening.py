"""Until when a paid order can still be added to and taken from. Pure. Source: docs/algorithms/open-orders.md."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.delivery import quotes

HOURS = (0, 1, 2, 4, 6, 12, 24, 48)  # that a producer may choose from
DEFAULT_HOURS = 0


@dataclass(frozen=True)
class OrderFacts:
    """What the rule looks at. state: of the order. leaves: the day on which its parcel must leave, None when fetched.

    hours: before noon of that day, None: the producer wants orders open until he confirms them. is_barred: disputed at
    the bank, under withdrawal, or waiting for its weights.
    """

    state: str
    is_paid: bool
    leaves: date | None
    hours: int | None = DEFAULT_HOURS
    is_barred: bool = False


@dataclass(frozen=True)
class Open:
    """until: aware UTC; None: until its producer confirms it, whenever that is."""

    until: datetime | None = None


def open_until(order: OrderFacts, now: datetime, time_zone: str) -> Open | None:
    """Until when this order is open; None if it is not (any more).

    Its producer ends it whenever he confirms the order. Until then it is open up to so many hours before the cut-off
    hour of the day on which the parcel leaves, by the clock of the shop.
    """
    if order.state != "pending" or not order.is_paid or order.is_barred:
        return None
    if order.leaves is None or order.hours is None:
        return Open()
    until = cut_off(order.leaves, order.hours, time_zone)
    return Open(until) if now < until else None


def cut_off(leaves: date, hours: int, time_zone: str) -> datetime:
    """So many whole hours before the cut-off hour of a day."""
    return quotes.cut_off(leaves, time_zone) - timedelta(hours=hours)
