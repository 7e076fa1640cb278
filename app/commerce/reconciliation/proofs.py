"""What must be true between Stripe's objects and the ledger at any moment, for `tavola ledger verify`."""

from collections.abc import AsyncIterator

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order
from app.commerce.payments.ledger import STRIPE_BALANCE
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Transfer
from app.commerce.reconciliation.models import Movement


async def movements_are_their_journals(db: AsyncSession) -> AsyncIterator[str]:
    """What Stripe moved is what its journal says; the charge for a dispute is in the same journal."""
    booked = (
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .where(LedgerEntry.journal_id == Movement.journal_id, LedgerEntry.account == STRIPE_BALANCE)
        .scalar_subquery()
    )
    moved = Movement.amount_minor - case((Movement.category == "dispute", Movement.fee_minor), else_=0)
    found = select(Movement.stripe_id, moved, booked).where(Movement.journal_id.is_not(None), moved != booked)
    for movement, amount, journal in await db.execute(found):
        yield f"Stripe's movement {movement} is {amount}, its journal says {journal}"


async def sent_transfers_are_booked(db: AsyncSession) -> AsyncIterator[str]:
    """Every transfer that Stripe has is in the ledger with what was sent, and no other is. A destination charge sends
    all of itself, and our fee comes back.
    """
    booked = (
        select(-func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind.in_(("transfer", "application_fee")),
            LedgerEntry.order_id == Transfer.order_id,
            LedgerEntry.account == STRIPE_BALANCE,
        )
        .scalar_subquery()
    )
    amount = func.coalesce(booked, 0)
    sent = case((Transfer.state == "sent", Transfer.amount_minor - Transfer.withheld_minor), else_=0)
    found = select(Order.number, sent, amount).join(Order, Order.id == Transfer.order_id).where(sent != amount)
    for number, gone, journal in await db.execute(found):
        yield f"order {number}: {gone} was transferred, the ledger has {journal}"


ALL = (movements_are_their_journals, sent_transfers_are_booked)
