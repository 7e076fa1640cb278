"""What must be true of stored value at any moment; joined to those of money and stock by main."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import (
    MONEY,
    CreditPurchase,
    CreditRefund,
    CreditUse,
    ValueAccount,
    ValueEntry,
    ValueLot,
)
from app.commerce.orders.models import OrderGroup
from app.commerce.payments.ledger import CREDIT_OWED, REFUND_DUE
from app.commerce.payments.models import LedgerEntry, LedgerJournal


async def balances_are_their_entries(db: AsyncSession) -> AsyncIterator[str]:
    """Every account has what its entries come to, and what its lots have left; none is below zero."""
    entries = (
        select(func.coalesce(func.sum(ValueEntry.amount_minor), 0))
        .where(ValueEntry.account_id == ValueAccount.id)
        .scalar_subquery()
    )
    lots = (
        select(func.coalesce(func.sum(ValueLot.left_minor), 0))
        .where(ValueLot.account_id == ValueAccount.id)
        .scalar_subquery()
    )
    balance = ValueAccount.balance_minor
    found = await db.execute(
        select(ValueAccount.id, ValueAccount.kind, balance, entries, lots)
        .where((balance != entries) | (balance != lots) | (balance < 0))
        .order_by(ValueAccount.id)
    )
    for account, kind, has, moved, left in found:
        yield f"{kind} {account} has {has}, its entries come to {moved}, its lots have {left}"


async def lots_are_their_entries(db: AsyncSession) -> AsyncIterator[str]:
    """What a lot has left is what its entries come to, and lots belong to the account of their entries."""
    entries = func.coalesce(func.sum(ValueEntry.amount_minor), 0)
    found = await db.execute(
        select(ValueLot.id, ValueLot.left_minor, entries)
        .outerjoin(ValueEntry, (ValueEntry.lot_id == ValueLot.id) & (ValueEntry.account_id == ValueLot.account_id))
        .group_by(ValueLot.id, ValueLot.left_minor)
        .having(ValueLot.left_minor != entries)
        .order_by(ValueLot.id)
    )
    for lot, left, moved in found:
        yield f"lot {lot} has {left} left, its entries come to {moved}"


async def owed_is_what_is_held(db: AsyncSession) -> AsyncIterator[str]:
    """What the ledger owes as stored value is the balances of wallets and cards, and what open orders hold."""
    owed = {
        currency: -amount
        for currency, amount in await db.execute(
            select(LedgerEntry.currency, func.sum(LedgerEntry.amount_minor))
            .where(LedgerEntry.account == CREDIT_OWED)
            .group_by(LedgerEntry.currency)
        )
    }
    stored: dict[str, int] = {}
    balances = select(ValueAccount.currency, func.sum(ValueAccount.balance_minor)).where(ValueAccount.kind.in_(MONEY))
    held = (
        select(ValueAccount.currency, func.sum(CreditUse.amount_minor))
        .join(ValueAccount, ValueAccount.id == CreditUse.account_id)
        .where(CreditUse.state == "held")
    )
    for question in (balances, held):
        for currency, amount in await db.execute(question.group_by(ValueAccount.currency)):
            stored[currency] = stored.get(currency, 0) + amount
    for currency in sorted({*owed, *stored}):
        should, has = owed.get(currency, 0), stored.get(currency, 0)
        if should != has:
            yield f"the ledger owes {should} {currency} as credit, accounts have {has}"


async def uses_are_the_groups_credit(db: AsyncSession) -> AsyncIterator[str]:
    """An open group holds, and a paid one has spent, what it says that credit pays; an ended one holds nothing."""
    of_group = {
        state: select(func.coalesce(func.sum(CreditUse.amount_minor), 0))
        .where(CreditUse.group_id == OrderGroup.id, CreditUse.state == state)
        .scalar_subquery()
        for state in ("held", "spent")
    }
    found = await db.execute(
        select(OrderGroup.number, OrderGroup.state, OrderGroup.credit_minor, of_group["held"], of_group["spent"])
    )
    for number, state, credit, held, spent in found:
        should = {"awaiting_payment": (credit, 0), "authorized": (credit, 0), "cancelled": (0, 0)}.get(state)
        if state == "paid":
            should = (0, credit)
        if should is not None and (held, spent) != should:
            yield f"group {number} ({state}) takes {credit} from credit; it holds {held} and has spent {spent}"


async def refunds_are_of_what_was_left(db: AsyncSession) -> AsyncIterator[str]:
    """Refunds of a purchase come to no more than was paid; each took its value out of the book, and is booked once."""
    back = func.coalesce(func.sum(CreditRefund.amount_minor), 0)
    found = await db.execute(
        select(CreditPurchase.number, CreditPurchase.amount_minor, back)
        .join(CreditRefund, CreditRefund.purchase_id == CreditPurchase.id)
        .group_by(CreditPurchase.id, CreditPurchase.number, CreditPurchase.amount_minor)
        .having(back > CreditPurchase.amount_minor)
    )
    for number, paid, gone in found:
        yield f"purchase {number} was {paid}, its refunds come to {gone}"
    taken = (
        select(func.coalesce(-func.sum(ValueEntry.amount_minor), 0))
        .where(ValueEntry.kind == "repaid", ValueEntry.reference == CreditRefund.number)
        .scalar_subquery()
    )
    begins = func.substr(LedgerJournal.reference, 1, func.length(CreditRefund.number) + 1)
    due = (
        select(func.coalesce(-func.sum(LedgerEntry.amount_minor), 0))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(LedgerEntry.account == REFUND_DUE)
        .where((LedgerJournal.reference == CreditRefund.number) | (begins == CreditRefund.number + "/"))
        .scalar_subquery()
    )
    for number, state, amount, out, open_ in await db.execute(
        select(CreditRefund.number, CreditRefund.state, CreditRefund.amount_minor, taken, due)
    ):
        if out != amount:
            yield f"refund {number} is {amount}, {out} left the book"
        if open_ != (0 if state == "sent" else amount):  # by_bank: the journal of its dispute settles it
            yield f"refund {number} of {amount} is {state}, the ledger has {open_} due"


ALL = (
    balances_are_their_entries,
    lots_are_their_entries,
    owed_is_what_is_held,
    uses_are_the_groups_credit,
    refunds_are_of_what_was_left,
)
