"""What must be true of goods by weight at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments.models import LedgerJournal, Payment
from app.commerce.payments.proofs import Proof
from app.commerce.payments.settling import HELD


async def authorized_groups_are_held(db: AsyncSession) -> AsyncIterator[str]:
    """A group that waits to be weighed has one payment whose money the bank keeps: its total less its credit. No
    journal is written for it; and no other group has such a payment.
    """
    held = (
        select(
            Payment.group_id,
            func.count().label("number"),
            func.sum(Payment.amount_minor).label("amount"),
            func.max(Payment.capture_minor).label("capture"),
        )
        .where(Payment.state.in_(HELD))
        .group_by(Payment.group_id)
        .subquery()
    )
    booked = (
        select(func.count())
        .select_from(LedgerJournal)
        .where(LedgerJournal.group_id == OrderGroup.id, LedgerJournal.kind == "payment")
        .scalar_subquery()
    )
    found = await db.execute(
        select(OrderGroup.number, OrderGroup.state, OrderGroup.total_minor - OrderGroup.credit_minor,
               func.coalesce(held.c.number, 0), held.c.amount, held.c.capture, booked)
        .outerjoin(held, held.c.group_id == OrderGroup.id)
        .where((OrderGroup.state == "authorized") | (held.c.number > 0))
    )  # fmt: skip
    for number, state, due, payments, amount, capture, journals in found:
        if (state, payments, amount, journals) != ("authorized", 1, due, 0):
            held_by = f"{payments} payments hold {amount}"
            yield f"group {number} is {state} with {due} to hold: {held_by}, {journals} journals"
        elif capture is not None and not 0 <= capture <= amount:
            yield f"group {number} captures {capture} of {amount}"


async def prices_follow_the_weights(db: AsyncSession) -> AsyncIterator[str]:
    """A line by weight costs what was charged for weighs, before that the most; what was due has been captured."""
    rows = await db.execute(
        select(OrderLine, Order.number, Order.state, OrderGroup.paid_at)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(OrderLine.kg_price_minor.is_not(None))
        .order_by(OrderLine.id)
    )
    for line, number, state, paid_at in rows:
        terms = reckoning.terms_of(line)
        price = line.gross_minor + line.discount_minor
        if terms is None or (state == "cancelled" and not price):
            continue
        charged = sum(map(terms.price_of, line.charged_grams))
        due = charged if paid_at is not None else (line.quantity + line.called_off) * terms.most_minor
        if price != due:
            yield f"line {line.id} of order {number} costs {price}, its weights come to {due}"
    found = await db.execute(
        select(Payment.id, Payment.amount_minor, Payment.capture_minor, Payment.authorized_minor).where(
            Payment.state == "paid",
            Payment.authorized_minor.is_not(None),
            (Payment.amount_minor != Payment.capture_minor) | (Payment.capture_minor > Payment.authorized_minor),
        )
    )
    for payment, amount, capture, authorized in found:
        yield f"payment {payment} took {amount}, was to capture {capture} of {authorized}"


ALL: tuple[Proof, ...] = (authorized_groups_are_held, prices_follow_the_weights)
