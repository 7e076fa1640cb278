"""What the pages of buyers and producers, and the mails, read of orders. Who may see is part of each query."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager, selectinload

from app.catalog.models import Product
from app.commerce.orders import links, parcels
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.commerce.orders.views import OPEN
from app.identity.models import User
from app.kernel.errors import NotFound
from app.kernel.tenancy import Person
from app.producers.models import Producer, ProducerMember
from app.settings import Settings

MOST = 200  # orders on one desk at once; more are told by the counts
PAGE = 30
IN_SIGHT = 40  # parcels on their way that a desk shows
AT_ONCE = 1000  # parcels that a night's work takes on


async def group_for(db: AsyncSession, settings: Settings, number: str, key: str, person: Person | None) -> OrderGroup:
    """A buyer's group, by its private link or as its signed-in owner. Raises NotFound alike for all others."""
    if key:
        return await links.group_by_link(db, settings, number, key)
    if person is None:
        raise NotFound
    group = await db.scalar(select(OrderGroup).where(OrderGroup.number == number, OrderGroup.user_id == person.id))
    if group is None:
        raise NotFound
    return group


async def packaging_of(db: AsyncSession, product_ids: Collection[int]) -> dict[int, Sequence[Mapping[str, str]]]:
    """What products are packed in today."""
    rows = await db.execute(select(Product.id, Product.packaging).where(Product.id.in_(product_ids)))
    return dict(rows.all())


def pictures() -> Select[tuple[str]]:
    """The keys of the pictures in lines of orders, for who would remove them."""
    key = OrderLine.snapshot["image"].as_string()
    return select(key).where(key.is_not(None))


async def with_orders(db: AsyncSession, group_id: int) -> OrderGroup:
    """A group with its orders and lines. Raises NotFound."""
    group = await db.scalar(
        select(OrderGroup)
        .where(OrderGroup.id == group_id)
        .options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    if group is None:
        raise NotFound
    return group


async def events_of(db: AsyncSession, group_id: int) -> list[OrderEvent]:
    """The timeline of a group and its orders, oldest first."""
    return list(await db.scalars(select(OrderEvent).where(OrderEvent.group_id == group_id).order_by(OrderEvent.id)))


@dataclass(frozen=True)
class Bought:
    """A line of somebody's list of orders. parcels: the states of its orders."""

    number: str
    state: str
    placed_at: datetime
    total_minor: int
    currency: str
    parcels: Sequence[str]


async def bought_by(db: AsyncSession, user_id: int, page: int) -> list[Bought]:
    """A person's orders, newest first, one page of them and one more."""
    parcels = (
        select(func.aggregate_strings(Order.state, " "))
        .where(Order.group_id == OrderGroup.id)
        .correlate(OrderGroup)
        .scalar_subquery()
    )
    group = (OrderGroup.number, OrderGroup.state, OrderGroup.placed_at, OrderGroup.total_minor, OrderGroup.currency)
    rows = await db.execute(
        select(*group, parcels)
        .where(OrderGroup.user_id == user_id)
        .order_by(OrderGroup.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [
        Bought(number, state, placed_at, total_minor, currency, (states or "").split())
        for number, state, placed_at, total_minor, currency, states in rows
    ]


async def id_by_mail(db: AsyncSession, number: str, email: str) -> int | None:
    """The group of that number that was ordered with that address."""
    found = select(OrderGroup.id).where(OrderGroup.number == number, func.lower(OrderGroup.email) == email.lower())
    return await db.scalar(found)


def taken_on() -> ColumnElement[bool]:
    """Its producers may see it: it is paid, or authorised until it is weighed."""
    return or_(OrderGroup.paid_at.is_not(None), OrderGroup.authorized_at.is_not(None))


async def at_desk(db: AsyncSession, producer_id: int, number: str) -> Order:
    """One of the producer's paid orders, with its group and lines. Raises NotFound for anybody else's."""
    order = await db.scalar(
        select(Order)
        .join(Order.group)
        .where(Order.number == number, Order.producer_id == producer_id, taken_on())
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


async def of_group(db: AsyncSession, group_id: int, number: str) -> Order:
    """One of a group's orders, with the group and its lines. Raises NotFound."""
    order = await db.scalar(
        select(Order)
        .join(Order.group)
        .where(Order.group_id == group_id, Order.number == number)
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


async def desk_events(db: AsyncSession, order: Order) -> list[OrderEvent]:
    """The timeline of one order, oldest first."""
    found = select(OrderEvent).where(OrderEvent.group_id == order.group_id, OrderEvent.order_id == order.id)
    return list(await db.scalars(found.order_by(OrderEvent.id)))


async def open_at_desk(db: AsyncSession, producer_id: int) -> list[Order]:
    """What the producer has to do, oldest first, with groups and lines."""
    found = await db.scalars(
        select(Order)
        .join(Order.group)
        .where(Order.producer_id == producer_id, Order.state.in_(OPEN), taken_on())
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .order_by(Order.id)
        .limit(MOST)
        .execution_options(populate_existing=True)
    )
    return list(found)


@dataclass(frozen=True)
class Away:
    """An order, with its group and lines, that left `since`, or has stood ready to be fetched since then."""

    order: Order
    since: datetime


async def on_the_way(db: AsyncSession, producer_id: int) -> list[Away]:
    """What the producer has sent and nobody has said to have come, the longest away first; IN_SIGHT of them."""
    return await _away(db, and_(Order.producer_id == producer_id, Order.state == "shipped"), IN_SIGHT)


async def away(db: AsyncSession, sent_before: datetime, ready_before: datetime) -> list[Away]:
    """What was sent, or stood ready to be fetched, before these moments and has not come; AT_ONCE of them."""
    sent = and_(Order.state == "shipped", OrderEvent.at < sent_before)
    is_fetched = Order.delivery["method"].as_string() == "pickup"
    return await _away(
        db, or_(sent, and_(Order.state == "processing", is_fetched, OrderEvent.at < ready_before)), AT_ONCE
    )


async def _away(db: AsyncSession, which: ColumnElement[bool], most: int) -> list[Away]:
    came_into_its_state = and_(
        OrderEvent.group_id == Order.group_id, OrderEvent.order_id == Order.id, OrderEvent.to_state == Order.state
    )
    rows = await db.execute(
        select(Order, OrderEvent.at)
        .join(Order.group)
        .join(OrderEvent, came_into_its_state)
        .where(which)
        .options(contains_eager(Order.group), selectinload(Order.lines))
        .order_by(OrderEvent.at, Order.id)
        .limit(most)
        .execution_options(populate_existing=True)
    )
    return [Away(order, since) for order, since in rows]


async def counts_at_desk(db: AsyncSession, producer_id: int) -> dict[str, int]:
    """How many of the producer's parcels are in each state of his day's work, those on their way among them."""
    rows = await db.execute(
        select(Order.state, func.count())
        .where(Order.producer_id == producer_id, Order.state.in_((*OPEN, "shipped")), ~parcels.rides())
        .group_by(Order.state)
    )
    return dict(rows.all())


@dataclass(frozen=True)
class PastOrder:
    """A line of a producer's history. joins: the number of the order that it was added to, or "".

    added: the numbers of what was added to it.
    """

    number: str
    state: str
    name: str
    city: str
    paid_at: datetime | None
    total_minor: int
    currency: str
    joins: str
    added: Sequence[str]


async def history_at_desk(db: AsyncSession, producer_id: int, search: str, page: int) -> list[PastOrder]:
    """The producer's paid orders, newest first, one page and one more. search: part of a number."""
    first = aliased(Order)
    found = (
        select(
            Order.id,
            Order.number,
            Order.state,
            OrderGroup.name,
            OrderGroup.city,
            OrderGroup.paid_at,
            Order.total_minor,
            OrderGroup.currency,
            func.coalesce(first.number, ""),
        )
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .outerjoin(first, first.id == Order.joins_order_id)
        .where(Order.producer_id == producer_id, taken_on())
    )
    if search:
        found = found.where(Order.number.icontains(search, autoescape=True))
    rows = (await db.execute(found.order_by(Order.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE))).all()
    added = await parcels.added_to(db, [row[0] for row in rows])
    return [PastOrder(*row[1:], added.get(row[0], ())) for row in rows]


@dataclass(frozen=True)
class ToPack:
    """So many pieces of one product, over several orders. line: one of theirs, for its words."""

    line: OrderLine
    pieces: int
    orders: int


async def to_pack(db: AsyncSession, producer_id: int) -> list[ToPack]:
    """Everything the producer has still to prepare, summed per product. Orders that are packed are not in it."""
    sums = (
        select(
            OrderLine.sku,
            func.max(OrderLine.id).label("line_id"),
            func.sum(OrderLine.quantity - OrderLine.refunded_pieces).label("pieces"),
            func.count(func.distinct(func.coalesce(Order.joins_order_id, Order.id))).label("orders"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(
            Order.producer_id == producer_id,
            Order.state.in_(("pending", "confirmed")),
            taken_on(),
            OrderLine.quantity > OrderLine.refunded_pieces,
        )
        .group_by(OrderLine.sku)
        .subquery()
    )
    rows = await db.execute(
        select(OrderLine, sums.c.pieces, sums.c.orders)
        .join(sums, sums.c.line_id == OrderLine.id)
        .order_by(OrderLine.sku)
    )
    return [ToPack(line, int(pieces), int(orders)) for line, pieces, orders in rows]


@dataclass(frozen=True)
class Reader:
    """Who hears of a producer's orders. user_id: none for the producer's own address."""

    email: str
    locale: str
    user_id: int | None


async def readers_at(db: AsyncSession, producer_ids: Sequence[int]) -> dict[int, list[Reader]]:
    """Producer id → his own address and those of the people at his desk, each address once."""
    own = await db.execute(select(Producer.id, Producer.email).where(Producer.id.in_(producer_ids)))
    found = {producer_id: [Reader(email, "it", None)] for producer_id, email in own}
    members = await db.execute(
        select(ProducerMember.producer_id, User.email, User.locale, User.id)
        .join(User, User.id == ProducerMember.user_id)
        .where(ProducerMember.producer_id.in_(producer_ids), User.disabled_at.is_(None))
        .order_by(User.id)
    )
    for producer_id, email, locale, user_id in members:
        readers = found[producer_id]
        if email.lower() not in {reader.email.lower() for reader in readers}:
            readers.append(Reader(email, locale, user_id))
    return found


async def order_of(db: AsyncSession, order_id: int) -> Order:
    """An order with its group and lines, for its mails. Raises NotFound."""
    order = await db.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.group), selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


async def leaving(
    db: AsyncSession, producer_ids: Collection[int], days: Collection[date]
) -> Mapping[tuple[int, date], int]:
    """Parcels of paid orders that a courier takes from these producers, by producer and day."""
    gone = ("cancelled", "refunded")
    rows = await db.execute(
        select(Order.producer_id, Order.ship_by, func.count())
        .where(Order.producer_id.in_(producer_ids), Order.ship_by.in_(days))
        .where(Order.state.not_in(gone), Order.joins_order_id.is_(None))
        .group_by(Order.producer_id, Order.ship_by)
    )
    return {(producer_id, day): number for producer_id, day, number in rows if day is not None}


def is_full(rows: Sequence[object]) -> bool:
    """Whether a list of one page and one more has a next page."""
    return len(rows) > PAGE
