"""What decides about open orders, and what may join what."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.commerce.additions.opening import Open, OrderFacts, open_until
from app.commerce.orders import leaving, parcels
from app.commerce.orders import queries as orders_of
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import Payment
from app.commerce.withdrawals import queries as withdrawals
from app.commerce.withdrawals.models import Withdrawal
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers.models import Producer


async def opened(db: AsyncSession, shop: ShopFacts, orders: Sequence[Order]) -> dict[int, Open]:
    """Order id → until when it is open, for those that are. orders: with groups and lines.

    An order that travels with another is open as long as both are.
    """
    pending = [order for order in orders if order.state == "pending" and order.group.paid_at is not None]
    if not pending:
        return {}
    firsts = {order.id: order for order in orders}
    missing = {parcels.first_id(order) for order in pending} - set(firsts)
    firsts |= {order.id: order for order in (await of_ids(db, sorted(missing)) if missing else [])}
    hours = await _hours(db, [order.producer_id for order in pending])
    barred = await _barred(db, [*pending, *(firsts[parcels.first_id(order)] for order in pending)])
    found = {}
    for order in pending:
        first = firsts[parcels.first_id(order)]
        facts = OrderFacts(
            first.state,
            first.group.paid_at is not None,
            None if leaving.is_pickup(first) else leaving.day(first, first.group, shop.time_zone),
            hours[order.producer_id],
            is_barred=bool({order.id, first.id} & barred),
        )
        if until := open_until(facts, clock.now(), shop.time_zone):
            found[order.id] = until
    return found


async def _hours(db: AsyncSession, producer_ids: Sequence[int]) -> dict[int, int | None]:
    rows = select(Producer.id, Producer.closes_hours_before).where(Producer.id.in_(producer_ids))
    return dict((await db.execute(rows)).all())


async def _barred(db: AsyncSession, orders: Sequence[Order]) -> set[int]:
    """Those that are contested at the bank, under withdrawal, or not yet weighed."""
    contested = set(
        await db.scalars(
            select(Payment.group_id).where(
                Payment.group_id.in_([order.group_id for order in orders]), Payment.dispute_id.is_not(None)
            )
        )
    )
    withdrawn = set(
        await db.scalars(
            select(Withdrawal.order_id).where(
                Withdrawal.order_id.in_([order.id for order in orders]), Withdrawal.state.in_(withdrawals.OPEN)
            )
        )
    )
    by_weight = {order.id for order in orders if any(line.kg_price_minor is not None for line in order.lines)}
    return withdrawn | by_weight | {order.id for order in orders if order.group_id in contested}


async def of_ids(db: AsyncSession, ids: Sequence[int]) -> list[Order]:
    """Orders with their groups and lines."""
    found = select(Order).join(Order.group).where(Order.id.in_(ids))
    return list(
        await db.scalars(
            found.options(contains_eager(Order.group), selectinload(Order.lines))
            .order_by(Order.id)
            .execution_options(populate_existing=True)
        )
    )


async def whole(db: AsyncSession, group_id: int) -> OrderGroup:
    """A group with its orders and lines, each order with the group. Raises NotFound."""
    return bound(await orders_of.with_orders(db, group_id))


def bound(group: OrderGroup) -> OrderGroup:
    """The same, of a group that is loaded with orders and lines."""
    for order in group.orders:
        set_committed_value(order, "group", group)
    return group


async def at_same_door(db: AsyncSession, orders: Sequence[Order]) -> list[Order]:
    """The buyer's other orders of the same producers, in parcels of their own, that go to the same place.

    orders: of one group. The same buyer: the same account; without one, the same address of mail, name and telephone.
    """
    group = orders[0].group
    same = [OrderGroup.user_id == group.user_id]
    if group.user_id is None:
        same = [
            OrderGroup.user_id.is_(None), OrderGroup.email == group.email, OrderGroup.name == group.name,
            OrderGroup.phone == group.phone,
        ]  # fmt: skip
    place = ("country", "street", "postal_code", "city", "province")
    ids = await db.scalars(
        select(Order.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(*same, *(getattr(OrderGroup, name) == getattr(group, name) for name in place))
        .where(Order.producer_id.in_([order.producer_id for order in orders]), Order.joins_order_id.is_(None))
        .where(Order.id.not_in([order.id for order in orders]))
        .where(Order.state == "pending", OrderGroup.paid_at.is_not(None), OrderGroup.currency == group.currency)
        .order_by(Order.id)
    )
    return await of_ids(db, found) if (found := list(ids)) else []


async def unpaid(db: AsyncSession, orders: Sequence[Order]) -> list[Order]:
    """What is being added to these orders and still waits for its payment."""
    ids = await db.scalars(
        select(Order.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Order.joins_order_id.in_([order.id for order in orders]), OrderGroup.state == "awaiting_payment")
    )
    return await of_ids(db, found) if (found := list(ids)) else []


async def riding(db: AsyncSession, number: str, first_ids: Sequence[int]) -> Order | None:
    """The order of that number, if it travels with one of these."""
    return await db.scalar(select(Order).where(Order.number == number, Order.joins_order_id.in_(first_ids)))
