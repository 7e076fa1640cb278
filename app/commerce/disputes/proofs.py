"""What must be true of disputes and the ledger at any moment, for `tavola ledger verify`."""

from collections.abc import AsyncIterator

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes.models import Dispute
from app.commerce.orders.models import OrderGroup
from app.commerce.payments.ledger import DEPOSITS, DISPUTE_LOSS, DISPUTED, PRODUCER_PAYABLE
from app.commerce.payments.models import LedgerEntry, LedgerJournal

HELD = ("needs_response", "under_review")  # the bank has the money, and nothing is decided


async def contested_money_is_open_disputes(db: AsyncSession) -> AsyncIterator[str]:
    """What the ledger says that banks have taken back for a group is what its undecided disputes come to."""
    booked = (
        select(LedgerJournal.group_id, func.sum(LedgerEntry.amount_minor).label("amount"))
        .join(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .where(LedgerEntry.account == DISPUTED)
        .group_by(LedgerJournal.group_id)
        .subquery()
    )
    held = func.sum(case((Dispute.state.in_(HELD), Dispute.amount_minor), else_=0)).label("amount")
    open_ = select(Dispute.group_id, held).group_by(Dispute.group_id).subquery()
    found = await db.execute(
        select(OrderGroup.number, func.coalesce(booked.c.amount, 0), func.coalesce(open_.c.amount, 0))
        .outerjoin(booked, booked.c.group_id == OrderGroup.id)
        .outerjoin(open_, open_.c.group_id == OrderGroup.id)
        .where(func.coalesce(booked.c.amount, 0) != func.coalesce(open_.c.amount, 0))
    )
    for number, ledger, disputes in found:
        yield f"group {number}: {ledger} is disputed in the ledger, its open disputes come to {disputes}"


async def lost_disputes_are_borne(db: AsyncSession) -> AsyncIterator[str]:
    """A lost dispute is borne to the cent, by producers or by the shop; or it was a deposit that nobody had earned."""
    borne = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "dispute_lost",
            LedgerJournal.reference == Dispute.stripe_id,
            LedgerEntry.account.in_((DISPUTE_LOSS, PRODUCER_PAYABLE, DEPOSITS)),
        )
        .scalar_subquery()
    )
    amount = func.coalesce(borne, 0)
    lost = case((Dispute.state == "lost", Dispute.amount_minor), else_=0)
    for dispute, due, booked in await db.execute(select(Dispute.stripe_id, lost, amount).where(lost != amount)):
        yield f"dispute {dispute}: {due} is lost, the ledger has {booked}"


ALL = (contested_money_is_open_disputes, lost_disputes_are_borne)
