"""The last day on which a buyer may expect his goods: what he was told, or where nothing was, what the law gives.

Source: law.md L29 (art. 61, c. 1, Codice del consumo), with examples: docs/algorithms/overdue.md.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.commerce.orders import leaving
from app.commerce.orders.deposit_views import DEPOSITED, making_days
from app.commerce.orders.leaving import is_pickup
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import OPEN
from app.delivery.quotes import working_days_after
from app.kernel import clock

BY_LAW = timedelta(days=30)  # from the contract


def day(order: Order, group: OrderGroup, time_zone: str) -> date:
    """As it was fixed with the payment, else the law's. order: with its lines."""
    return order.promised_on or by_law(group, time_zone)


def told(order: Order, group: OrderGroup, time_zone: str) -> date:
    """What is fixed when an order is taken on, and again when the balance of a piece is paid. Lines are loaded.

    A parcel is promised for the last day that its carrier takes (order.ship_by is fixed); a piece with a deposit for
    the days that its producer gave himself. What is fetched is promised for no day.
    """
    if group.state == DEPOSITED:
        days, since = making_days(order), group.authorized_at or group.placed_at
        return _local(since, time_zone) + timedelta(days=days) if days else by_law(group, time_zone)
    lead_days = order.delivery.get("lead_days_max")
    if is_pickup(order) or order.ship_by is None or lead_days is None:
        return by_law(group, time_zone)
    return working_days_after(order.ship_by, lead_days)


@dataclass(frozen=True)
class Expected:
    """Between which days a parcel comes. is_past: even the last is over, and it has not come."""

    first: date
    last: date
    is_past: bool


def expected(order: Order, group: OrderGroup, time_zone: str) -> Expected | None:
    """What its buyer may expect of a parcel; None for what is fetched, has still to be paid whole, or is over.

    Of what is on its way its carrier tells: until it is late, no day is said.
    """
    if order.state not in (*OPEN, "shipped") or is_pickup(order) or group.state == DEPOSITED:
        return None
    first, last = arrival(order, group, time_zone)
    last = max(last, order.promised_on or last)
    is_past = last < clock.today(time_zone)
    return Expected(first, last, is_past) if is_past or order.state in OPEN else None


def arrival(order: Order, group: OrderGroup, time_zone: str) -> tuple[date, date]:
    """First and last day on which the carrier brings what leaves when it should."""
    leaves = leaving.day(order, group, time_zone)
    lead_days = [order.delivery.get(name) or 0 for name in ("lead_days_min", "lead_days_max")]
    return working_days_after(leaves, lead_days[0]), working_days_after(leaves, lead_days[1])


def may_choose(order: Order, group: OrderGroup, time_zone: str) -> bool:
    """Is it late by law too, so that its buyer has the rights of art. 61? (commerce/overdue)"""
    return day(order, group, time_zone) < clock.today(time_zone)


def by_law(group: OrderGroup, time_zone: str) -> date:
    return _local(group.placed_at, time_zone) + BY_LAW


def _local(moment: datetime, time_zone: str) -> date:
    return moment.astimezone(ZoneInfo(time_zone)).date()
