"""What paid orders tell: statements on the tables of orders, for the computations of this package.

Who buys is known by the e-mail address of the order, so that guests count too; no address leaves the database.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.commerce.orders.models import Order, OrderGroup, OrderLine

UNDONE = ("cancelled", "refunded")


def counts(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    """Paid for between two moments and not undone. Needs OrderLine, Order and OrderGroup joined."""
    return (
        OrderGroup.state == "paid",
        OrderGroup.paid_at > since,
        OrderGroup.paid_at <= until,
        Order.state.not_in(UNDONE),
        OrderLine.product_id.is_not(None),
    )


def of(*columns: InstrumentedAttribute[Any], since: datetime, until: datetime) -> Select[Any]:
    """These columns of the lines that count."""
    return (
        select(*columns)
        .select_from(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(*counts(since, until))
    )


def how_many_buyers(since: datetime, until: datetime) -> Select[int]:
    return (
        select(func.count(OrderGroup.email.distinct()))
        .select_from(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(*counts(since, until))
    )


def orders_of_each(since: datetime, until: datetime) -> Subquery:
    """(product_id, n): in how many orders each product was."""
    n = func.count(OrderGroup.id.distinct()).label("n")
    lines = of(OrderLine.product_id, since=since, until=until)
    return lines.add_columns(n).group_by(OrderLine.product_id).subquery("orders_of_each")


def emails(since: datetime, until: datetime) -> Select[str]:
    """Who paid for something between two moments."""
    group = aliased(OrderGroup)
    return select(group.email).where(group.state == "paid", group.paid_at > since, group.paid_at <= until)
