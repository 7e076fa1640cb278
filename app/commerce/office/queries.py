"""What staff see of a shop: orders with their money, jobs, the mail. Every list has an end. The trail: trail.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog.models import Hold
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import queries as paid
from app.commerce.payments.models import LedgerJournal, Payment, StripeEvent, Transfer
from app.kernel.errors import NotFound
from app.kernel.outbox import Job
from app.producers.models import Producer
from app.system.models import OutgoingMail

PAGE = 50
MOST = 100
EXPORTED = 5000


@dataclass(frozen=True)
class GroupRow:
    """A line of the list of orders. states: of the producers' orders, in order.

    joins: the numbers of the groups that it was added to; added: of those that were added to it.
    """

    id: int
    number: str
    state: str
    name: str
    email: str
    placed_at: datetime
    total_minor: int
    currency: str
    states: Sequence[str]
    joins: Sequence[str]
    added: Sequence[str]


async def groups(db: AsyncSession, search: str, state: str, page: int) -> list[GroupRow]:
    """Order groups, newest first, one page and one more. search: in number, address or name."""
    rows: list[Any] = list(
        await db.execute(
            _found(
                select(
                    OrderGroup.id,
                    OrderGroup.number,
                    OrderGroup.state,
                    OrderGroup.name,
                    OrderGroup.email,
                    OrderGroup.placed_at,
                    OrderGroup.total_minor,
                    OrderGroup.currency,
                ),
                search,
                state,
            )
            .limit(PAGE + 1)
            .offset((page - 1) * PAGE)
        )
    )
    of_group: dict[int, list[str]] = {row.id: [] for row in rows}
    parts = select(Order.group_id, Order.state).where(Order.group_id.in_(of_group)).order_by(Order.id)
    for group_id, part in await db.execute(parts):
        of_group[group_id].append(part)
    pairs = await travelling(db, list(of_group))
    return [
        GroupRow(
            *[
                *row,
                of_group[row.id],
                list(dict.fromkeys(pair.first_group for pair in pairs if pair.rider_group_id == row.id)),
                list(dict.fromkeys(pair.rider_group for pair in pairs if pair.first_group_id == row.id)),
            ]
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Pair:
    """An order that was added to another (rider), and that one (first): numbers of both and of their groups."""

    first_id: int
    first: str
    first_group_id: int
    first_group: str
    rider_id: int
    rider: str
    rider_group_id: int
    rider_group: str


async def travelling(db: AsyncSession, group_ids: Sequence[int]) -> list[Pair]:
    """All additions of these groups and to them, oldest first; what was called off before it was paid is left out."""
    if not group_ids:
        return []
    first, rider = aliased(Order), aliased(Order)
    of_first, of_rider = aliased(OrderGroup), aliased(OrderGroup)
    rows = await db.execute(
        select(
            first.id, first.number, of_first.id, of_first.number, rider.id, rider.number, of_rider.id, of_rider.number
        )
        .join(rider, rider.joins_order_id == first.id)
        .join(of_first, of_first.id == first.group_id)
        .join(of_rider, of_rider.id == rider.group_id)
        .where(or_(first.group_id.in_(group_ids), rider.group_id.in_(group_ids)))
        .where(or_(of_rider.state != "cancelled", rider.group_id.in_(group_ids)))
        .order_by(rider.id)
    )
    return [Pair(*row) for row in rows]


async def exported(db: AsyncSession, search: str, state: str) -> list[OrderGroup]:
    """The same without their orders, for a table; the newest EXPORTED."""
    return list(await db.scalars(_found(select(OrderGroup), search, state).limit(EXPORTED)))


def _found(what: Any, search: str, state: str) -> Any:
    if search:
        columns = (OrderGroup.number, OrderGroup.email, OrderGroup.name)
        what = what.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if state:
        what = what.where(OrderGroup.state == state)
    return what.order_by(OrderGroup.id.desc())


async def group_id(db: AsyncSession, number: str) -> int:
    """Raises NotFound."""
    found = await db.scalar(select(OrderGroup.id).where(OrderGroup.number == number))
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class Money:
    """What was paid for a group, where it went, and what Stripe told us about it."""

    payments: Sequence[Payment]
    transfers: Sequence[Transfer]
    journals: Sequence[LedgerJournal]
    events: Sequence[StripeEvent]


async def money_of(db: AsyncSession, group_id: int) -> Money:
    payments, transfers = await paid.payments_of(db, group_id), await paid.transfers_of(db, group_id)
    ids = {i for p in payments for i in (p.session_id, p.intent_id, p.charge_id, p.refund_id) if i}
    ids |= {transfer.stripe_id for transfer in transfers if transfer.stripe_id}
    told = select(StripeEvent).where(StripeEvent.object_id.in_(ids)).order_by(StripeEvent.id).limit(MOST)
    return Money(payments, transfers, await paid.journals_of(db, group_id), list(await db.scalars(told)))


async def holds(db: AsyncSession, number: str) -> list[Hold]:
    """The pieces that are or were held for a group."""
    return list(await db.scalars(select(Hold).where(Hold.reference == number).order_by(Hold.id).limit(MOST)))


@dataclass(frozen=True)
class Alarms:
    """What waits for somebody to look at it."""

    dead_jobs: int
    failed_transfers: int
    failed_mails: int
    more: Mapping[str, int]  # address of a page → how much waits there


Count = Callable[[], Select[int]]
_counts: dict[str, Count] = {}


def also_counted(url: str, count: Count) -> None:
    """Have the link to a page of staff say how much waits there. For contexts above the office; main joins them."""
    _counts[url] = count


async def alarms(db: AsyncSession) -> Alarms:
    """All in one statement: it stands on every page of staff."""
    dead = select(func.count()).select_from(Job).where(Job.state == "dead", Job.shop_id == db.info["shop_id"])
    transfers = select(func.count()).select_from(Transfer).where(Transfer.state == "failed")
    mails = select(func.count()).select_from(OutgoingMail).where(OutgoingMail.state == "failed")
    counts = [dead, transfers, mails, *(count() for count in _counts.values())]
    row = (await db.execute(select(*(count.scalar_subquery() for count in counts)))).one()
    dead_jobs, failed_transfers, failed_mails, *more = row
    return Alarms(dead_jobs, failed_transfers, failed_mails, dict(zip(_counts, more, strict=True)))


async def job_counts(db: AsyncSession) -> dict[str, int]:
    """How many of the shop's jobs are in each state."""
    rows = await db.execute(
        select(Job.state, func.count()).where(Job.shop_id == db.info["shop_id"]).group_by(Job.state)
    )
    return dict(rows.all())


async def job(db: AsyncSession, job_id: int) -> Job:
    """One of the shop's jobs. Raises NotFound."""
    found = await db.scalar(select(Job).where(Job.id == job_id, Job.shop_id == db.info["shop_id"]))
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class FailedTransfer:
    id: int
    order: str
    group: str
    producer: str
    amount_minor: int
    currency: str
    error: str | None
    created_at: datetime


async def failed_transfers(db: AsyncSession) -> list[FailedTransfer]:
    """Transfers that Stripe refused, newest first."""
    rows = await db.execute(
        select(
            Transfer.id,
            Order.number,
            OrderGroup.number,
            Producer.name,
            Transfer.amount_minor,
            Transfer.currency,
            Transfer.error,
            Transfer.created_at,
        )
        .join(Order, Order.id == Transfer.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Producer, Producer.id == Transfer.producer_id)
        .where(Transfer.state == "failed")
        .order_by(Transfer.id.desc())
        .limit(MOST)
    )
    return [FailedTransfer(*row) for row in rows]


async def transfer_account(db: AsyncSession, transfer_id: int) -> str | None:
    """The present account of a transfer's producer. Raises NotFound for a transfer that is not there."""
    found = await db.execute(
        select(Producer.stripe_account)
        .join(Transfer, Transfer.producer_id == Producer.id)
        .where(Transfer.id == transfer_id)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0]


@dataclass(frozen=True)
class MailRow:
    id: int
    kind: str
    recipient: str
    subject: str
    state: str
    error: str | None
    created_at: datetime
    sent_at: datetime | None


async def mails(db: AsyncSession, search: str, state: str, page: int) -> list[MailRow]:
    """Outgoing mail without its text, newest first, one page and one more. search: in recipient or subject."""
    found = select(
        OutgoingMail.id,
        OutgoingMail.kind,
        OutgoingMail.recipient,
        OutgoingMail.subject,
        OutgoingMail.state,
        OutgoingMail.error,
        OutgoingMail.created_at,
        OutgoingMail.sent_at,
    )
    if search:
        columns = (OutgoingMail.recipient, OutgoingMail.subject)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if state:
        found = found.where(OutgoingMail.state == state)
    rows = await db.execute(found.order_by(OutgoingMail.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE))
    return [MailRow(*row) for row in rows]
