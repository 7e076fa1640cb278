"""What staff see of the books: comparisons with Stripe, proofs, the ledger line by line, Stripe's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.commerce.orders.models import OrderGroup
from app.commerce.payments.models import LedgerEntry, LedgerJournal, StripeEvent
from app.commerce.reconciliation.models import Explanation, LedgerCheck, Reconciliation
from app.kernel.errors import NotFound
from app.producers.models import Producer

PAGE = 50
LATEST = 15
EXPORTED = 20_000


async def latest(db: AsyncSession) -> list[Reconciliation]:
    """The latest comparisons, newest first."""
    return list(await db.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(LATEST)))


async def one(db: AsyncSession, report_id: int) -> Reconciliation:
    """Raises NotFound."""
    found = await db.scalar(select(Reconciliation).where(Reconciliation.id == report_id))
    if found is None:
        raise NotFound
    return found


async def explanations(db: AsyncSession, since: datetime) -> dict[tuple[str, str, str], str]:
    """(what, kind, reference) of findings that somebody has closed since then → his words."""
    found = await db.scalars(select(Explanation).where(Explanation.at >= since).order_by(Explanation.id))
    return {(row.what, row.kind, row.reference): row.note for row in found}


async def checks(db: AsyncSession) -> list[LedgerCheck]:
    """The latest proofs of the books, newest first."""
    return list(await db.scalars(select(LedgerCheck).order_by(LedgerCheck.id.desc()).limit(LATEST)))


def troubles() -> Select[int]:
    """Counts what the latest comparison and the latest proofs found."""
    of_each = (
        select(func.json_array_length(table.findings)).order_by(table.id.desc()).limit(1).scalar_subquery()
        for table in (Reconciliation, LedgerCheck)
    )
    return select(sum((func.coalesce(found, 0) for found in of_each), literal(0)))


async def balances(db: AsyncSession) -> list[tuple[str, str, int]]:
    """(account, currency, sum) of every account that has entries."""
    total = func.sum(LedgerEntry.amount_minor)
    found = select(LedgerEntry.account, LedgerEntry.currency, total).group_by(LedgerEntry.account, LedgerEntry.currency)
    return [
        (account, currency, int(amount))
        for account, currency, amount in await db.execute(found.order_by(LedgerEntry.account))
    ]


@dataclass(frozen=True)
class Filter:
    """What of the ledger is looked at; None or "" for all. since and until: half-open, UTC."""

    account: str = ""
    producer_id: int | None = None
    group: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EntryRow:
    """balance_minor: the sum of everything up to this entry that the filter (without its days) lets through."""

    id: int
    at: datetime
    kind: str
    reference: str
    account: str
    producer: str | None
    group: str | None
    amount_minor: int
    currency: str
    balance_minor: int


async def entries(db: AsyncSession, wanted: Filter, page: int, size: int = PAGE) -> list[EntryRow]:
    """Entries, newest first, one page and one more."""
    found = _entries(wanted).limit(size + 1).offset((page - 1) * size)
    rows: list[Any] = list(await db.execute(found))
    return [EntryRow(*row) for row in rows]


def _entries(wanted: Filter) -> Select[Any]:
    # per account and currency: sums over different ones say nothing
    running = func.sum(LedgerEntry.amount_minor).over(
        partition_by=(LedgerEntry.account, LedgerEntry.currency), order_by=LedgerEntry.id
    )
    some = (
        select(LedgerEntry.id, running.label("balance"))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .outerjoin(OrderGroup, OrderGroup.id == LedgerJournal.group_id)
    )
    if wanted.account:
        some = some.where(LedgerEntry.account == wanted.account)
    if wanted.producer_id is not None:
        some = some.where(LedgerEntry.producer_id == wanted.producer_id)
    if wanted.group:
        some = some.where(func.upper(OrderGroup.number) == wanted.group.upper())
    sums = some.subquery()
    found = (
        select(
            LedgerEntry.id,
            LedgerJournal.at,
            LedgerJournal.kind,
            LedgerJournal.reference,
            LedgerEntry.account,
            Producer.name,
            OrderGroup.number,
            LedgerEntry.amount_minor,
            LedgerEntry.currency,
            sums.c.balance,
        )
        .join(sums, sums.c.id == LedgerEntry.id)
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .outerjoin(OrderGroup, OrderGroup.id == LedgerJournal.group_id)
        .outerjoin(Producer, Producer.id == LedgerEntry.producer_id)
        .order_by(LedgerEntry.id.desc())
    )
    if wanted.since:
        found = found.where(LedgerJournal.at >= wanted.since)
    if wanted.until:
        found = found.where(LedgerJournal.at < wanted.until)
    return found


async def producers(db: AsyncSession) -> list[tuple[int, str]]:
    """(id, name) of everybody who may have entries."""
    rows = await db.execute(select(Producer.id, Producer.name).order_by(Producer.name))
    return [(id_, name) for id_, name in rows]


FAILED = "failed"  # received, and could not be handled


async def events(db: AsyncSession, state: str, search: str, page: int, kind: str = "") -> list[StripeEvent]:
    """Stripe's events without their contents, newest first, one page and one more.

    search: in type, or the ids of object, account and event. kind: how the type begins.
    """
    found = select(StripeEvent).options(defer(StripeEvent.payload))
    if kind:
        found = found.where(StripeEvent.type.startswith(kind, autoescape=True))
    if state == FAILED:
        found = found.where(StripeEvent.state == "received", StripeEvent.note != "")
    elif state:
        found = found.where(StripeEvent.state == state)
    if search:
        columns = (StripeEvent.type, StripeEvent.object_id, StripeEvent.account, StripeEvent.event_id)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    return list(await db.scalars(found.order_by(StripeEvent.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE)))


def failed_events() -> Select[int]:
    """Counts the events that were taken in and could not be handled."""
    failed = (StripeEvent.state == "received", StripeEvent.note != "")
    return select(func.count()).select_from(StripeEvent).where(*failed)


async def event(db: AsyncSession, event_id: int) -> StripeEvent:
    """Raises NotFound."""
    found = await db.scalar(select(StripeEvent).where(StripeEvent.id == event_id))
    if found is None:
        raise NotFound
    return found


def pages(rows: Sequence[Any], size: int = PAGE) -> tuple[Sequence[Any], bool]:
    """What a page shows, and whether there is more."""
    return rows[:size], len(rows) > size
