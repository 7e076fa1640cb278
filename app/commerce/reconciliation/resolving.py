"""Closing what a comparison found: an admin says why, and an adjustment books what was missing, so that the next report
is silent about it. Source: docs/algorithms/reconciliation.md.

Within a transaction. A finding that is not open any more raises Conflict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments import ledger
from app.commerce.payments.ledger import ADJUSTMENTS, STRIPE_BALANCE, STRIPE_FEES, Line
from app.commerce.payments.models import LedgerJournal
from app.commerce.reconciliation import queries, reporting
from app.commerce.reconciliation.models import Explanation, Movement, Reconciliation
from app.commerce.reconciliation.reporting import ADJUSTMENT, DISPUTE
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit

MOVEMENT, JOURNAL, SUM = "movement", "journal", "sum"


class Place(NamedTuple):
    """Of a finding: in which report, and the how manieth there, from 0."""

    report_id: int
    place: int


@dataclass(frozen=True)
class Open:
    """A finding that is still open. movement or journal: the row that has no counterpart; neither for a sum.

    key: of its adjustment, which happens once. amount_minor: as the finding says.
    """

    report: Reconciliation
    what: str
    kind: str
    reference: str
    amount_minor: int
    key: str
    movement: Movement | None = None
    journal: LedgerJournal | None = None

    @property
    def group_id(self) -> int | None:
        row = self.movement or self.journal
        return row.group_id if row else None

    def lines(self) -> list[Line]:
        """What closing it books. A movement: Stripe's money, as it moved. A journal: its money, taken back."""
        currency = self.report.currency
        if self.movement is not None:
            currency, fee = self.movement.currency, 0
            if self.movement.category == DISPUTE:  # whose fee is booked with its money
                fee = self.movement.fee_minor
            return [
                Line(STRIPE_BALANCE, self.movement.amount_minor - fee, currency),
                Line(STRIPE_FEES, fee, currency),
                Line(ADJUSTMENTS, -self.movement.amount_minor, currency),
            ]
        sign = -1 if self.what == JOURNAL else 1
        return [
            Line(STRIPE_BALANCE, sign * self.amount_minor, currency),
            Line(ADJUSTMENTS, -sign * self.amount_minor, currency),
        ]


async def found(db: AsyncSession, where: Place, *, locked: bool = False) -> Open:
    """The finding at that place, if its report is the latest. locked: its movement is, until the transaction ends.

    Raises NotFound; Conflict for one of an older report, and for what has been closed, or has found its counterpart.
    """
    report = await queries.one(db, where.report_id)
    if not 0 <= where.place < len(report.findings):
        raise NotFound
    if [row.id for row in (await queries.latest(db))[:1]] != [report.id]:
        raise Conflict(_("Nel frattempo c’è un confronto più nuovo: riparti da quello."))
    what, kind, reference, amount = report.findings[where.place]
    if what == MOVEMENT:
        return await _movement(db, Open(report, what, kind, reference, amount, reference[:80]), locked=locked)
    if what == JOURNAL:
        return await _journal(db, Open(report, what, kind, reference, amount, ""))
    it = Open(report, SUM, kind, reference, amount, f"report/{report.id}")
    await _not_yet(db, it)
    return it


async def explain(db: AsyncSession, where: Place, note: str, person: Person) -> Explanation:
    """Close a finding in the words of `note`. Raises NotFound, Conflict."""
    it = await found(db, where, locked=True)
    await ledger.post(db, ADJUSTMENT, it.key, it.lines(), it.group_id)
    booked = await _booked(db, it.key)
    if booked is None:
        raise Conflict(_("Qui non c’è nessun importo da spiegare."))
    if it.movement is not None:
        it.movement.journal_id = booked.id
    row = Explanation(
        what=it.what,
        kind=it.kind[:40],
        reference=it.reference[:120],
        amount_minor=it.amount_minor,
        currency=it.report.currency,
        explained_id=it.journal.id if it.journal else None,
        journal_id=booked.id,
        note=note,
        actor_id=person.id,
        at=clock.now(),
    )
    db.add(row)
    audit.by(
        db,
        person,
        "finding.explained",
        ("finding", it.key),
        {},
        {"what": it.what, "kind": it.kind, "reference": it.reference, "amount_minor": it.amount_minor},
    )
    return row


async def _movement(db: AsyncSession, it: Open, *, locked: bool) -> Open:
    wanted = select(Movement).where(Movement.stripe_id == it.reference)
    wanted = wanted.with_for_update(key_share=True) if locked else wanted
    row = await db.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    if row.journal_id is not None:
        raise Conflict(_closed())
    return Open(it.report, it.what, it.kind, it.reference, it.amount_minor, it.key, movement=row)


async def _journal(db: AsyncSession, it: Open) -> Open:
    row = await db.scalar(
        select(LedgerJournal).where(LedgerJournal.kind == it.kind, LedgerJournal.reference == it.reference)
    )
    if row is None:
        raise NotFound
    same = [journal for journal in await reporting.unmatched(db, it.report.currency) if journal.id == row.id]
    if not same:
        raise Conflict(_closed())
    return Open(it.report, it.what, it.kind, it.reference, same[0].amount_minor, f"journal/{row.id}", journal=row)


async def _not_yet(db: AsyncSession, it: Open) -> None:
    if await _booked(db, it.key) is not None:
        raise Conflict(_closed())


async def _booked(db: AsyncSession, key: str) -> LedgerJournal | None:
    mine = (LedgerJournal.kind == ADJUSTMENT, LedgerJournal.reference == key)
    return await db.scalar(select(LedgerJournal).where(*mine))


def _closed() -> str:
    return _("Qualcuno se n’è già occupato: il prossimo confronto non ne parla più.")


async def closed(db: AsyncSession, report: Reconciliation) -> Sequence[bool]:
    """Which findings of a report, in their order, are not open any more. By then, others may be."""
    references = [reference for what, _kind, reference, _amount in report.findings if what == MOVEMENT]
    still = select(Movement.stripe_id).where(Movement.stripe_id.in_(references), Movement.journal_id.is_(None))
    movements = set(await db.scalars(still))
    journals = {(row.kind, row.reference) for row in await reporting.unmatched(db, report.currency)}
    summed = await _booked(db, f"report/{report.id}") is not None
    return [
        {MOVEMENT: reference not in movements, JOURNAL: (kind, reference) not in journals}.get(what, summed)
        for what, kind, reference, _amount in report.findings
    ]
