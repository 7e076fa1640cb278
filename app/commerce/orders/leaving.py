"""The day on which an order leaves its producer, from what was frozen with it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.commerce.orders.models import Order, OrderGroup
from app.delivery.quotes import Span, departure


def is_pickup(order: Order) -> bool:
    """Does the buyer fetch it?"""
    return bool(order.delivery.get("method") == "pickup")


def day(order: Order, group: OrderGroup, time_zone: str) -> date:
    """The day by which it must be sent: as it was fixed, else the next departure after its payment.

    With a deposit that is the balance's: until then the piece is being made.
    """
    taken_on = None if group.deposit_minor else group.authorized_at
    since = taken_on or group.paid_at or group.placed_at
    return order.ship_by or departure(since, time_zone, _weekdays(order.delivery), _closed(order.delivery))


def _weekdays(delivery: Mapping[str, Any]) -> Sequence[int]:
    return list(delivery.get("departures") or [])


def _closed(delivery: Mapping[str, Any]) -> Sequence[Span]:
    days = delivery.get("closed") or []
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in days]
