"""Which orders are late, and which will be tomorrow. What is fetched is late until it stands ready.

An arrival that is only presumed (orders/arriving.py) ends no right: its buyer may still say that nothing has come.
Days are those of the shop. Source: law.md L29, docs/algorithms/overdue.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from app.commerce.orders import promises
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.commerce.orders.queries import taken_on
from app.commerce.orders.states import PRESUMED
from app.commerce.overdue.models import NewTerm
from app.kernel import clock
from app.kernel.errors import NotFound

MOST = 200  # on one list
LATE, WAITING, EXPIRED = "late", "waiting", "expired"
ENDED = "contract_ended"  # the kind of an event: orders/words.py
HOME = "Europe/Rome"
_WITH_SELLER = ("pending", "confirmed")
_BEFOREHAND = (1, 3)  # days before a piece must be ready
_DOUBTED = timedelta(days=60)  # from a presumed arrival, until its buyer can no longer choose by himself


@dataclass(frozen=True)
class Late:
    """An order that has not come in time, with its group and lines.

    promised: the last day that was told. until: the new term that its buyer has granted, if any.
    stage: LATE: he can grant one. WAITING: it runs. EXPIRED: it has passed too, and he can end the contract.
    """

    order: Order
    promised: date
    until: date | None
    today: date

    @property
    def stage(self) -> str:
        if self.until is None:
            return LATE
        return WAITING if self.until >= self.today else EXPIRED

    @property
    def group(self) -> OrderGroup:
        return self.order.group

    @property
    def is_being_made(self) -> bool:
        """Only its deposit is paid."""
        return self.group.state == DEPOSITED

    @property
    def is_presumed(self) -> bool:
        """It must have come by now, but nobody has said so."""
        return self.order.state == "delivered"

    @property
    def days(self) -> int:
        """Past the promised day."""
        return (self.today - self.promised).days


async def all_late(db: AsyncSession, time_zone: str, producer_id: int | None = None) -> list[Late]:
    """Those that were promised first come first, MOST at most. producer_id: only his."""
    mine: list[ColumnElement[bool]] = [] if producer_id is None else [Order.producer_id == producer_id]
    return await _late(db, time_zone, mine)


async def ids(db: AsyncSession, time_zone: str) -> list[int]:
    """Of all orders that are late, for the clock's round."""
    found = select(Order.id).join(Order.group).where(_is_late(clock.today(time_zone), time_zone))
    return list(await db.scalars(found.order_by(Order.id)))


async def of_group(db: AsyncSession, group_id: int, time_zone: str) -> list[Late]:
    """What its buyer may choose about: also where the arrival is only presumed."""
    return await _late(db, time_zone, [Order.group_id == group_id], presumed=True)


async def one(db: AsyncSession, order_id: int, time_zone: str) -> Late | None:
    """As `of_group`; None for an order that is not late (any more)."""
    return next(iter(await _late(db, time_zone, [Order.id == order_id], presumed=True)), None)


def number_late() -> Select[int]:
    """Counts the parcels that are late today."""
    late = _is_late(clock.today(HOME), HOME)
    return select(func.count(Order.id)).join(OrderGroup, OrderGroup.id == Order.group_id).where(late)


def number_late_at(producer_id: int) -> Select[int]:
    """Of one producer's parcels."""
    return number_late().where(Order.producer_id == producer_id)


async def ended(db: AsyncSession, order_id: int) -> bool:
    """Has its buyer ended the contract before?"""
    event = select(OrderEvent.id).where(OrderEvent.order_id == order_id, OrderEvent.kind == ENDED)
    return await db.scalar(event.limit(1)) is not None


async def was_delivered(db: AsyncSession, group_id: int) -> bool:
    """Has anything of a group ever arrived?"""
    event = select(OrderEvent.id).where(OrderEvent.group_id == group_id, OrderEvent.to_state == "delivered")
    return await db.scalar(event.limit(1)) is not None


async def term(db: AsyncSession, term_id: int) -> NewTerm:
    """Raises NotFound."""
    found = await db.get(NewTerm, term_id)
    if found is None:
        raise NotFound
    return found


async def due(db: AsyncSession, time_zone: str) -> dict[int, list[tuple[Order, date]]]:
    """Producer id → what he must have done tomorrow (a piece: in three days too), with the day.

    A parcel must leave, a piece must be ready, a new term ends. What came in today is not in it: he has just heard.
    """
    today = clock.today(time_zone)
    tomorrow = today + timedelta(days=1)
    soon = [today + timedelta(days=days) for days in _BEFOREHAND]
    leaves = and_(Order.state.in_((*_WITH_SELLER, "processing")), OrderGroup.state != DEPOSITED, ~_is_fetched())
    made = and_(OrderGroup.state == DEPOSITED, OrderGroup.balance_asked_at.is_(None), Order.state.in_(_WITH_SELLER))
    is_due: ColumnElement[bool] = or_(
        and_(leaves, Order.ship_by == tomorrow),
        and_(made, Order.promised_on.in_(soon)),
        and_(_is_open(), exists().where(NewTerm.order_id == Order.id, NewTerm.until == tomorrow)),
    )
    rows = await db.scalars(
        select(Order)
        .join(Order.group)
        .where(is_due, taken_on(), OrderGroup.placed_at < _midnight(today, time_zone))
        .options(contains_eager(Order.group))
        .order_by(Order.id)
    )
    found: dict[int, list[tuple[Order, date]]] = {}
    for order in rows:
        is_made = order.group.state == DEPOSITED and order.promised_on in soon
        day = order.promised_on if is_made and order.promised_on is not None else tomorrow
        found.setdefault(order.producer_id, []).append((order, day))
    return found


async def _late(
    db: AsyncSession, time_zone: str, only: Sequence[ColumnElement[bool]], *, presumed: bool = False
) -> list[Late]:
    today = clock.today(time_zone)
    until = select(func.max(NewTerm.until)).where(NewTerm.order_id == Order.id).scalar_subquery()
    rows: Any = await db.execute(
        select(Order, until)
        .join(Order.group)
        .where(_is_late(today, time_zone, presumed=presumed), *only)
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .order_by(func.coalesce(Order.promised_on, today), Order.id)
        .limit(MOST)
    )
    return [Late(order, promises.day(order, order.group, time_zone), until, today) for order, until in rows]


def _is_late(today: date, time_zone: str, *, presumed: bool = False) -> ColumnElement[bool]:
    """Of an order joined with its group. Where no day was fixed, thirty days count from the contract."""
    by_law = OrderGroup.placed_at < _midnight(today - promises.BY_LAW, time_zone)
    return and_(
        or_(Order.promised_on < today, and_(Order.promised_on.is_(None), by_law)),
        or_(_is_open(), _is_presumed()) if presumed else _is_open(),
        taken_on(),
    )


def _is_open() -> ColumnElement[bool]:
    """Its seller has still to do something. Who is asked for a balance keeps it waiting himself. What is presumed to
    have come is open again once its buyer has granted a new term.
    """
    doubted = and_(_is_presumed(), exists().where(NewTerm.order_id == Order.id))
    asked = and_(OrderGroup.state == DEPOSITED, OrderGroup.balance_asked_at.is_not(None))
    with_seller = or_(Order.state.in_((*_WITH_SELLER, "shipped")), and_(Order.state == "processing", ~_is_fetched()))
    return and_(or_(with_seller, doubted), not_(asked))


def _is_presumed() -> ColumnElement[bool]:
    since = clock.now() - _DOUBTED
    event = exists().where(OrderEvent.order_id == Order.id, OrderEvent.kind == PRESUMED, OrderEvent.at >= since)
    return and_(Order.state == "delivered", event)


def _is_fetched() -> ColumnElement[bool]:
    return func.coalesce(Order.delivery["method"].as_string(), "") == "pickup"


def _midnight(day: date, time_zone: str) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)
