"""One parcel: a paid order, and what its buyer has had put into the same box since.

An order that joins another (`joins_order_id`) is an ordinary one, with its own payment, ledger and refunds; only the
box, its label and the producer's deeds are shared. Whoever changes what belongs to a parcel takes the lock of the first
order's group before all others, so that nobody waits in a circle. Source: docs/algorithms/open-orders.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager, selectinload

from app.commerce.orders.models import Order, OrderGroup
from app.kernel import clock

HELD_OPEN = timedelta(minutes=45)  # a producer waits so long for an addition to be paid
GONE = ("awaiting_payment", "cancelled", "refunded")
JOINABLE = ("pending",)  # states of an order with which an addition that is paid now still travels


def first_id(order: Order) -> int:
    """The id of the order in whose parcel this one travels: its own, if it joins none."""
    return order.joins_order_id or order.id


async def lock(db: AsyncSession, first: int) -> list[Order]:
    """The orders of a parcel that stand (paid, not called off), the first one first, with groups and lines; locked."""
    of_parcel = or_(Order.id == first, Order.joins_order_id == first)
    groups = select(OrderGroup.id).where(OrderGroup.id.in_(select(Order.group_id).where(of_parcel)))
    await db.execute(groups.order_by(OrderGroup.id).with_for_update(key_share=True))
    await db.execute(select(Order.id).where(of_parcel).order_by(Order.id).with_for_update(key_share=True))
    return [order for order in await _loaded(db, of_parcel) if order.state not in GONE]


async def lock_first(db: AsyncSession, group_id: int) -> None:
    """Lock the groups of the orders that this group's orders join. Before the group's own lock."""
    first = aliased(Order)
    groups = select(first.group_id).join(Order, Order.joins_order_id == first.id).where(Order.group_id == group_id)
    ids = set(await db.scalars(groups))
    if ids:
        await db.execute(
            select(OrderGroup.id).where(OrderGroup.id.in_(ids)).order_by(OrderGroup.id).with_for_update(key_share=True)
        )


async def can_still_join(db: AsyncSession, group_id: int) -> bool:
    """Whether all orders that this group's orders join still wait to be confirmed. Under the lock of `lock_first`."""
    first = aliased(Order)
    closed = (
        select(Order.id)
        .join(first, Order.joins_order_id == first.id)
        .where(Order.group_id == group_id, first.state.not_in(JOINABLE))
    )
    return await db.scalar(closed.limit(1)) is None


async def being_added(db: AsyncSession, first: int) -> tuple[str, datetime] | None:
    """Who is paying for an addition to this parcel, and until when its producer waits; None for nobody.

    Under the parcel's lock. An addition that is paid later than that is given back (payments/settling.py).
    """
    now = clock.now()
    found = await db.execute(
        select(OrderGroup.name, OrderGroup.placed_at, OrderGroup.hold_until)
        .join(Order, Order.group_id == OrderGroup.id)
        .where(Order.joins_order_id == first, OrderGroup.state == "awaiting_payment")
        .order_by(OrderGroup.placed_at.desc())
    )
    for name, placed_at, hold_until in found:
        until = min(hold_until, placed_at + HELD_OPEN)
        if until > now:
            return name, until
    return None


async def riders(db: AsyncSession, orders: Iterable[Order]) -> dict[int, list[Order]]:
    """Order id → the standing orders that travel with it, oldest first, with groups and lines."""
    ids = [order.id for order in orders]
    found: dict[int, list[Order]] = {}
    if ids:
        for order in await _loaded(db, Order.joins_order_id.in_(ids)):
            if order.state not in GONE and order.joins_order_id is not None:
                found.setdefault(order.joins_order_id, []).append(order)
    return found


async def numbers(db: AsyncSession, orders: Iterable[Order]) -> dict[int, str]:
    """Order id → the number of the order that it joins, for those that do."""
    ids = {order.joins_order_id for order in orders if order.joins_order_id is not None}
    if not ids:
        return {}
    known = dict((await db.execute(select(Order.id, Order.number).where(Order.id.in_(ids)))).all())
    return {order.id: known[order.joins_order_id] for order in orders if order.joins_order_id in known}


async def added_to(db: AsyncSession, ids: Sequence[int]) -> dict[int, list[str]]:
    """Order id → the numbers of the standing orders that travel with it, oldest first."""
    found: dict[int, list[str]] = {}
    if ids:
        riding = select(Order.joins_order_id, Order.number).where(
            Order.joins_order_id.in_(ids), Order.state.not_in(GONE)
        )
        for first, number in await db.execute(riding.order_by(Order.id)):
            found.setdefault(first or 0, []).append(number)
    return found


def rides() -> ColumnElement[bool]:
    """Of an Order: it is handled together with another that is in the same state."""
    first = aliased(Order)
    return exists().where(first.id == Order.joins_order_id, first.state == Order.state)


def with_riders(orders: Sequence[Order]) -> list[tuple[Order, list[Order]]]:
    """Those that stand for a parcel, each with those of the others that travel with it in the same state."""
    known = {order.id: order for order in orders}

    def carrier(order: Order) -> Order | None:
        first = known.get(order.joins_order_id or 0)
        return first if first is not None and first.state == order.state else None

    found: dict[int, tuple[Order, list[Order]]] = {o.id: (o, []) for o in orders if carrier(o) is None}
    for order in orders:
        if (first := carrier(order)) is not None:
            found[first.id][1].append(order)
    return list(found.values())


async def _loaded(db: AsyncSession, which: ColumnElement[bool]) -> list[Order]:
    found = await db.scalars(
        select(Order)
        .join(Order.group)
        .where(which)
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .order_by(Order.id)
        .execution_options(populate_existing=True)
    )
    return list(found)
