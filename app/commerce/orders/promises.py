"""The last day on which a buyer may expect his goods: what he was told, or where nothing was, what the law gives.

Source: law.md L29 (art. 61, c. 1, Codice del consumo), with examples: docs/algorithms/overdue.md.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.commerce.orders.deposit_views import DEPOSITED, making_days
from app.commerce.orders.leaving import is_pickup
from app.commerce.orders.models import Order, OrderGroup
from app.delivery.quotes import working_days_after

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


def by_law(group: OrderGroup, time_zone: str) -> date:
    return _local(group.placed_at, time_zone) + BY_LAW


def _local(moment: datetime, time_zone: str) -> date:
    return moment.astimezone(ZoneInfo(time_zone)).date()
