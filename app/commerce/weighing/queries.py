"""What weighing and capturing read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments.models import Payment
from app.commerce.payments.settling import HELD
from app.kernel.errors import NotFound

MOST = 100
TO_WEIGH = ("pending", "confirmed", "processing")
_STUCK = (Payment.state == "capturing", Payment.failure.is_not(None))


async def held_payment(db: AsyncSession, group_id: int) -> Payment | None:
    """The payment of a group that is authorised and not captured yet, locked. Whoever asks has the group's lock."""
    found = select(Payment).where(Payment.group_id == group_id, Payment.state.in_(HELD)).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True))


async def locked_payment(db: AsyncSession, payment_id: int) -> Payment | None:
    found = select(Payment).where(Payment.id == payment_id).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True))


async def at_desk(db: AsyncSession, producer_id: int, number: str) -> Order:
    """One of the producer's orders that has been taken on, with group and lines. Raises NotFound for anybody else's."""
    order = await db.scalar(
        select(Order)
        .join(Order.group)
        .where(Order.number == number, Order.producer_id == producer_id)
        .where(or_(OrderGroup.paid_at.is_not(None), OrderGroup.authorized_at.is_not(None)))
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


async def due_groups(db: AsyncSession, now: datetime, before: datetime) -> list[int]:
    """Groups to be charged: their time is up, or somebody began and did not end before then."""
    stuck = (Payment.state == "capturing") & (Payment.settled_at < before)
    overdue = (Payment.state == "authorized") & (Payment.capture_by <= now)
    found = select(Payment.group_id).where(or_(stuck, overdue)).order_by(Payment.group_id)
    return list(await db.scalars(found.limit(MOST)))


def stuck() -> Select[int]:
    """Counts the charges that wait for staff: refused, or of another amount than was weighed."""
    return select(func.count()).select_from(Payment).where(*_STUCK)


async def stuck_payments(db: AsyncSession) -> list[tuple[Payment, str]]:
    """Those, with the number of their group, the oldest first: the bank waits only for some days."""
    found = select(Payment, OrderGroup.number).join(OrderGroup, OrderGroup.id == Payment.group_id)
    rows = await db.execute(found.where(*_STUCK).order_by(Payment.id).limit(MOST))
    return [(payment, number) for payment, number in rows]


async def stuck_payment(db: AsyncSession, payment_id: int) -> tuple[Payment, OrderGroup]:
    """One of them, or one that was (its state says so). Raises NotFound for a payment that was never to be captured."""
    found = await db.execute(
        select(Payment, OrderGroup)
        .join(OrderGroup, OrderGroup.id == Payment.group_id)
        .where(Payment.id == payment_id, Payment.capture_minor.is_not(None))
        .execution_options(populate_existing=True)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def waiting_releases(db: AsyncSession, before: datetime) -> list[int]:
    """Authorisations that should have been let go by then."""
    late = (Payment.state == "releasing", Payment.settled_at < before)
    return list(await db.scalars(select(Payment.id).where(*late).order_by(Payment.id).limit(MOST)))


async def unweighed(db: AsyncSession, until: datetime) -> Sequence[tuple[int, datetime]]:
    """(order id, when it is charged) of orders that want weights and whose time is up by then."""
    wants = exists().where(
        OrderLine.order_id == Order.id, OrderLine.kg_price_minor.is_not(None), OrderLine.weighed_at.is_(None)
    )
    rows = await db.execute(
        select(Order.id, Payment.capture_by)
        .join(Payment, Payment.group_id == Order.group_id)
        .where(Payment.state == "authorized", Payment.capture_by <= until, Order.state.in_(TO_WEIGH), wants)
        .order_by(Order.id)
        .limit(MOST)
    )
    return [(order_id, capture_by) for order_id, capture_by in rows if capture_by is not None]


async def group_numbered(db: AsyncSession, number: str) -> int | None:
    return await db.scalar(select(OrderGroup.id).where(OrderGroup.number == number))


async def payments_of_group(db: AsyncSession, group_id: int) -> list[Payment]:
    return list(await db.scalars(select(Payment).where(Payment.group_id == group_id).order_by(Payment.id)))


async def capture_by(db: AsyncSession, group_id: int) -> datetime | None:
    """When a group is charged at the latest; None once that has begun."""
    found = select(Payment.capture_by).where(Payment.group_id == group_id, Payment.state == "authorized")
    return await db.scalar(found)
