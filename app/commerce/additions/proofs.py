"""What must be true of parcels at any moment: proven with the ledger (payments/proofs.py)."""

from collections.abc import AsyncIterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.orders.views import OPEN
from app.kernel.money import percent_of


async def a_parcel_is_paid_for_once(db: AsyncSession) -> AsyncIterator[str]:
    """Whatever travels with another order has paid for delivery what it made that parcel dearer, or has had it back."""
    of_lines = select(func.coalesce(func.sum(OrderLine.refunded_minor), 0)).where(OrderLine.order_id == Order.id)
    back = Order.refunded_minor - of_lines.scalar_subquery()
    found = await db.execute(
        select(Order, back).where(
            Order.joins_order_id.is_not(None), Order.state != "awaiting_payment", Order.delivery_minor != back
        )
    )
    for order, returned in found:
        if order.delivery_minor - returned > _heavier_by(order):
            yield (
                f"order {order.number} travels with another and paid {order.delivery_minor} for delivery, "
                f"of which {returned} went back"
            )


def _heavier_by(order: Order) -> int:
    """What it made the parcel dearer, minor units; where VAT is added to prices, at most."""
    step = order.delivery.get("step")
    due = max(0, step["whole_minor"] - step["before_minor"]) if step else 0
    if not due or not order.prices_net:
        return due
    rates = [Decimal(row["rate"]) for row in order.vat]
    return due + percent_of(due, max(rates)) + len(rates)


async def a_parcel_is_one(db: AsyncSession) -> AsyncIterator[str]:
    """An addition has the producer and the address of the order it joins, which joins none; they move together."""
    first, of_first = aliased(Order), aliased(OrderGroup)
    found = await db.execute(
        select(Order, OrderGroup, first, of_first)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(first, first.id == Order.joins_order_id)
        .join(of_first, of_first.id == first.group_id)
    )
    for order, group, other, of_other in found:
        if other.joins_order_id is not None:
            yield f"order {order.number} joins {other.number}, which joins another"
        if order.producer_id != other.producer_id or _door(group) != _door(of_other):
            yield f"order {order.number} joins {other.number}, which goes elsewhere"
        if {order.state, other.state} <= {*OPEN} and order.state != other.state:
            yield f"order {order.number} is {order.state}, {other.number} in the same parcel is {other.state}"


def _door(group: OrderGroup) -> tuple[str, ...]:
    return group.country, group.street, group.postal_code, group.city, group.province


ALL = (a_parcel_is_paid_for_once, a_parcel_is_one)
