"""What the pages and mails of withdrawals read. Who may see is part of each query."""

from datetime import date, datetime

from sqlalchemy import Select, and_, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload
from sqlalchemy.sql.base import ExecutableOption

from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.commerce.orders.states import PRESUMED
from app.commerce.withdrawals.claims import Known
from app.commerce.withdrawals.models import Withdrawal, WithdrawalLine, WithdrawalStatement
from app.kernel import clock
from app.kernel.errors import NotFound
from app.system.models import OutgoingMail

OPEN = ("received", "awaiting_goods", "goods_back")
PAGE = 40
MOST = 500  # that a day's reminders take on


async def known_of(db: AsyncSession, group_id: int) -> Known:
    """All that decides about a group. Raises NotFound."""
    return await known_about(db, await orders.with_orders(db, group_id))


async def known_about(db: AsyncSession, group: OrderGroup) -> Known:
    """The same for a group that is loaded with its orders and lines."""
    moves = await db.execute(
        select(OrderEvent.order_id, OrderEvent.to_state, OrderEvent.at, OrderEvent.kind)
        .where(OrderEvent.group_id == group.id, OrderEvent.to_state.in_(("shipped", "delivered")))
        .order_by(OrderEvent.id)
    )
    arrived: dict[int, datetime] = {}
    left: set[int] = set()
    presumed: set[int] = set()
    for order_id, state, at, kind in moves:
        if order_id is None:
            continue
        left.add(order_id)
        if state == "delivered":
            arrived[order_id] = at
            if kind == PRESUMED:
                presumed.add(order_id)
    informed = await db.scalar(
        select(OutgoingMail.created_at).where(
            OutgoingMail.kind == "order.confirmation",
            OutgoingMail.reference == group.number,
            OutgoingMail.state != "failed",
        )
    )
    pieces = await db.execute(
        select(WithdrawalLine.order_line_id, func.sum(WithdrawalLine.quantity))
        .join(Withdrawal, Withdrawal.id == WithdrawalLine.withdrawal_id)
        .join(Order, Order.id == Withdrawal.order_id)
        .where(Order.group_id == group.id, Withdrawal.state.in_(OPEN))
        .group_by(WithdrawalLine.order_line_id)
    )
    return Known(group, arrived, left, informed, {line_id: int(count) for line_id, count in pieces}, presumed)


async def statement(db: AsyncSession, group_id: int, key: str) -> WithdrawalStatement:
    """A statement or its draft, with what has become of it. Raises NotFound."""
    found = await db.scalar(
        select(WithdrawalStatement)
        .where(WithdrawalStatement.group_id == group_id, WithdrawalStatement.key == key)
        .options(_whole())
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def statement_by_id(db: AsyncSession, statement_id: int) -> WithdrawalStatement:
    """For its mails. Raises NotFound."""
    found = await db.scalar(
        select(WithdrawalStatement)
        .where(WithdrawalStatement.id == statement_id)
        .options(_whole())
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def submitted(db: AsyncSession, group_id: int) -> list[WithdrawalStatement]:
    """The statements that were made about a group, oldest first."""
    return list(
        await db.scalars(
            select(WithdrawalStatement)
            .where(WithdrawalStatement.group_id == group_id, WithdrawalStatement.submitted_at.is_not(None))
            .order_by(WithdrawalStatement.submitted_at, WithdrawalStatement.id)
        )
    )


def _whole() -> ExecutableOption:
    withdrawals = selectinload(WithdrawalStatement.withdrawals)
    return withdrawals.options(
        selectinload(Withdrawal.order), selectinload(Withdrawal.lines).selectinload(WithdrawalLine.order_line)
    )


def _one() -> Select[Withdrawal]:
    """With its order, the buyer's group, the statement and the lines."""
    return (
        select(Withdrawal)
        .join(Withdrawal.order)
        .join(Order.group)
        .options(
            contains_eager(Withdrawal.order).contains_eager(Order.group),
            selectinload(Withdrawal.statement),
            selectinload(Withdrawal.lines).selectinload(WithdrawalLine.order_line),
        )
        .execution_options(populate_existing=True)
    )


async def of_buyer(db: AsyncSession, group_id: int, number: str) -> Withdrawal:
    """One of a group's. Raises NotFound."""
    return await _found(db, _one().where(OrderGroup.id == group_id, Withdrawal.number == number))


async def at_desk(db: AsyncSession, producer_id: int | None, number: str) -> Withdrawal:
    """One of the producer's, or anybody's for staff, None. Raises NotFound for what is not his."""
    query = _one().where(Withdrawal.number == number)
    return await _found(db, query if producer_id is None else query.where(Withdrawal.producer_id == producer_id))


async def by_id(db: AsyncSession, withdrawal_id: int) -> Withdrawal:
    """For its mails. Raises NotFound."""
    return await _found(db, _one().where(Withdrawal.id == withdrawal_id))


async def _found(db: AsyncSession, asked: Select[Withdrawal]) -> Withdrawal:
    found = await db.scalar(asked)
    if found is None:
        raise NotFound
    return found


async def listed(db: AsyncSession, page: int, *, producer_id: int | None = None) -> list[Withdrawal]:
    """One page and one more: first what is open, by the day on which the money is due; then what is closed.

    producer_id: only his; none for staff.
    """
    is_closed = case((Withdrawal.state.in_(OPEN), 0), else_=1)
    waits = case((Withdrawal.due_on.is_(None), 1), else_=0)
    closed_last = case((Withdrawal.state.in_(OPEN), None), else_=Withdrawal.closed_at).desc()
    asked = _one().order_by(
        is_closed, case((is_closed == 0, waits), else_=0), case((is_closed == 0, Withdrawal.due_on)), closed_last,
        Withdrawal.id,
    )  # fmt: skip
    if producer_id is not None:
        asked = asked.where(Withdrawal.producer_id == producer_id)
    return list(await db.scalars(asked.limit(PAGE + 1).offset((page - 1) * PAGE)))


def due() -> Select[int]:
    """Counts the refunds that are due today or overdue."""
    return select(func.count(Withdrawal.id)).where(Withdrawal.state.in_(OPEN), Withdrawal.due_on <= clock.now().date())


def open_at(producer_id: int) -> Select[int]:
    """Counts what a producer has still to do something about: all but those whose goods he may wait for."""
    waits = and_(Withdrawal.state == "awaiting_goods", Withdrawal.due_on.is_(None))
    return select(func.count(Withdrawal.id)).where(
        Withdrawal.producer_id == producer_id, Withdrawal.state.in_(OPEN), not_(waits)
    )


async def due_by(db: AsyncSession, day: date) -> list[Withdrawal]:
    """Open ones whose money is due on that day or before, the oldest first."""
    found = _one().where(Withdrawal.state.in_(OPEN), Withdrawal.due_on <= day).order_by(Withdrawal.due_on)
    return list(await db.scalars(found.limit(MOST)))


async def numbered(db: AsyncSession, order_id: int) -> int:
    """How many withdrawals an order has already."""
    return await db.scalar(select(func.count(Withdrawal.id)).where(Withdrawal.order_id == order_id)) or 0
