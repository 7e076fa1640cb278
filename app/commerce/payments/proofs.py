"""What must be true of money and stock at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator, Callable

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Hold, StockItem, StockMovement
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import PRODUCER_PAYABLE, REFUND_DUE, STRIPE_BALANCE
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Payment, Transfer

Proof = Callable[[AsyncSession], AsyncIterator[str]]


async def journals_balance(db: AsyncSession) -> AsyncIterator[str]:
    """The entries of every journal add up to zero per currency, and there are some."""
    total = func.coalesce(func.sum(LedgerEntry.amount_minor), 0)
    found = await db.execute(
        select(LedgerJournal.kind, LedgerJournal.reference, LedgerEntry.currency, total)
        .outerjoin(LedgerEntry, LedgerEntry.journal_id == LedgerJournal.id)
        .group_by(LedgerJournal.id, LedgerJournal.kind, LedgerJournal.reference, LedgerEntry.currency)
        .having((total != 0) | (func.count(LedgerEntry.id) == 0))
    )
    for kind, reference, currency, amount in found:
        yield f"journal {kind} {reference} is off by {amount} {currency}"


async def paid_groups_are_booked(db: AsyncSession) -> AsyncIterator[str]:
    """What a paid group comes to is what came into the balance for it, and what its orders come to."""
    booked = (
        select(LedgerEntry.amount_minor)
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "payment",
            LedgerJournal.group_id == OrderGroup.id,
            LedgerEntry.account == STRIPE_BALANCE,
        )
        .scalar_subquery()
    )
    of_orders = select(func.sum(Order.total_minor)).where(Order.group_id == OrderGroup.id).scalar_subquery()
    taken = (
        select(func.sum(Payment.amount_minor))
        .where(Payment.group_id == OrderGroup.id, Payment.state == "paid")
        .scalar_subquery()
    )
    found = await db.execute(
        select(OrderGroup.number, OrderGroup.state, OrderGroup.total_minor, booked, of_orders, taken)
    )
    for number, state, total, journal, orders, paid in found:
        if orders != total:
            yield f"group {number} comes to {total}, its orders to {orders}"
        if state == "paid" and not (journal == total == paid):
            yield f"group {number} is paid {total}, the ledger has {journal}, payments have {paid}"
        if state in {"awaiting_payment", "cancelled"} and (journal or paid):
            yield f"group {number} is {state}, yet the ledger has {journal}, payments have {paid}"


async def transfers_are_the_producers_part(db: AsyncSession) -> AsyncIterator[str]:
    """Goods less the fee and the delivery of an order: that is its transfer, and what the ledger says is owed."""
    owed = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "payment",
            LedgerEntry.order_id == Order.id,
            LedgerEntry.account == PRODUCER_PAYABLE,
        )
        .scalar_subquery()
    )
    part = Order.goods_minor - Order.fee_minor + Order.delivery_minor
    found = await db.execute(
        select(Order.number, part, func.coalesce(Transfer.amount_minor, 0), func.coalesce(-owed, 0))
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .outerjoin(Transfer, Transfer.order_id == Order.id)
        .where(OrderGroup.state == "paid")
    )
    for number, due, sent, booked in found:
        if not due == sent == booked:
            yield f"order {number}: the producer's part is {due}, its transfer {sent}, the ledger owes {booked}"


async def payables_are_what_is_not_sent(db: AsyncSession) -> AsyncIterator[str]:
    """What we still owe each producer is what has not been transferred."""
    open_ = case((Transfer.state != "sent", Transfer.amount_minor), else_=0)
    waiting = {
        (producer, currency): amount
        for producer, currency, amount in await db.execute(
            select(Transfer.producer_id, Transfer.currency, func.sum(open_)).group_by(
                Transfer.producer_id, Transfer.currency
            )
        )
    }
    owed = {
        (producer, currency): -amount
        for producer, currency, amount in await db.execute(
            select(LedgerEntry.producer_id, LedgerEntry.currency, func.sum(LedgerEntry.amount_minor))
            .where(LedgerEntry.account == PRODUCER_PAYABLE)
            .group_by(LedgerEntry.producer_id, LedgerEntry.currency)
        )
    }
    for producer, currency in sorted({*waiting, *owed}, key=str):
        to_send, payable = waiting.get((producer, currency), 0), owed.get((producer, currency), 0)
        if to_send != payable:
            yield f"producer {producer} is owed {payable} {currency}, but {to_send} are waiting to be sent"


async def refunds_due_are_late_payments(db: AsyncSession) -> AsyncIterator[str]:
    """What we owe to buyers who paid too late is what has not been given back."""
    due = await db.scalar(select(func.sum(LedgerEntry.amount_minor)).where(LedgerEntry.account == REFUND_DUE))
    late = await db.scalar(select(func.sum(Payment.amount_minor)).where(Payment.state == "late"))
    if -(due or 0) != (late or 0):
        yield f"{-(due or 0)} are due as refunds, but late payments come to {late or 0}"


async def stock_is_its_movements(db: AsyncSession) -> AsyncIterator[str]:
    """The movements of every shelf add up to what it says it has and holds."""
    moved = (
        select(
            StockMovement.stock_item_id,
            func.sum(StockMovement.on_hand_change).label("on_hand"),
            func.sum(StockMovement.reserved_change).label("reserved"),
        )
        .group_by(StockMovement.stock_item_id)
        .subquery()
    )
    on_hand, reserved = func.coalesce(moved.c.on_hand, 0), func.coalesce(moved.c.reserved, 0)
    found = await db.execute(
        select(StockItem.id, StockItem.on_hand, on_hand, StockItem.reserved, reserved)
        .outerjoin(moved, moved.c.stock_item_id == StockItem.id)
        .where((StockItem.on_hand != on_hand) | (StockItem.reserved != reserved))
        .order_by(StockItem.id)
    )
    for item, has, moved_in, holds, moved_out in found:
        yield f"stock item {item} has {has} and holds {holds}, its movements say {moved_in} and {moved_out}"


async def holds_are_what_is_reserved(db: AsyncSession) -> AsyncIterator[str]:
    """What a shelf reserves is what open holds say."""
    held = (
        select(Hold.stock_item_id, func.sum(Hold.quantity).label("held"))
        .where(Hold.state == "held")
        .group_by(Hold.stock_item_id)
        .subquery()
    )
    pieces = func.coalesce(held.c.held, 0)
    found = await db.execute(
        select(StockItem.id, StockItem.reserved, pieces)
        .outerjoin(held, held.c.stock_item_id == StockItem.id)
        .where(StockItem.reserved != pieces)
        .order_by(StockItem.id)
    )
    for item, reserved, in_holds in found:
        yield f"stock item {item} reserves {reserved}, open holds come to {in_holds}"


ALL: tuple[Proof, ...] = (
    journals_balance,
    paid_groups_are_booked,
    transfers_are_the_producers_part,
    payables_are_what_is_not_sent,
    refunds_due_are_late_payments,
    stock_is_its_movements,
    holds_are_what_is_reserved,
)
