"""What the making of documents and their pages read. Who may see is part of each query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from app.commerce.documents import advances
from app.commerce.documents.content import Total
from app.commerce.documents.models import Document, Transmission
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import FEE_INCOME
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.commerce.refunds.models import Refund, RefundPart
from app.kernel.errors import NotFound
from app.producers import tax
from app.producers.models import Producer

PAGE = 50
TO_BUYERS = ("invoice", "deposit_invoice", "credit_note")
NOTHING_LEFT = ("awaiting_payment", "cancelled", "refunded")  # of such an order no invoice is made (any more)


@dataclass(frozen=True)
class Wish:
    """Which documents a list shows. month: "2026-11" or "". Empty: all."""

    month: str = ""
    kind: str = ""
    state: str = ""
    search: str = ""
    page: int = 1


def wants_invoice() -> ColumnElement[bool]:
    """The buyer has asked for one (checkout/forms.py)."""
    wanted: ColumnElement[bool] = OrderGroup.invoice["kind"].as_string().in_(("person", "company"))
    return wanted


def month_of(month: str) -> tuple[date, date]:
    """First day, and first day of the month after, of "2026-11". Raises ValueError."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=32)).replace(day=1)


def moments_of(month: str, time_zone: str) -> tuple[datetime, datetime]:
    """The half-open span of a month in a shop's time. Raises ValueError."""
    first, after = month_of(month)
    zone = ZoneInfo(time_zone)
    return datetime.combine(first, time.min, zone), datetime.combine(after, time.min, zone)


async def locked_order(db: AsyncSession, order_id: int) -> Order | None:
    """An order with its group and lines, locked against a second document of it. Within a transaction."""
    await db.execute(select(Order.id).where(Order.id == order_id).with_for_update(key_share=True))
    return await db.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.group), selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )


async def by_reference(db: AsyncSession, reference: str) -> Document | None:
    return await db.scalar(select(Document).where(Document.reference == reference))


async def invoice_of(db: AsyncSession, order_id: int) -> Document | None:
    return await db.scalar(select(Document).where(Document.order_id == order_id, Document.kind == "invoice"))


async def deposit_invoice_of(db: AsyncSession, order_id: int) -> Document | None:
    return await db.scalar(select(Document).where(Document.order_id == order_id, Document.kind == "deposit_invoice"))


async def credits_of(db: AsyncSession, document_id: int) -> list[Document]:
    found = select(Document).where(Document.original_id == document_id).order_by(Document.id)
    return list(await db.scalars(found))


async def refund_part(db: AsyncSession, part_id: int) -> RefundPart | None:
    """With its refund and lines."""
    return await db.scalar(
        select(RefundPart)
        .where(RefundPart.id == part_id)
        .options(selectinload(RefundPart.refund), selectinload(RefundPart.lines))
    )


async def fees_of_month(db: AsyncSession, month: str, time_zone: str) -> list[tuple[int, str, int]]:
    """(producer id, currency, fee kept less fee given back) of each producer with any in the month."""
    since, until = moments_of(month, time_zone)
    rows = await db.execute(
        select(LedgerEntry.producer_id, LedgerEntry.currency, -func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerEntry.account == FEE_INCOME,
            LedgerEntry.producer_id.is_not(None),
            LedgerJournal.at >= since,
            LedgerJournal.at < until,
        )
        .group_by(LedgerEntry.producer_id, LedgerEntry.currency)
        .order_by(LedgerEntry.producer_id)
    )
    return [(producer_id, currency, int(minor)) for producer_id, currency, minor in rows if producer_id is not None]


async def producer(db: AsyncSession, producer_id: int) -> Producer:
    """Raises NotFound."""
    found = await db.get(Producer, producer_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


async def listed(db: AsyncSession, wish: Wish, producer_id: int | None, kinds: Sequence[str]) -> list[Document]:
    """One page of documents and one more, newest first. producer_id: only his. kinds: that the reader may see."""
    found = _wished(select(Document).where(Document.kind.in_(kinds)), wish)
    if producer_id is not None:
        found = found.where(Document.producer_id == producer_id)
    found = found.order_by(Document.date.desc(), Document.id.desc())
    return list(await db.scalars(found.limit(PAGE + 1).offset((wish.page - 1) * PAGE)))


def _wished(found: Select[Document], wish: Wish) -> Select[Document]:
    if wish.month:
        first, after = month_of(wish.month)
        found = found.where(Document.date >= first, Document.date < after)
    if wish.kind:
        found = found.where(Document.kind == wish.kind)
    if wish.state:
        found = found.where(Document.state == wish.state)
    if wish.search:
        found = found.where(Document.number.icontains(wish.search, autoescape=True))
    return found


async def of_month(db: AsyncSession, producer_id: int, month: str, kinds: Sequence[str]) -> list[Document]:
    """All of a producer's documents of a month, oldest first, for his accountant."""
    first, after = month_of(month)
    found = select(Document).where(
        Document.producer_id == producer_id, Document.kind.in_(kinds), Document.date >= first, Document.date < after
    )
    found = found.options(selectinload(Document.transmissions))
    return list(await db.scalars(found.order_by(Document.date, Document.id)))


async def one(db: AsyncSession, document_id: int, *, producer_id: int | None = None) -> Document:
    """A document with its transmissions. producer_id: only if it is his. Raises NotFound."""
    found = select(Document).where(Document.id == document_id)
    if producer_id is not None:
        found = found.where(Document.producer_id == producer_id)
    document = await db.scalar(
        found.options(selectinload(Document.transmissions)).execution_options(populate_existing=True)
    )
    if document is None:
        raise NotFound
    return document


async def of_group(db: AsyncSession, group_id: int) -> list[Document]:
    """What a buyer may see of his orders' documents, oldest first."""
    found = select(Document).join(Order, Order.id == Document.order_id)
    found = found.where(Order.group_id == group_id, Document.kind.in_(TO_BUYERS))
    return list(await db.scalars(found.order_by(Document.id)))


async def one_of_group(db: AsyncSession, group_id: int, document_id: int) -> Document:
    """Raises NotFound."""
    document = await db.scalar(
        select(Document)
        .join(Order, Order.id == Document.order_id)
        .where(Document.id == document_id, Order.group_id == group_id, Document.kind.in_(TO_BUYERS))
    )
    if document is None:
        raise NotFound
    return document


async def locked_document(db: AsyncSession, document_id: int) -> Document:
    """Locked, with its transmissions. Within a transaction. Raises NotFound."""
    await db.execute(select(Document.id).where(Document.id == document_id).with_for_update(key_share=True))
    return await one(db, document_id)


async def transmission_named(db: AsyncSession, filename: str) -> Transmission | None:
    return await db.scalar(select(Transmission).where(Transmission.filename == filename))


@dataclass(frozen=True)
class Taking:
    """What came in (or, negative, went back) for goods without invoice: at a moment, at a rate, minor units."""

    at: datetime
    rate: str
    gross_minor: int
    vat_minor: int


async def takings(db: AsyncSession, producer_id: int, month: str, time_zone: str) -> list[Taking]:
    """What a producer's takings of a month are made of: orders paid, and refunds of them, that bear no invoice.

    A deposit counts on its own day, the rest of the order on that of the balance (advances.py).
    """
    since, until = moments_of(month, time_zone)
    no_invoice = or_(OrderGroup.invoice["kind"].as_string().is_(None), ~wants_invoice())
    sold = await db.execute(
        select(OrderGroup.paid_at, Order.vat)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Order.producer_id == producer_id, no_invoice, OrderGroup.deposit_minor == 0)
        .where(OrderGroup.paid_at >= since, OrderGroup.paid_at < until)
    )
    found = [Taking(at, row["rate"], row["gross_minor"], row["vat_minor"]) for at, vat in sold if at for row in vat]
    back = await db.execute(
        select(Refund.created_at, RefundPart.vat)
        .join(Refund, Refund.id == RefundPart.refund_id)
        .join(Order, Order.id == RefundPart.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(RefundPart.producer_id == producer_id, no_invoice, Refund.created_at >= since, Refund.created_at < until)
    )
    found += [Taking(at, row["rate"], -row["gross_minor"], -row["vat_minor"]) for at, vat in back for row in vat]
    made_ahead = await db.scalars(
        select(Order)
        .join(Order.group)
        .where(Order.producer_id == producer_id, no_invoice, OrderGroup.deposit_minor > 0)
        .where(OrderGroup.authorized_at < until)
        .where(or_(*(moment >= since for moment in _DEPOSIT_MOMENTS)))
        .options(contains_eager(Order.group), selectinload(Order.lines))
    )
    found += [each for order in made_ahead for each in _ahead(order) if since <= each.at < until]
    return found


_DEPOSIT_MOMENTS = (OrderGroup.authorized_at, OrderGroup.paid_at, OrderGroup.cancelled_at)


def _ahead(order: Order) -> Iterator[Taking]:
    """Of an order with a deposit: that, then the rest, or what went back to its buyer."""
    group, parts = order.group, {Decimal(part.rate): part for part in advances.by_rate(order)}
    for part in parts.values():
        if group.authorized_at:
            yield Taking(group.authorized_at, part.rate, part.gross_minor, part.vat_minor)
        if group.cancelled_at and not group.paid_at:
            yield Taking(group.cancelled_at, part.rate, -part.gross_minor, -part.vat_minor)
    if group.paid_at is None:
        return
    for row in order.vat:
        gone = parts.get(Decimal(row["rate"]), Total(row["rate"], 0, 0))
        yield Taking(
            group.paid_at, row["rate"], row["gross_minor"] - gone.gross_minor, row["vat_minor"] - gone.vat_minor
        )


async def exempt_sellers(db: AsyncSession, group_id: int) -> list[str]:
    """Names of a group's sellers who issue no invoices (art. 34, c. 6, DPR 633/72)."""
    sellers = select(Producer.name, Producer.legal).join(Order, Order.producer_id == Producer.id)
    rows = await db.execute(sellers.where(Order.group_id == group_id).order_by(Producer.name))
    return [name for name, legal in rows if tax.regime_code(legal) == tax.EXEMPT]


async def orders_of(db: AsyncSession, group_id: int) -> list[tuple[int, int]]:
    """(order, producer) of a group."""
    rows = await db.execute(select(Order.id, Order.producer_id).where(Order.group_id == group_id).order_by(Order.id))
    return [(order_id, producer_id) for order_id, producer_id in rows]
