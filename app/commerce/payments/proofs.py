"""What must be true of money and stock at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator, Callable

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Hold, StockItem, StockMovement
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.ledger import (
    APPLICATION_FEES,
    CAPTURE_LOSS,
    CREDIT_OWED,
    DEPOSITS,
    PRODUCER_PAYABLE,
    REFUND_DUE,
    STRIPE_BALANCE,
)
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Payment, Recovery, Transfer
from app.commerce.payments.recoveries import LATE

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
    """What a paid group comes to is what came into the balance for it, was there as its deposit and came out of stored
    value, and its orders' sum. Of another amount that Stripe took, what the shop bears or the buyer has back counts.
    """
    booked, deposit, credit = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "payment",
            LedgerJournal.group_id == OrderGroup.id,
            LedgerEntry.account.in_(accounts),
        )
        .scalar_subquery()
        for accounts in ((STRIPE_BALANCE, CAPTURE_LOSS, REFUND_DUE), (DEPOSITS,), (CREDIT_OWED,))
    )
    of_orders = select(func.sum(Order.total_minor)).where(Order.group_id == OrderGroup.id).scalar_subquery()
    taken = (
        select(func.sum(Payment.amount_minor))
        .where(Payment.group_id == OrderGroup.id, Payment.state == "paid")
        .scalar_subquery()
    )
    found = await db.execute(
        select(
            OrderGroup.number, OrderGroup.state, OrderGroup.total_minor, OrderGroup.credit_minor, booked, deposit,
            credit, of_orders, taken,
        )
    )  # fmt: skip
    for number, state, total, from_credit, came, ahead, owed, orders, paid in found:
        journal, stored = (came or 0) + (ahead or 0), owed or 0
        if orders != total:
            yield f"group {number} comes to {total}, its orders to {orders}"
        if state == "paid" and not (journal == total - from_credit == paid and stored == from_credit):
            yield (
                f"group {number} is paid {total}, {from_credit} of it from credit; "
                f"the ledger has {journal} and {stored}, payments have {paid}"
            )
        if state in {"awaiting_payment", "authorized", "cancelled"} and (journal or stored or paid):
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
    part = Order.goods_minor - Order.fee_minor + Order.delivery_minor + Order.shop_funded_minor
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
    """What we still owe each producer is what has not been transferred, less what he still gives back."""
    open_ = case((Transfer.state != "sent", Transfer.amount_minor - Transfer.withheld_minor), else_=0)
    waiting = {
        (producer, currency): amount
        for producer, currency, amount in await db.execute(
            select(Transfer.producer_id, Transfer.currency, func.sum(open_)).group_by(
                Transfer.producer_id, Transfer.currency
            )
        )
    }
    left = Recovery.amount_minor - Recovery.withheld_minor - Recovery.reversed_minor - Recovery.netted_minor
    debts = select(Recovery.producer_id, Recovery.currency, func.sum(left))
    for producer, currency, amount in await db.execute(debts.group_by(Recovery.producer_id, Recovery.currency)):
        waiting[producer, currency] = waiting.get((producer, currency), 0) - amount
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


async def reversals_are_what_came_back(db: AsyncSession) -> AsyncIterator[str]:
    """What was kept back and taken back of a transfer is what producers gave back; each has its journal."""
    of_order = (Recovery.order_id == Transfer.order_id, Recovery.kind != LATE)
    back = select(func.sum(Recovery.reversed_minor)).where(*of_order).scalar_subquery()
    booked = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerJournal.kind == "reversal",
            LedgerEntry.order_id == Transfer.order_id,
            LedgerEntry.account == STRIPE_BALANCE,
        )
        .scalar_subquery()
    )
    found = await db.execute(
        select(Order.number, Transfer.reversed_minor, func.coalesce(back, 0), func.coalesce(booked, 0))
        .join(Order, Order.id == Transfer.order_id)
        .order_by(Transfer.id)
    )
    for number, taken, given, journals in found:
        if not taken == given == journals:
            yield f"order {number}: {taken} of its transfer was reversed, recoveries say {given}, the ledger {journals}"
    kept = select(func.sum(Transfer.withheld_minor)).scalar_subquery()
    given_up = select(func.sum(Recovery.withheld_minor + Recovery.netted_minor)).scalar_subquery()
    withheld, recovered = (await db.execute(select(func.coalesce(kept, 0), func.coalesce(given_up, 0)))).one()
    if withheld != recovered:
        yield f"{withheld} was kept back from transfers, recoveries say {recovered}"


async def application_fees_have_come(db: AsyncSession) -> AsyncIterator[str]:
    """What of a destination charge went to a producer's account and is ours came back with it, order by order."""
    found = await db.execute(
        select(Order.number, func.sum(LedgerEntry.amount_minor))
        .join(Order, Order.id == LedgerEntry.order_id)
        .where(LedgerEntry.account == APPLICATION_FEES)
        .group_by(Order.id, Order.number)
        .having(func.sum(LedgerEntry.amount_minor) != 0)
    )
    for number, amount in found:
        yield f"order {number}: {amount} of the application fee has not come back"


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


_also: list[Proof] = []


def also(*proofs: Proof) -> None:
    """Have these proven too. For what stands above payments; main joins them."""
    _also.extend(proofs)


def everything() -> tuple[Proof, ...]:
    return (*ALL, *_also)


ALL: tuple[Proof, ...] = (
    journals_balance,
    paid_groups_are_booked,
    transfers_are_the_producers_part,
    payables_are_what_is_not_sent,
    reversals_are_what_came_back,
    application_fees_have_come,
    stock_is_its_movements,
    holds_are_what_is_reserved,
)
