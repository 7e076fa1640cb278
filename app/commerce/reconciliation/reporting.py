"""What a comparison found: every movement and every journal that has no counterpart, to the cent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments.ledger import STRIPE_BALANCE
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.commerce.reconciliation.models import Explanation, Movement, Reconciliation

FRESH = timedelta(hours=1)  # a journal as young as that may have its movement in the next reading
MOST = 200  # findings that a report lists; their sum counts all
DISPUTE = "dispute"
FEE = "stripe_fee"  # booked from a movement that has another journal
ADJUSTMENT = "adjustment"  # booked by an admin who explained a finding (resolving.py)


@dataclass(frozen=True)
class Unmatched:
    """A journal that moves money at Stripe. amount_minor: what it does to our balance there."""

    id: int
    kind: str
    reference: str
    at: datetime
    amount_minor: int


async def journals_without_movement(db: AsyncSession, *, currency: str, group_id: int | None) -> list[Unmatched]:
    """Journals that touch the balance at Stripe and that no movement has confirmed, of one group, or of none."""
    return await _without_movement(db, currency, LedgerJournal.group_id.is_not_distinct_from(group_id))


async def unmatched(db: AsyncSession, currency: str) -> list[Unmatched]:
    """The same of all groups, and of none."""
    return await _without_movement(db, currency)


async def _without_movement(db: AsyncSession, currency: str, *where: ColumnElement[bool]) -> list[Unmatched]:
    amount = func.sum(LedgerEntry.amount_minor)
    taken = exists().where(Movement.journal_id == LedgerJournal.id)
    explained = exists().where(Explanation.explained_id == LedgerJournal.id)
    found = (
        select(LedgerJournal.id, LedgerJournal.kind, LedgerJournal.reference, LedgerJournal.at, amount)
        .join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .where(LedgerEntry.account == STRIPE_BALANCE, LedgerEntry.currency == currency, ~taken)
        .where(LedgerJournal.kind.not_in((FEE, ADJUSTMENT)), ~explained)
        .group_by(LedgerJournal.id, LedgerJournal.kind, LedgerJournal.reference, LedgerJournal.at)
        .having(amount != 0)
        .order_by(LedgerJournal.id)
    )
    found = found.where(*where)
    rows: list[Any] = list(await db.execute(found))
    return [Unmatched(*row) for row in rows]


async def write(db: AsyncSession, currency: str, read_at: datetime, *, new: int, fees_minor: int) -> Reconciliation:
    """The report of a comparison that has just been made. Within its transaction."""
    at_stripe = await _sum(
        db, select(func.sum(Movement.amount_minor - Movement.fee_minor)), Movement.currency == currency
    )
    own = LedgerEntry.account == STRIPE_BALANCE, LedgerEntry.currency == currency
    in_ledger = await _sum(db, select(func.sum(LedgerEntry.amount_minor)), *own)
    without = await _without_movement(db, currency)
    strangers = select(Movement).where(Movement.journal_id.is_(None)).order_by(Movement.id)
    findings: list[list[Any]] = [
        ["movement", row.category, row.stripe_id, _weight(row)] for row in await db.scalars(strangers)
    ]
    off = at_stripe - in_ledger - sum(finding[3] for finding in findings) + sum(j.amount_minor for j in without)
    late = [journal for journal in without if journal.at < read_at - FRESH]
    findings += [["journal", journal.kind, journal.reference, journal.amount_minor] for journal in late]
    if off:
        findings.append(["sum", "", "", off])
    matched = select(func.count()).select_from(Movement).where(Movement.journal_id.is_not(None))
    report = Reconciliation(
        at=read_at,
        new=new,
        matched=await db.scalar(matched) or 0,
        fees_minor=fees_minor,
        stripe_minor=at_stripe,
        ledger_minor=in_ledger,
        unexplained_minor=sum(abs(finding[3]) for finding in findings),
        currency=currency,
        findings=findings[:MOST],
    )
    db.add(report)
    await db.flush()
    return report


def _weight(row: Movement) -> int:
    """What is missing from the ledger for want of its journal; the charge for a dispute is booked with its money."""
    return row.amount_minor - (row.fee_minor if row.category == DISPUTE else 0)


async def _sum(db: AsyncSession, total: Any, *where: Any) -> int:
    return int(await db.scalar(total.where(*where)) or 0)
