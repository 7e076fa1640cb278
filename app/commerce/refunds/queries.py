"""What refunds are reckoned from, and what their pages show."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments.models import DEPOSIT, Payment, Recovery
from app.commerce.refunds.models import Refund, RefundPart
from app.commerce.refunds.plan import DeliveryRate, LineFacts, OrderFacts, Paid
from app.kernel.errors import NotFound
from app.kernel.money import allocate

PAGE = 50
MOST = 100


async def facts(db: AsyncSession, group: OrderGroup) -> list[OrderFacts]:
    """What can still go back of each order of a group, whose orders and lines are loaded."""
    back: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    found = select(RefundPart.order_id, RefundPart.delivery)
    for order_id, delivery in await db.execute(found.where(RefundPart.order_id.in_([o.id for o in group.orders]))):
        back[order_id] += delivery
    return [order_facts(order, back[order.id]) for order in group.orders]


def order_facts(order: Order, delivery_back: Sequence[Mapping[str, Any]]) -> OrderFacts:
    """An order with its lines loaded. delivery_back: the delivery rows of its refunds."""
    lines = [
        LineFacts(
            line.id,
            line.quantity,
            line.gross_minor,
            Decimal(line.vat_rate),
            line.vat_minor,
            line.fee_minor,
            line.shop_funded_minor,
            line.refunded_pieces,
            line.refunded_minor,
            _sold_g(line),
        )
        for line in order.lines
    ]
    return OrderFacts(order.id, order.producer_id, lines, _delivery(order, lines, delivery_back))


def _sold_g(line: OrderLine) -> int:
    """What was charged by the gram: beyond the upper limit a piece costs nothing more."""
    terms = reckoning.terms_of(line)
    return sum(min(grams, terms.most_g) for grams in line.charged_grams) if terms else 0


def _delivery(order: Order, lines: Sequence[LineFacts], back: Sequence[Mapping[str, Any]]) -> list[DeliveryRate]:
    """The order's VAT rows hold goods and delivery together: what is not the lines' is the delivery's."""
    rows = []
    for row in order.vat:
        rate = Decimal(row["rate"])
        own = [line for line in lines if line.vat_rate == rate]
        taxed = row["gross_minor"] - sum(line.gross_minor + line.shop_funded_minor for line in own)
        if taxed > 0:
            rows.append((rate, taxed, row["vat_minor"] - sum(line.vat_minor for line in own)))
    if not rows:
        return []
    weights = [taxed for _rate, taxed, _vat in rows]
    gross = allocate(order.delivery_minor, weights)
    funded = allocate(order.shop_funded_minor - sum(line.shop_funded_minor for line in lines), weights)
    return [
        DeliveryRate(
            rate,
            gross[place],
            vat,
            funded[place],
            refunded_minor=sum(row["gross_minor"] for row in back if Decimal(row["rate"]) == rate),
            is_back=any(Decimal(row["rate"]) == rate for row in back),
        )
        for place, (rate, _taxed, vat) in enumerate(rows)
    ]


async def payment_of(db: AsyncSession, group_id: int) -> Payment | None:
    """The payment that stands for a group; after a deposit, the balance."""
    mine = (Payment.group_id == group_id, Payment.state == "paid", Payment.part != DEPOSIT)
    return await db.scalar(select(Payment).where(*mine).limit(1))


async def deposit_of(db: AsyncSession, group_id: int) -> Payment | None:
    """The payment of its deposit; None for what was paid all at once."""
    mine = (Payment.group_id == group_id, Payment.state == "paid", Payment.part == DEPOSIT)
    return await db.scalar(select(Payment).where(*mine).limit(1))


async def paid(db: AsyncSession, group: OrderGroup, payment: Payment | None, deposit: Payment | None = None) -> Paid:
    """How a group was paid, and where its refunds go (those on their way and those that failed count)."""
    sums = select(
        func.coalesce(func.sum(Refund.card_minor), 0),
        func.coalesce(func.sum(Refund.credit_minor), 0),
        func.coalesce(func.sum(Refund.wallet_minor + Refund.hand_minor), 0),
        func.coalesce(
            func.sum(case((Refund.payment_id == (deposit.id if deposit else 0), Refund.card_minor), else_=0)), 0
        ),
    ).where(Refund.group_id == group.id)
    card, credit, wallet, of_deposit = (await db.execute(sums)).one()
    ahead = deposit.amount_minor if deposit else 0
    return Paid(
        card_minor=ahead + (payment.amount_minor if payment else 0),
        credit_minor=group.credit_minor,
        card_refunded_minor=card,
        credit_refunded_minor=credit,
        wallet_refunded_minor=wallet,
        deposit_minor=ahead,
        deposit_refunded_minor=of_deposit,
    )


def mark(group: OrderGroup) -> str:
    """Changes when something of a group has been given back, or one of its orders has moved."""
    return ":".join(
        [str(group.refunded_minor), *(f"{o.state}/{sum(x.refunded_pieces for x in o.lines)}" for o in group.orders)]
    )


async def known(db: AsyncSession, request_key: str) -> Refund | None:
    return await db.scalar(select(Refund).where(Refund.request_key == request_key))


async def made_at_stripe(db: AsyncSession, stripe_id: str) -> int | None:
    """The refund that carries this id of Stripe's, though not our mark: somebody made it in Stripe's dashboard."""
    return await db.scalar(select(Refund.id).where(Refund.stripe_id == stripe_id))


async def count(db: AsyncSession, group_id: int) -> int:
    return await db.scalar(select(func.count()).select_from(Refund).where(Refund.group_id == group_id)) or 0


async def locked(db: AsyncSession, refund_id: int) -> Refund | None:
    """A refund, locked until the transaction ends."""
    found = select(Refund).where(Refund.id == refund_id).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True))


def _whole() -> Select[Refund]:
    return (
        select(Refund)
        .options(selectinload(Refund.parts).selectinload(RefundPart.lines))
        .execution_options(populate_existing=True)
    )


async def one(db: AsyncSession, number: str) -> Refund:
    """A refund with its parts and lines, by its number. Raises NotFound."""
    found = await db.scalar(_whole().where(Refund.number == number))
    if found is None:
        raise NotFound
    return found


async def with_parts(db: AsyncSession, refund_id: int) -> Refund:
    """The same by its id. Raises NotFound."""
    found = await db.scalar(_whole().where(Refund.id == refund_id))
    if found is None:
        raise NotFound
    return found


async def of_group(db: AsyncSession, group_id: int) -> list[Refund]:
    """The refunds of a group with parts and lines, oldest first."""
    return list(await db.scalars(_whole().where(Refund.group_id == group_id).order_by(Refund.id)))


@dataclass(frozen=True)
class Row:
    """A line of the staff's list of refunds. group: its number."""

    refund: Refund
    group: str
    name: str


async def listed(db: AsyncSession, search: str, state: str, page: int) -> list[Row]:
    """Refunds, newest first, one page and one more. search: in the number or the buyer's name."""
    found = select(Refund, OrderGroup.number, OrderGroup.name).join(OrderGroup, OrderGroup.id == Refund.group_id)
    if search:
        columns = (Refund.number, OrderGroup.name, OrderGroup.email)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if state:
        found = found.where(Refund.state == state)
    rows = await db.execute(found.order_by(Refund.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE))
    return [Row(*row) for row in rows]


def failed() -> Select[int]:
    """Counts the refunds that wait for staff: of orders, and of payments that came too late."""
    refunds = select(func.count()).select_from(Refund).where(Refund.state == "failed")
    late = select(func.count()).select_from(Payment).where(Payment.state == "late", Payment.failure.is_not(None))
    return select(refunds.scalar_subquery() + late.scalar_subquery())


async def late(db: AsyncSession) -> list[tuple[Payment, str]]:
    """Payments that came too late and that Stripe would not give back, with the number of their group."""
    found = select(Payment, OrderGroup.number).join(OrderGroup, OrderGroup.id == Payment.group_id)
    rows = await db.execute(
        found.where(Payment.state == "late", Payment.failure.is_not(None)).order_by(Payment.id).limit(MOST)
    )
    return [(payment, number) for payment, number in rows]


async def recoveries_of(db: AsyncSession, number: str) -> list[Recovery]:
    """How the producers' parts of a refund come back."""
    found = select(Recovery).where(Recovery.kind == "refund", Recovery.reference == number)
    return list(await db.scalars(found.order_by(Recovery.id)))


@dataclass(frozen=True)
class ProducerRow:
    """What a refund means for one producer. recovery: how his part comes back, if there is one."""

    refund: Refund
    part: RefundPart
    order: str
    recovery: Recovery | None


async def at_producer(db: AsyncSession, producer_id: int, page: int) -> list[ProducerRow]:
    """The refunds of a producer's orders, newest first, one page and one more."""
    rows = await db.execute(
        select(Refund, RefundPart, Order.number, Recovery)
        .join(RefundPart, RefundPart.refund_id == Refund.id)
        .join(Order, Order.id == RefundPart.order_id)
        .outerjoin(
            Recovery,
            (Recovery.order_id == RefundPart.order_id)
            & (Recovery.kind == "refund")
            & (Recovery.reference == Refund.number),
        )
        .where(RefundPart.producer_id == producer_id)
        .order_by(RefundPart.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [ProducerRow(*row) for row in rows]


async def given_by_producer(db: AsyncSession, order_id: int) -> int:
    """What a producer has given back of an order by himself, in minor units."""
    total = func.coalesce(func.sum(RefundPart.goods_minor + RefundPart.delivery_minor), 0)
    found = select(total).join(Refund, Refund.id == RefundPart.refund_id)
    return int(await db.scalar(found.where(RefundPart.order_id == order_id, Refund.actor == "producer")) or 0)


async def owed_by(db: AsyncSession, producer_id: int) -> dict[str, int]:
    """Currency → what a producer still gives back: in the works, and to be netted from his next transfers."""
    left = Recovery.amount_minor - Recovery.withheld_minor - Recovery.reversed_minor - Recovery.netted_minor
    rows = await db.execute(
        select(Recovery.currency, func.sum(left))
        .where(Recovery.producer_id == producer_id, Recovery.state != "settled")
        .group_by(Recovery.currency)
    )
    return {currency: int(amount) for currency, amount in rows if amount}
