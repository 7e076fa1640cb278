"""Disputes of bought credit: what is left of a card or a top-up is blocked, free again when won, void when lost.

A lost one costs the shop what had been spent: nobody else has had of it. What comes back of it later (an order that
ended, a refund of goods) lowers that loss. Source: docs/algorithms/credit.md.
"""

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.commerce.credit import contesting
from app.commerce.credit.models import CreditPurchase
from app.commerce.disputes import bearing, queries, recording
from app.commerce.disputes.models import Dispute
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger
from app.commerce.payments.ledger import CREDIT_OWED, DISPUTE_LOSS, DISPUTED, REFUND_DUE, Line
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.integrations.stripe_money import DisputeFacts
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system import audit

LOST, BACK = "dispute_lost", "credit_voided"  # kinds of journal


async def take_in(database: Database, shop: ShopFacts, facts: DisputeFacts) -> str | None:
    """What Stripe said of a dispute about a purchase of ours. Its state, or None if there is no such purchase."""
    async with database.session(shop.id) as db, transaction(db):
        found = await db.scalar(select(CreditPurchase.id).where(CreditPurchase.charge_id == facts.charge_id))
        if found is None:
            return None
        purchase = await contesting.locked(db, found)
        row = await queries.of_stripe(db, facts.id)
        before = row.state if row else None
        if row is None:
            row = recording.begun(facts)
            row.purchase_id = purchase.id
            db.add(row)
        if recording.copy(row, facts, before):
            purchase.dispute_id = recording.ban(purchase.dispute_id, facts)
        await db.flush()
        await recording.book(db, None, facts.movements)
        await _follow(db, shop, row, purchase)
        if row.state != before:
            _announce(db, row, purchase, before)
        return row.state


async def _follow(db: AsyncSession, shop: ShopFacts, row: Dispute, purchase: CreditPurchase) -> None:
    if row.state in queries.OPEN:
        await contesting.block(db, purchase)
    elif row.state == "lost":
        await _lose(db, shop, row, purchase)
    elif not await _is_contested_otherwise(db, row):
        await contesting.release(db, shop, purchase)


async def _lose(db: AsyncSession, shop: ShopFacts, row: Dispute, purchase: CreditPurchase) -> None:
    """Done again, it lowers the loss by what has come back since; once all is covered, the rest is free again."""
    covered = await _covered(db, row) if row.borne_by else 0
    if covered == row.amount_minor:
        return
    await contesting.block(db, purchase)
    taken = await contesting.take(db, purchase, row.amount_minor - covered, row.stripe_id[:80])
    lines = [
        Line(CREDIT_OWED, taken.value_minor, row.currency),
        Line(REFUND_DUE, taken.refunds_minor, row.currency),
    ]
    if row.borne_by is None:
        row.borne_by = bearing.SHOP
        lines += [
            Line(DISPUTE_LOSS, row.amount_minor - taken.amount_minor, row.currency),
            Line(DISPUTED, -row.amount_minor, row.currency),
        ]
        await ledger.post(db, LOST, row.stripe_id[:80], lines, None)
    else:
        lines.append(Line(DISPUTE_LOSS, -taken.amount_minor, row.currency))
        await ledger.post(db, BACK, f"{row.stripe_id[:60]}/{covered}", lines, None)
    if covered + taken.amount_minor == row.amount_minor and not await _is_contested_otherwise(db, row):
        await contesting.release(db, shop, purchase)


async def _covered(db: AsyncSession, row: Dispute) -> int:
    """What has lowered the loss so far, in minor units."""
    found = (
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(journals_of(Dispute.stripe_id), Dispute.id == row.id)
        .where(LedgerEntry.account.in_((CREDIT_OWED, REFUND_DUE)))
    )
    return int(await db.scalar(found) or 0)


def journals_of(dispute: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The journals of a lost dispute of credit. dispute: its Stripe id, as a column."""
    first = (LedgerJournal.kind == LOST) & (LedgerJournal.reference == dispute)
    begins = func.substr(LedgerJournal.reference, 1, func.length(dispute) + 1) == dispute + "/"
    return or_(first, (LedgerJournal.kind == BACK) & begins)


async def _is_contested_otherwise(db: AsyncSession, row: Dispute) -> bool:
    """Is there another dispute of the same purchase that is not decided?"""
    others = (Dispute.purchase_id == row.purchase_id, Dispute.id != row.id, Dispute.state.in_(queries.OPEN))
    return await db.scalar(select(Dispute.id).where(*others).limit(1)) is not None


def _announce(db: AsyncSession, row: Dispute, purchase: CreditPurchase, before: str | None) -> None:
    """The audit trail, which is the timeline of a purchase, and a mail to staff; who bought is told by his bank."""
    audit.record(
        db,
        action="credit.disputed",
        entity="credit_purchase",
        entity_id=purchase.number,
        actor_id=None,
        actor_role=STRIPE.kind,
        before={"state": before} if before else {},
        after={"state": row.state, "dispute": row.stripe_id, "amount_minor": row.amount_minor},
    )
    if before is None or row.state in recording.OVER or row.state == "needs_response":
        add_job(db, "disputes.tell", dispute_id=row.id, state=row.state)
