"""Stripe's own book beside ours: every balance transaction has its journal, and every journal its transaction.

What Stripe keeps for itself and what it pays out to the bank is known only from there, and booked here. Safe to repeat:
a movement is kept once, and a journal is written once. Source: docs/algorithms/reconciliation.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes import following
from app.commerce.payments import ledger, sweep
from app.commerce.payments.ledger import BANK, STRIPE_BALANCE, STRIPE_FEES, Line
from app.commerce.payments.models import LedgerJournal, Payment
from app.commerce.reconciliation import owning, reporting
from app.commerce.reconciliation.models import Movement, Reconciliation
from app.commerce.reconciliation.owning import CHARGES, TO_BANK, Owners
from app.commerce.refunds import sending
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.integrations.stripe_money import MovementFacts
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
AGAIN = timedelta(days=7)  # read anew each time: Stripe may list a movement late
AT_FIRST = timedelta(days=1)  # before the first payment
CHARGE, DISPUTE, REFUND_FAILURE = "charge", "dispute", "refund_failure"
# Kinds of journals that a movement of a category is about, before any other of the same amount.
FAMILIES = {
    "charge": ("payment", "deposit", "late_payment", "credit_sale"),
    "refund": ("refund_sent", "late_refund", "credit_refund_sent"),
    "transfer": ("transfer", "late_transfer"),
    "transfer_reversal": ("reversal", "late_reversal"),
    "platform_earning": ("application_fee", "late_fee"),
    "refund_failure": ("refund_failed", "late_refund_failed", "credit_refund_failed"),
}


async def compare(database: Database, shop: ShopFacts, gateway: StripeGateway, *, keeps_books: bool) -> Reconciliation:
    """Read what is new at Stripe, book what only Stripe knows, and write a report. Raises PaymentUnreachable.

    keeps_books: this shop books the payouts and charges of the platform's account as a whole, and answers for
    movements that nobody knows. One account may serve several shops; one of them does that.
    """
    async with database.session(shop.id) as db:
        since = await _since(db)
    read_at = clock.now()
    movements = await stripe_money.movements_since(gateway, since)
    mine = await _mine(database, shop, gateway, movements, keeps_books=keeps_books)
    await _follow(database, shop, gateway, mine)
    async with database.session(shop.id) as db:
        owners = await owning.owners(db, shop, movements)  # following has made some known
    async with database.session(shop.id) as db, transaction(db):
        new = await _keep(db, mine, owners)
        fees = sum([await _book(db, row) for row in new])
        for row in await _open(db, {facts.id: owners.group_of(facts) for facts in movements}):
            row.journal_id = await _journal(db, row)
            await db.flush()  # a journal is taken once
        report = await reporting.write(db, shop.currency, read_at, new=len(new), fees_minor=fees)
    if report.findings:
        log.warning("reconciliation.unexplained", shop=shop.slug, findings=len(report.findings))
    return report


async def _since(db: AsyncSession) -> datetime:
    last: datetime | None = await db.scalar(select(func.max(Reconciliation.at)))
    if last is not None:
        return last - AGAIN
    first: datetime | None = await db.scalar(select(func.min(Payment.created_at)))
    return (first or clock.now()) - AT_FIRST


async def _mine(
    database: Database,
    shop: ShopFacts,
    gateway: StripeGateway,
    movements: Sequence[MovementFacts],
    *,
    keeps_books: bool,
) -> list[MovementFacts]:
    """Those that we do not have yet and that are this shop's."""
    async with database.session(shop.id) as db:
        oldest = min((facts.created_at for facts in movements), default=clock.now())
        known = set(await db.scalars(select(Movement.stripe_id).where(Movement.created_at >= oldest)))
        fresh = [facts for facts in movements if facts.id not in known]
        owners = await owning.owners(db, shop, fresh)
    return [
        facts
        for facts in fresh
        if owners.is_ours(shop, facts) or (keeps_books and not await _is_elsewhere(gateway, shop, owners, facts))
    ]


async def _is_elsewhere(gateway: StripeGateway, shop: ShopFacts, owners: Owners, facts: MovementFacts) -> bool:
    """Is it another shop's? Where the movement does not say so, its charge does."""
    if facts.category in TO_BANK | CHARGES:
        return False
    if owners.is_elsewhere(shop, facts):
        return True
    charge = next((name for name in owning.names(facts) if name.startswith(("ch_", "py_"))), None)
    if charge is None:
        return False
    try:
        return await stripe_money.shop_of_charge(gateway, charge) not in {None, shop.slug}
    except PaymentRefused:
        return False


async def _follow(database: Database, shop: ShopFacts, gateway: StripeGateway, mine: Sequence[MovementFacts]) -> None:
    """What moved money and whose news were lost, however long ago, is followed, and booked before it is looked for: a
    charge that we know nothing of, a refund that a bank has sent back, a dispute.
    """
    async with database.session(shop.id) as db:
        owners = await owning.owners(db, shop, [facts for facts in mine if facts.category == CHARGE])
    for facts in mine:
        intent_id = facts.source.get("payment_intent")
        if facts.category == CHARGE and intent_id and not owners.knows(facts):
            await sweep.hear_of(database, shop, gateway, intent_id)
        elif facts.category == REFUND_FAILURE:
            await sending.follow(database, shop, gateway, facts.source_id or "")
    for dispute_id in {facts.source_id for facts in mine if facts.category == DISPUTE and facts.source_id}:
        await following.follow(database, shop, gateway, dispute_id)


async def _keep(db: AsyncSession, mine: Sequence[MovementFacts], owners: Owners) -> list[Movement]:
    """New rows; of two comparisons at once the second finds nothing new."""
    ids = [facts.id for facts in mine]
    known = set(await db.scalars(select(Movement.stripe_id).where(Movement.stripe_id.in_(ids))))
    rows = [
        Movement(
            stripe_id=facts.id,
            category=facts.category[:40],
            source_id=facts.source_id,
            group_id=owners.group_of(facts),
            amount_minor=facts.amount_minor,
            fee_minor=facts.fee_minor,
            currency=facts.currency,
            created_at=facts.created_at,
        )
        for facts in mine
        if facts.id not in known
    ]
    db.add_all(rows)
    await db.flush()
    return rows


async def _book(db: AsyncSession, row: Movement) -> int:
    """What only Stripe knows: what it keeps, and what it sends to the bank. What it kept, in minor units."""
    if row.category in TO_BANK:
        lines = [Line(STRIPE_BALANCE, row.amount_minor, row.currency), Line(BANK, -row.amount_minor, row.currency)]
        await ledger.post(db, row.category, row.stripe_id, lines, row.group_id)
    kept = row.fee_minor - (row.amount_minor if row.category in CHARGES else 0)
    if kept and row.category != DISPUTE:  # the charge for a dispute is booked with its money
        lines = [Line(STRIPE_FEES, kept, row.currency), Line(STRIPE_BALANCE, -kept, row.currency)]
        await ledger.post(db, "stripe_fee", row.stripe_id, lines, row.group_id)
    return kept


async def _open(db: AsyncSession, groups: Mapping[str, int | None]) -> list[Movement]:
    """Movements without a journal, oldest first. groups: of those just read, what they are about as is known by now:
    the fee of a payment may have been read before the payment was heard of.
    """
    rows = list(await db.scalars(select(Movement).where(Movement.journal_id.is_(None)).order_by(Movement.id)))
    for row in rows:
        row.group_id = row.group_id or groups.get(row.stripe_id)
    return rows


async def _journal(db: AsyncSession, row: Movement) -> int | None:
    """The journal that says the same as a movement and is not another's: by its own id, else by group and amount."""
    own = {"dispute": DISPUTE} | {category: category for category in TO_BANK} | dict.fromkeys(CHARGES, "stripe_fee")
    if row.category in own:
        kind = own[row.category]
        return await db.scalar(
            select(LedgerJournal.id).where(LedgerJournal.kind == kind, LedgerJournal.reference == row.stripe_id)
        )
    free = await reporting.journals_without_movement(db, group_id=row.group_id, currency=row.currency)
    same = [journal for journal in free if journal.amount_minor == row.amount_minor]
    family = FAMILIES.get(row.category, ())
    if row.group_id is None:  # stored value is sold without an order
        same = [journal for journal in same if journal.kind in family]
    same.sort(key=lambda journal: (journal.kind not in family, journal.id))
    return same[0].id if same else None
