"""What the pages about a producer's money read: only his own rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import PRODUCER_PAYABLE
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Recovery, Transfer
from app.commerce.payments.recoveries import DISPUTE, REFUND
from app.commerce.payments.transfers import WAITS_FOR_ACCOUNT
from app.commerce.payouts.models import ConnectedAccount, Payout
from app.commerce.refunds.models import Refund, RefundPart
from app.producers.models import Producer

MOST = 100
PAGE = 50
AT_ONCE = 1000  # rows asked for by their ids in one statement


@dataclass(frozen=True)
class Booked:
    """What a journal did to what we owe a producer, for one order. Positive: he is owed more."""

    at: datetime
    kind: str
    reference: str
    order_id: int | None
    amount_minor: int


async def owed_before(db: AsyncSession, producer_id: int, currency: str, at: datetime) -> int:
    """What we owed a producer at a moment; negative: he owed us."""
    before = await db.scalar(
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(*_his(producer_id, currency), LedgerJournal.at < at)
    )
    return -int(before or 0)


async def booked(
    db: AsyncSession, producer_id: int, currency: str, since: datetime, until: datetime, most: int | None = None
) -> list[Booked]:
    """The journals of a period, oldest first. Those that cancel out for the order are left out. most: None for all."""
    amount = func.sum(LedgerEntry.amount_minor)
    rows = await db.execute(
        select(LedgerJournal.at, LedgerJournal.kind, LedgerJournal.reference, LedgerEntry.order_id, -amount)
        .join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .where(*_his(producer_id, currency), LedgerJournal.at >= since, LedgerJournal.at < until)
        .group_by(LedgerJournal.id, LedgerJournal.at, LedgerJournal.kind, LedgerJournal.reference, LedgerEntry.order_id)
        .having(amount != 0)
        .order_by(LedgerJournal.at, LedgerJournal.id, LedgerEntry.order_id)
        .limit(most)
    )
    return [Booked(at, kind, reference, order, int(minor)) for at, kind, reference, order, minor in rows]


async def moved(
    db: AsyncSession, producer_id: int, currency: str, since: datetime, until: datetime
) -> list[tuple[str, int, int, int]]:
    """(kind, sign of the amount, lines, their sum) of all that is booked in a period, whatever a page shows of it."""
    minor = -func.sum(LedgerEntry.amount_minor)
    lines = (
        select(LedgerJournal.kind, minor.label("minor"))
        .join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .where(*_his(producer_id, currency), LedgerJournal.at >= since, LedgerJournal.at < until)
        .group_by(LedgerJournal.id, LedgerJournal.kind, LedgerEntry.order_id)
        .having(minor != 0)
        .subquery()
    )
    sign = case((lines.c.minor > 0, 1), else_=-1)
    rows = await db.execute(
        select(lines.c.kind, sign, func.count(), func.sum(lines.c.minor))
        .group_by(lines.c.kind, sign)
        .order_by(lines.c.kind, sign.desc())
    )
    return [(kind, int(plus), int(count), int(total)) for kind, plus, count, total in rows]


def _his(producer_id: int, currency: str) -> tuple[ColumnElement[bool], ...]:
    mine = (LedgerEntry.account == PRODUCER_PAYABLE, LedgerEntry.producer_id == producer_id)
    return (*mine, LedgerEntry.currency == currency)


def _batches(keys: Sequence[Any]) -> Iterator[list[Any]]:
    """Each key once, so many at a time that a statement holds them."""
    once = sorted(set(keys))
    return (once[place : place + AT_ONCE] for place in range(0, len(once), AT_ONCE))


async def orders(db: AsyncSession, producer_id: int, ids: Sequence[int]) -> dict[int, Order]:
    """Orders of a producer's by id."""
    found: dict[int, Order] = {}
    for some in _batches(ids):
        rows = await db.scalars(select(Order).where(Order.id.in_(some), Order.producer_id == producer_id))
        found |= {order.id: order for order in rows}
    return found


async def refund_parts(db: AsyncSession, producer_id: int, numbers: Sequence[str]) -> dict[tuple[str, int], RefundPart]:
    """(number of the refund, order) → what of it that order bears."""
    found: dict[tuple[str, int], RefundPart] = {}
    for some in _batches(numbers):
        rows = await db.execute(
            select(Refund.number, RefundPart)
            .join(RefundPart, RefundPart.refund_id == Refund.id)
            .where(Refund.number.in_(some), RefundPart.producer_id == producer_id)
        )
        found |= {(number, part.order_id): part for number, part in rows}
    return found


@dataclass(frozen=True)
class Balance:
    """What of a producer's money is where, by our own books. Minor units.

    owed: not sent yet, less what he owes us; negative when he owes more. sent: over all time, less what came back.
    debt: what is netted from his next transfers.
    """

    owed_minor: int
    sent_minor: int
    debt_minor: int


async def balance(db: AsyncSession, producer_id: int, currency: str) -> Balance:
    owed = await db.scalar(select(func.sum(LedgerEntry.amount_minor)).where(*_his(producer_id, currency)))
    gone = func.sum(Transfer.amount_minor - Transfer.withheld_minor - Transfer.reversed_minor)
    sent = await db.scalar(
        select(gone).where(Transfer.producer_id == producer_id, Transfer.currency == currency, Transfer.state == "sent")
    )
    left = func.sum(Recovery.amount_minor - Recovery.withheld_minor - Recovery.reversed_minor - Recovery.netted_minor)
    debt = await db.scalar(
        select(left).where(Recovery.producer_id == producer_id, Recovery.currency == currency, Recovery.state == "owed")
    )
    return Balance(-int(owed or 0), int(sent or 0), int(debt or 0))


async def account(db: AsyncSession, producer_id: int) -> ConnectedAccount | None:
    return await db.scalar(select(ConnectedAccount).where(ConnectedAccount.producer_id == producer_id))


async def stripe_account(db: AsyncSession, producer_id: int) -> str | None:
    """Its id at Stripe, once it is open."""
    return await db.scalar(select(Producer.stripe_account).where(Producer.id == producer_id))


def may_receive() -> ColumnElement[bool]:
    """For selling.also_needs: Stripe has not said that transfers to him are off. Needs Producer in the statement.

    One that we open has its row at once, and may not. An account that came with imported data is believed until it is
    read for the first time, the next morning at the latest.
    """
    off = (ConnectedAccount.producer_id == Producer.id, ConnectedAccount.transfers_enabled.is_(False))
    return ~select(ConnectedAccount.id).where(*off).correlate(Producer).exists()


def _to_send() -> ColumnElement[int]:
    return func.coalesce(func.sum(Transfer.amount_minor - Transfer.withheld_minor), 0)


_WAITS = (Transfer.state == "due", or_(Transfer.error.in_(WAITS_FOR_ACCOUNT), Transfer.account.is_(None)))


async def waiting(db: AsyncSession, producer_id: int, currency: str) -> int:
    """What waits for a producer's account to be ready, in minor units."""
    found = select(_to_send()).where(Transfer.producer_id == producer_id, Transfer.currency == currency, *_WAITS)
    return int(await db.scalar(found) or 0)


@dataclass(frozen=True)
class AccountRow:
    """A producer and his account, for staff. account: its id at Stripe; row: what Stripe told of it, if it has."""

    producer_id: int
    producer: str
    account: str | None
    row: ConnectedAccount | None
    waiting_minor: int


async def accounts(db: AsyncSession, currency: str, page: int) -> list[AccountRow]:
    """Every producer, those first for whose account money waits; one page and one more."""
    waits = (
        select(Transfer.producer_id, _to_send().label("minor"))
        .where(Transfer.currency == currency, *_WAITS)
        .group_by(Transfer.producer_id)
        .subquery()
    )
    minor = func.coalesce(waits.c.minor, 0)
    rows = await db.execute(
        select(Producer.id, Producer.name, Producer.stripe_account, ConnectedAccount, minor)
        .outerjoin(ConnectedAccount, ConnectedAccount.producer_id == Producer.id)
        .outerjoin(waits, waits.c.producer_id == Producer.id)
        .order_by(minor.desc(), Producer.name, Producer.id)
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [AccountRow(id_, name, account, row, int(amount)) for id_, name, account, row, amount in rows]


async def payouts(
    db: AsyncSession, producer_id: int, since: datetime | None = None, until: datetime | None = None
) -> list[Payout]:
    """Money that went to a producer's bank, newest first."""
    found = select(Payout).where(Payout.producer_id == producer_id)
    if since:
        found = found.where(Payout.created_at >= since)
    if until:
        found = found.where(Payout.created_at < until)
    return list(await db.scalars(found.order_by(Payout.created_at.desc(), Payout.id.desc()).limit(MOST)))


@dataclass(frozen=True)
class SoldOrder:
    """An order that was paid. Minor units."""

    paid_at: datetime
    goods_minor: int
    delivery_minor: int
    shop_funded_minor: int
    fee_minor: int


async def sold(db: AsyncSession, producer_id: int, currency: str, since: datetime) -> list[SoldOrder]:
    """What was paid for since then."""
    rows = await db.execute(
        select(OrderGroup.paid_at, Order.goods_minor, Order.delivery_minor, Order.shop_funded_minor, Order.fee_minor)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Order.producer_id == producer_id, OrderGroup.currency == currency, OrderGroup.paid_at >= since)
    )
    return [SoldOrder(at, *amounts) for at, *amounts in rows if at is not None]


async def given_back(db: AsyncSession, producer_id: int, currency: str, since: datetime) -> list[tuple[datetime, int]]:
    """(when, how much a producer gives back) for refunds and lost disputes since then, as his statement counts them.

    A refund that the bank has sent back is among them: the buyer gets it in another way.
    """
    rows = await db.execute(
        select(Recovery.created_at, Recovery.amount_minor).where(
            Recovery.producer_id == producer_id,
            Recovery.currency == currency,
            Recovery.kind.in_((REFUND, DISPUTE)),
            Recovery.created_at >= since,
        )
    )
    return [(at, minor) for at, minor in rows]


async def name_of(db: AsyncSession, producer_id: int) -> str:
    return await db.scalar(select(Producer.name).where(Producer.id == producer_id)) or ""
