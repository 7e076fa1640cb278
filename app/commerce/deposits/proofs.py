"""What must be true of deposits at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.catalog import deposits
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import DEPOSITS
from app.commerce.payments.models import BALANCE, DEPOSIT, WHOLE, LedgerEntry, Payment
from app.commerce.payments.proofs import Proof

LEFT = ("shipped", "delivered", "partially_refunded", "refunded")


async def what_is_owed_is_open(db: AsyncSession) -> AsyncIterator[str]:
    """The account of deposits is what was paid ahead for orders whose balance is still to come."""
    owed = await db.scalar(select(func.sum(LedgerEntry.amount_minor)).where(LedgerEntry.account == DEPOSITS)) or 0
    open_ = (
        select(func.sum(Payment.amount_minor))
        .join(OrderGroup, OrderGroup.id == Payment.group_id)
        .where(Payment.part == DEPOSIT, Payment.state == "paid", OrderGroup.state == "deposited")
    )
    paid = await db.scalar(open_) or 0
    if -owed != paid:
        yield f"the ledger owes {-owed} as deposits, open ones come to {paid}"


async def payments_are_the_parts(db: AsyncSession) -> AsyncIterator[str]:
    """A group with a deposit has had that, and once it is paid the rest of its total too; every other, neither."""
    taken = {
        part: func.coalesce(
            func.sum(case(((Payment.part == part) & (Payment.state == "paid"), Payment.amount_minor), else_=0)), 0
        )
        for part in (WHOLE, DEPOSIT, BALANCE)
    }
    found = await db.execute(
        select(
            OrderGroup.number, OrderGroup.state, OrderGroup.paid_at, OrderGroup.total_minor, OrderGroup.deposit_minor,
            *taken.values(),
        )
        .join(Payment, Payment.group_id == OrderGroup.id)
        .where((OrderGroup.deposit_minor > 0) | (Payment.part != WHOLE))
        .group_by(OrderGroup.id)
    )  # fmt: skip
    for number, state, paid_at, total, deposit, *parts in found:
        due = [0, deposit if state == "deposited" or paid_at else 0, total - deposit if paid_at else 0]
        if parts != due:
            yield f"group {number} is {state}: whole, deposit and balance should be {due}, payments are {parts}"


async def deposits_are_their_lines(db: AsyncSession) -> AsyncIterator[str]:
    """A deposit is the sum of what its lines ask; nothing of it leaves before the balance has come."""
    groups = await db.scalars(
        select(OrderGroup)
        .where(OrderGroup.deposit_minor > 0)
        .options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        .order_by(OrderGroup.id)
    )
    for group in groups:
        lines = [line for order in group.orders for line in order.lines]
        asked = deposits.deposit([(x.gross_minor, x.snapshot.get("deposit")) for x in lines], group.total_minor)
        if asked != group.deposit_minor:
            yield f"group {group.number} has a deposit of {group.deposit_minor}, its lines ask {asked}"
        for order in group.orders:
            if group.state == "deposited" and order.state in LEFT:
                yield f"order {order.number} is {order.state}, its balance has not been paid"


ALL: tuple[Proof, ...] = (what_is_owed_is_open, payments_are_the_parts, deposits_are_their_lines)
