"""What has still to be made or answered: what the jobs that catch up go through, and what staff are shown of it.

Exempt farmers issue nothing (art. 34, c. 6, DPR 633/72): their orders never wait. An invoice has twelve days from the
payment (art. 21, c. 4): after WARNED_AFTER of them somebody is told.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from app.commerce.documents.models import Document, DocumentTrouble
from app.commerce.documents.queries import NOTHING_LEFT, wants_invoice
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import FEE_INCOME
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.commerce.refunds.models import RefundPart
from app.kernel import clock
from app.producers import tax
from app.producers.models import Producer

DAYS, WARNED_AFTER = 12, 9
AT_ONCE, PAGE = 200, 50
UNANSWERED = ("made", "handed_over", "rejected")
FEES = "fee:"  # how the references of commissions begin

_PAID_AT = func.coalesce(OrderGroup.paid_at, OrderGroup.authorized_at)


def _has(kind: str) -> ColumnElement[bool]:
    return exists().where(Document.order_id == Order.id, Document.kind == kind)


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Of an order with its group and producer: paid, or its deposit, by somebody whose invoice is not made yet."""
    regime = func.upper(func.trim(func.coalesce(Producer.legal["regime"].as_string(), "")))
    is_due = or_(
        and_(OrderGroup.paid_at.is_not(None), ~_has("invoice")),
        and_(OrderGroup.state == DEPOSITED, ~_has("deposit_invoice")),
    )
    return wants_invoice(), is_due, Order.state.not_in(NOTHING_LEFT), ~regime.startswith(tax.EXEMPT)


def paid_at(order: Order) -> datetime:
    """When was paid what is to be invoiced next. Its group is loaded."""
    return order.group.paid_at or order.group.authorized_at or order.group.placed_at


def due(order: Order) -> datetime:
    """Until when its invoice has to be sent."""
    return paid_at(order) + timedelta(days=DAYS)


async def order_batch(db: AsyncSession, after: int) -> list[tuple[int, int]]:
    """(order, producer) of the next orders that wait, by id."""
    found = select(Order.id, Order.producer_id).join(Order.group).join(Producer, Producer.id == Order.producer_id)
    rows = await db.execute(found.where(*_waits(), Order.id > after).order_by(Order.id).limit(AT_ONCE))
    return [(order_id, producer_id) for order_id, producer_id in rows]


async def orders(db: AsyncSession, producer_id: int | None = None, page: int = 1) -> list[Order]:
    """Orders that wait, with their groups: one page and one more, those first that were paid first."""
    found = select(Order).join(Order.group).join(Producer, Producer.id == Order.producer_id).where(*_waits())
    if producer_id is not None:
        found = found.where(Order.producer_id == producer_id)
    found = found.options(contains_eager(Order.group)).order_by(_PAID_AT, Order.id)
    return list(await db.scalars(found.limit(PAGE + 1).offset((page - 1) * PAGE)))


async def one_order(db: AsyncSession, number: str, *, lock: bool = False) -> Order | None:
    """An order that waits, by its number, with its group; locked against its invoice within a transaction."""
    found = select(Order).join(Order.group).join(Producer, Producer.id == Order.producer_id)
    if lock:
        await db.execute(select(Order.id).where(Order.number == number).with_for_update(key_share=True))
    found = found.where(*_waits(), Order.number == number).options(contains_eager(Order.group))
    return await db.scalar(found.execution_options(populate_existing=True))


async def producers(db: AsyncSession, ids: Sequence[int]) -> dict[int, Producer]:
    found = await db.scalars(select(Producer).where(Producer.id.in_(set(ids))))
    return {producer.id: producer for producer in found}


async def by_producer(db: AsyncSession) -> list[tuple[str, int]]:
    """Name of each producer for whom orders wait, and how many."""
    found = select(Producer.name, func.count(Order.id)).select_from(Order).join(Order.group)
    found = found.join(Producer, Producer.id == Order.producer_id).where(*_waits())
    rows = await db.execute(found.group_by(Producer.id, Producer.name).order_by(Producer.name))
    return [(name, count) for name, count in rows]


async def refund_batch(db: AsyncSession, after: int) -> list[tuple[int, int]]:
    """(part of a refund, producer) of the next parts, by id, whose order is invoiced and that have no credit note."""
    invoice = exists().where(Document.order_id == RefundPart.order_id, Document.kind == "invoice")
    reference = literal("refund:") + cast(RefundPart.id, String)
    note = exists().where(Document.kind == "credit_note", Document.reference == reference)
    found = select(RefundPart.id, RefundPart.producer_id).where(
        invoice,
        ~note,
        RefundPart.goods_minor + RefundPart.delivery_minor + RefundPart.shop_funded_minor > 0,
        RefundPart.id > after,
    )
    rows = await db.execute(found.order_by(RefundPart.id).limit(AT_ONCE))
    return [(part_id, producer_id) for part_id, producer_id in rows]


async def deposits_to_credit(db: AsyncSession, after: int) -> list[tuple[int, int]]:
    """(order, producer) of the next orders, by id, that were called off after their deposit was invoiced."""
    note = exists().where(Document.kind == "credit_note", Document.order_id == Order.id)
    found = select(Order.id, Order.producer_id).join(Order.group)
    found = found.where(OrderGroup.cancelled_at.is_not(None), OrderGroup.paid_at.is_(None), Order.id > after)
    rows = await db.execute(found.where(_has("deposit_invoice"), ~note).order_by(Order.id).limit(AT_ONCE))
    return [(order_id, producer_id) for order_id, producer_id in rows]


async def first_fee(db: AsyncSession) -> datetime | None:
    """When the shop kept a fee for the first time."""
    found = select(func.min(LedgerJournal.at)).join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
    return await db.scalar(found.where(LedgerEntry.account == FEE_INCOME, LedgerEntry.producer_id.is_not(None)))


async def made(db: AsyncSession, references: Sequence[str]) -> set[str]:
    """Those that have their document."""
    return set(await db.scalars(select(Document.reference).where(Document.reference.in_(references))))


@dataclass(frozen=True)
class Trouble:
    """What could not be made, since when, and what went wrong; "" where data are missing."""

    reference: str
    producer: Producer
    reason: str
    since: datetime

    @property
    def month(self) -> str:
        """Of a commission: "2026-10"."""
        return self.reference.split(":")[2]


async def troubles(db: AsyncSession) -> list[Trouble]:
    """All that failed at the last try, oldest first."""
    rows = await db.execute(
        select(DocumentTrouble, Producer)
        .join(Producer, Producer.id == DocumentTrouble.producer_id)
        .order_by(DocumentTrouble.since, DocumentTrouble.id)
        .limit(AT_ONCE)
    )
    return [Trouble(row.reference, producer, row.reason, row.since) for row, producer in rows]


def _calls(today: date) -> ColumnElement[bool]:
    """Documents that staff have to look at: rejected by the SdI, or near their twelfth day without its word."""
    late = and_(Document.state.in_(UNANSWERED), Document.date <= today - timedelta(days=WARNED_AFTER))
    return or_(Document.state == "rejected", late)


async def unanswered(db: AsyncSession, today: date, producer_id: int | None = None) -> list[Document]:
    """Documents that the SdI has rejected, or near their twelfth day and past it without its word; oldest first."""
    found = select(Document).where(_calls(today))
    if producer_id is not None:
        found = found.where(Document.producer_id == producer_id)
    found = found.options(selectinload(Document.transmissions)).order_by(Document.date, Document.id)
    return list(await db.scalars(found.limit(AT_ONCE)))


async def reaching(db: AsyncSession, days: Sequence[tuple[datetime, datetime]]) -> dict[int, int]:
    """Producer → how many invoices wait, or are unanswered, whose day of payment lies in one of these spans."""
    paid = or_(*(and_(since <= _PAID_AT, until > _PAID_AT) for since, until in days))
    found = select(Order.producer_id, func.count(Order.id)).select_from(Order).join(Order.group)
    found = found.join(Producer, Producer.id == Order.producer_id).where(*_waits(), paid)
    counts = Counter(dict((await db.execute(found.group_by(Order.producer_id))).all()))
    dated = or_(*(and_(Document.date >= since.date(), Document.date < until.date()) for since, until in days))
    sent = select(Document.producer_id, func.count(Document.id)).where(Document.state.in_(UNANSWERED), dated)
    counts.update(dict((await db.execute(sent.group_by(Document.producer_id))).all()))
    return counts


def calling() -> Select[int]:
    """Counts what calls for staff: what the SdI has rejected, what nears its twelfth day, what could not be made."""
    now = clock.now()
    late = now - timedelta(days=WARNED_AFTER)
    documents = select(func.count(Document.id)).where(_calls(now.date()))
    found = select(func.count(Order.id)).select_from(Order).join(Order.group)
    unmade = found.join(Producer, Producer.id == Order.producer_id).where(*_waits(), late >= _PAID_AT)
    failed = select(func.count(DocumentTrouble.id))
    return select(documents.scalar_subquery() + unmade.scalar_subquery() + failed.scalar_subquery())
