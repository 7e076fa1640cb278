"""What must be true of disputes and the ledger at any moment, for `tavola ledger verify`."""

from collections.abc import AsyncIterator

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import CreditPurchase, CreditRefund, ValueEntry, ValueLot
from app.commerce.disputes.models import Dispute
from app.commerce.disputes.of_credit import journals_of
from app.commerce.disputes.queries import OPEN
from app.commerce.orders.models import OrderGroup
from app.commerce.payments.ledger import (
    CREDIT_OWED,
    DEPOSITS,
    DISPUTE_LOSS,
    DISPUTED,
    PRODUCER_PAYABLE,
    REFUND_DUE,
)
from app.commerce.payments.models import LedgerEntry, LedgerJournal

HELD = ("needs_response", "under_review")  # the bank has the money, and nothing is decided

BEARING = (DISPUTE_LOSS, PRODUCER_PAYABLE, DEPOSITS, CREDIT_OWED, REFUND_DUE)


async def contested_money_is_open_disputes(db: AsyncSession) -> AsyncIterator[str]:
    """What the ledger says that banks have taken back for a group is what its undecided disputes come to, and those
    lost about a part of a deposit whose order is still open. So it is for bought credit, all together.
    """
    booked = (
        select(LedgerJournal.group_id, func.sum(LedgerEntry.amount_minor).label("amount"))
        .join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .where(LedgerEntry.account == DISPUTED)
        .group_by(LedgerJournal.group_id)
        .subquery()
    )
    is_held = Dispute.state.in_(HELD) | ((Dispute.state == "lost") & Dispute.borne_by.is_(None))
    held = func.sum(case((is_held, Dispute.amount_minor), else_=0)).label("amount")
    open_ = select(Dispute.group_id, held).group_by(Dispute.group_id).subquery()
    found = await db.execute(
        select(OrderGroup.number, func.coalesce(booked.c.amount, 0), func.coalesce(open_.c.amount, 0))
        .outerjoin(booked, booked.c.group_id == OrderGroup.id)
        .outerjoin(open_, open_.c.group_id == OrderGroup.id)
        .where(func.coalesce(booked.c.amount, 0) != func.coalesce(open_.c.amount, 0))
    )
    for number, ledger, disputes in found:
        yield f"group {number}: {ledger} is disputed in the ledger, its open disputes come to {disputes}"
    of_credit = select(booked.c.amount).where(booked.c.group_id.is_(None))
    of_open = select(open_.c.amount).where(open_.c.group_id.is_(None))
    ledger, disputes = await db.scalar(of_credit) or 0, await db.scalar(of_open) or 0
    if ledger != disputes:
        yield f"bought credit: {ledger} is disputed in the ledger, its open disputes come to {disputes}"


async def lost_disputes_are_borne(db: AsyncSession) -> AsyncIterator[str]:
    """A lost dispute is borne to the cent, by producers or by the shop; or it was a deposit that nobody had earned, or
    value and refunds that we owe no longer.
    """
    borne = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "dispute_lost",
            LedgerJournal.reference == Dispute.stripe_id,
            LedgerEntry.account.in_(BEARING),
        )
        .scalar_subquery()
    )
    amount = func.coalesce(borne, 0)
    lost = case(((Dispute.state == "lost") & Dispute.borne_by.is_not(None), Dispute.amount_minor), else_=0)
    for dispute, due, booked in await db.execute(select(Dispute.stripe_id, lost, amount).where(lost != amount)):
        yield f"dispute {dispute}: {due} is lost, the ledger has {booked}"


async def contested_credit_is_blocked(db: AsyncSession) -> AsyncIterator[str]:
    """What is left of a purchase with an undecided dispute cannot be spent; what no bank contests can."""
    contested = (
        select(Dispute.id).where(Dispute.purchase_id == CreditPurchase.id, Dispute.state.in_((*OPEN, "lost"))).exists()
    )
    undecided = select(Dispute.id).where(Dispute.purchase_id == CreditPurchase.id, Dispute.state.in_(OPEN)).exists()
    is_blocked = ValueLot.blocked_at.is_not(None)
    found = await db.execute(
        select(CreditPurchase.number, ValueLot.id, is_blocked)
        .join(ValueEntry, (ValueEntry.kind == "bought") & (ValueEntry.reference == CreditPurchase.number))
        .join(ValueLot, (ValueLot.id == ValueEntry.lot_id) | (ValueLot.root_id == ValueEntry.lot_id))
        .where((undecided & ~is_blocked) | (~contested & is_blocked))
    )
    for number, lot, blocked in found:
        yield f"purchase {number}: lot {lot} is {'blocked' if blocked else 'free'}, its disputes say otherwise"


async def voided_credit_is_booked(db: AsyncSession) -> AsyncIterator[str]:
    """What a lost dispute has made void left the book of stored value, and the ledger owes it no longer; nor more of
    either than was lost.
    """
    taken = (
        select(func.coalesce(-func.sum(ValueEntry.amount_minor), 0))
        .where(ValueEntry.kind == "voided", ValueEntry.reference == Dispute.stripe_id)
        .scalar_subquery()
    )
    value, refunds = (
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(journals_of(Dispute.stripe_id), LedgerEntry.account == account)
        .scalar_subquery()
        for account in (CREDIT_OWED, REFUND_DUE)
    )
    given = (
        select(func.coalesce(func.sum(CreditRefund.amount_minor), 0))
        .where(CreditRefund.state == "by_bank", CreditRefund.failure == Dispute.stripe_id)
        .scalar_subquery()
    )
    found = select(Dispute.stripe_id, Dispute.amount_minor, taken, value, given, refunds)
    for dispute, amount, out, booked, by_bank, due in await db.execute(found.where(Dispute.purchase_id.is_not(None))):
        if (out, by_bank) != (booked, due) or out + by_bank > amount:
            yield f"dispute {dispute} of {amount} voids {out} and {by_bank}, the ledger has {booked} and {due}"


ALL = (
    contested_money_is_open_disputes,
    lost_disputes_are_borne,
    contested_credit_is_blocked,
    voided_credit_is_booked,
)
