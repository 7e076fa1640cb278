"""The ledger: every cent that we take, owe and send, as balanced double entries. Source: docs/algorithms/ledger.md.

An entry is a debit (positive) or a credit (negative) on an account; those of a journal add up to zero per currency.
Journals and entries are only ever added.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.kernel import clock

STRIPE_BALANCE = "stripe_balance"  # ours: what Stripe holds for us, less its own charges once they are read
PRODUCER_PAYABLE = "producer_payable"  # owed: to one producer, until it is transferred
FEE_INCOME = "fee_income"  # earned: the shop's percentage of the goods
REFUND_DUE = "refund_due"  # owed: to a buyer who paid too late, until it is given back
PROMOTION_COST = "promotion_cost"  # spent: discounts that the shop pays
DEPOSITS = "deposits"  # owed: to buyers, what they paid ahead for a piece that is being made, until the balance comes
CREDIT_OWED = "credit_owed"  # owed: stored value (wallets, gift cards) to whoever holds it
LOYALTY_COST = "loyalty_cost"  # spent: points that became stored value
EXPIRED_CREDIT = "expired_credit"  # earned: stored value whose time ran out
STRIPE_FEES = "stripe_fees"  # spent: what Stripe keeps
DISPUTED = "disputed"  # ours: money that a buyer's bank has taken back, until the dispute is decided
DISPUTE_LOSS = "dispute_loss"  # spent: lost disputes that no producer bears
CAPTURE_LOSS = "capture_loss"  # spent: what somebody took too little at Stripe of goods by weight
BANK = "bank"  # ours: what Stripe has paid out to the shop
APPLICATION_FEES = "application_fees"  # ours: of destination charges, on its way back from a producer's account
ADJUSTMENTS = "adjustments"  # neither: what an admin has explained in words (reconciliation/resolving.py)
ACCOUNTS = frozenset(
    {
        STRIPE_BALANCE,
        PRODUCER_PAYABLE,
        FEE_INCOME,
        REFUND_DUE,
        PROMOTION_COST,
        DEPOSITS,
        CREDIT_OWED,
        LOYALTY_COST,
        EXPIRED_CREDIT,
        STRIPE_FEES,
        DISPUTED,
        DISPUTE_LOSS,
        CAPTURE_LOSS,
        BANK,
        APPLICATION_FEES,
        ADJUSTMENTS,
    }
)


@dataclass(frozen=True)
class Line:
    """amount_minor: debit positive, credit negative."""

    account: str
    amount_minor: int
    currency: str
    producer_id: int | None = None
    order_id: int | None = None


class Unbalanced(ValueError):
    """The entries of a journal do not add up to zero: a bug, and nothing is written."""


def payment(orders: Sequence[Order], currency: str, credit_minor: int = 0, deposit_minor: int = 0) -> list[Line]:
    """Money came for these orders: each producer is owed goods less fee and delivery; the fees are ours.

    The shop's own discounts are its cost: the producer gets them as if the buyer had paid. credit_minor: the part that
    the buyer paid from stored value, which we owe him no longer. deposit_minor: the part that came before.
    """
    lines = [
        Line(STRIPE_BALANCE, sum(order.total_minor for order in orders) - credit_minor - deposit_minor, currency),
        Line(CREDIT_OWED, credit_minor, currency),
        Line(DEPOSITS, deposit_minor, currency),
        Line(PROMOTION_COST, sum(order.shop_funded_minor for order in orders), currency),
    ]
    for order in orders:
        lines += [
            Line(PRODUCER_PAYABLE, -order.payout_minor, currency, order.producer_id, order.id),
            Line(FEE_INCOME, -order.fee_minor, currency, order.producer_id, order.id),
        ]
    return lines


def other_capture(more_minor: int, currency: str) -> list[Line]:
    """Beside a payment: Stripe took so much more than was agreed, and the buyer has it back; or less (negative), and
    the shop bears it.
    """
    if not more_minor:
        return []
    return [Line(STRIPE_BALANCE, more_minor, currency),
            Line(REFUND_DUE if more_minor > 0 else CAPTURE_LOSS, -more_minor, currency)]  # fmt: skip


def transfer(amount_minor: int, currency: str, producer_id: int, order_id: int) -> list[Line]:
    """A producer's part went to his account."""
    return [
        Line(PRODUCER_PAYABLE, amount_minor, currency, producer_id, order_id),
        Line(STRIPE_BALANCE, -amount_minor, currency, producer_id, order_id),
    ]


def transfer_of_charge(amount_minor: int, fee_minor: int, currency: str, producer_id: int, order_id: int) -> list[Line]:
    """A producer's part went to his account with all of the charge, our fee too, which comes back at once."""
    return [
        Line(PRODUCER_PAYABLE, amount_minor, currency, producer_id, order_id),
        Line(APPLICATION_FEES, fee_minor, currency, producer_id, order_id),
        Line(STRIPE_BALANCE, -amount_minor - fee_minor, currency, producer_id, order_id),
    ]


def application_fee(fee_minor: int, currency: str, producer_id: int, order_id: int) -> list[Line]:
    """That fee has come back."""
    return [
        Line(STRIPE_BALANCE, fee_minor, currency, producer_id, order_id),
        Line(APPLICATION_FEES, -fee_minor, currency, producer_id, order_id),
    ]


def reversal(amount_minor: int, currency: str, producer_id: int, order_id: int) -> list[Line]:
    """A producer's part came back from his account."""
    return transfer(-amount_minor, currency, producer_id, order_id)


def reversal_elsewhere(part_minor: int, more_minor: int, currency: str, producer_id: int, order_id: int) -> list[Line]:
    """The same, done by somebody at Stripe's own desk, who took more than he had to give back: that is still his."""
    return [
        *reversal(part_minor, currency, producer_id, order_id),
        Line(STRIPE_BALANCE, more_minor, currency),
        Line(ADJUSTMENTS, -more_minor, currency),
    ]


def netting(amount_minor: int, currency: str, producer_id: int, order_id: int, owed_order_id: int) -> list[Line]:
    """What a producer owed of one order was kept back from the transfer of another."""
    return [
        Line(PRODUCER_PAYABLE, amount_minor, currency, producer_id, order_id),
        Line(PRODUCER_PAYABLE, -amount_minor, currency, producer_id, owed_order_id),
    ]


def deposit(amount_minor: int, currency: str) -> list[Line]:
    """Money came for a piece that has still to be made: it is the buyer's until the rest has come."""
    return [Line(STRIPE_BALANCE, amount_minor, currency), Line(DEPOSITS, -amount_minor, currency)]


def deposit_back(amount_minor: int, currency: str) -> list[Line]:
    """The piece is not made after all: the deposit is to be given back."""
    return [Line(DEPOSITS, amount_minor, currency), Line(REFUND_DUE, -amount_minor, currency)]


def late_payment(amount_minor: int, currency: str) -> list[Line]:
    """Money came for goods that are gone: it is the buyer's."""
    return [Line(STRIPE_BALANCE, amount_minor, currency), Line(REFUND_DUE, -amount_minor, currency)]


def given_back(amount_minor: int, currency: str, *, by_hand: bool = False) -> list[Line]:
    """What was due to a buyer went back to his card; by hand: from the shop's own bank account.

    Below zero: a bank has sent it back, and it is due again.
    """
    source = BANK if by_hand else STRIPE_BALANCE
    return [Line(REFUND_DUE, amount_minor, currency), Line(source, -amount_minor, currency)]


async def post(db: AsyncSession, kind: str, reference: str, lines: Sequence[Line], group_id: int | None) -> bool:
    """Write a journal. Within a transaction. False, and nothing is written, if (kind, reference) is there already.

    Lines of zero are left out, and so is a journal of nothing else. Raises Unbalanced.
    """
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.currency] += line.amount_minor
    if any(sums.values()) or not ACCOUNTS.issuperset(line.account for line in lines):
        raise Unbalanced(f"{kind} {reference}: {dict(sums)}")
    if not any(line.amount_minor for line in lines):
        return False
    known = select(LedgerJournal.id).where(LedgerJournal.kind == kind, LedgerJournal.reference == reference)
    if await db.scalar(known) is not None:
        return False
    journal = LedgerJournal(kind=kind, reference=reference, group_id=group_id, at=clock.now())
    db.add(journal)
    await db.flush()  # the entries need its id
    db.add_all(
        LedgerEntry(
            journal_id=journal.id,
            account=line.account,
            producer_id=line.producer_id,
            order_id=line.order_id,
            amount_minor=line.amount_minor,
            currency=line.currency,
        )
        for line in lines
        if line.amount_minor
    )
    return True
