"""What follows from the state of a Stripe Session: orders paid, goods given back, or money returned.

Webhooks, the buyer's return and the sweeper all call `settle`, any number of times, in any order and at once. It asks
Stripe how the Session stands now, and moves things only forward: the group's row is locked, and the payment leaves an
earlier state once, by a conditional update.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.catalog.stock import OutOfStock
from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE, Actor
from app.commerce.payments import ledger, queries
from app.commerce.payments.models import Payment, Transfer
from app.integrations.stripe import PaymentRefused, Session, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, after_commit, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell
from app.web import metrics

log = structlog.get_logger()
BEFORE_MONEY = ("new", "open", "processing", "failed", "expired")
SLOW_MONEY = timedelta(days=14)  # a SEPA debit takes up to two weeks
ASK_AGAIN = timedelta(hours=6)

AfterPayment = Callable[[AsyncSession, OrderGroup], Awaitable[None]]
_also: list[AfterPayment] = []


def also_when_paid(deed: AfterPayment) -> None:
    """Have `deed` done in the transaction that fulfils a payment. For the checkout, which stands above; main joins."""
    _also.append(deed)


class Outcome(StrEnum):
    """How a Session stands, after settling it."""

    PAID = "paid"
    LATE = "late"  # paid, but not for goods: the money goes back
    PROCESSING = "processing"
    OPEN = "open"
    OVER = "over"  # nobody can pay it any more
    UNKNOWN = "unknown"  # not a Session of this shop


async def settle(database: Database, shop: ShopFacts, gateway: StripeGateway, session_id: str) -> Outcome:
    """Ask Stripe about a Session and let follow what must. Raises PaymentUnreachable."""
    try:
        session = await gateway.retrieve_session(session_id)
    except PaymentRefused as no:
        log.warning("payments.session_missing", code=no.code)
        return Outcome.UNKNOWN
    async with database.session(shop.id) as db, transaction(db):
        payment = await queries.payment_of_session(db, session.id)
        if payment is None:
            return Outcome.UNKNOWN
        group = await queries.locked_group(db, payment.group_id)
        await db.refresh(payment)  # it may have moved while we waited for the lock
        if session.is_paid:
            return await _paid(db, group, payment, session)
        if session.is_processing:
            return await _processing(db, group, payment)
        if session.is_over:
            return await _over(db, group, payment, "failed" if session.status == "complete" else "expired")
        return Outcome.OPEN


async def cancel(db: AsyncSession, group: OrderGroup, reason: str, actor: Actor) -> None:
    """Give the goods of an unpaid group back and end it. Within a transaction that holds the group's lock."""
    await stock.release(db, group.number)
    for order in group.orders:
        await states.move(db, order, "cancelled", actor, note=reason)
    states.record(db, group.id, "cancelled", actor, came_from=group.state, to="cancelled", note=reason)
    group.state, group.cancelled_at, group.cancel_reason = "cancelled", clock.now(), reason
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("cancelled").inc())


async def _paid(db: AsyncSession, group: OrderGroup, payment: Payment, session: Session) -> Outcome:
    moved = await db.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.state.in_(BEFORE_MONEY))
        .values(state="paid", intent_id=session.intent_id, charge_id=session.charge_id, settled_at=clock.now())
        .execution_options(synchronize_session=False)
        .returning(Payment.id)
    )
    if moved.first() is None:
        return Outcome.PAID if payment.state == "paid" else Outcome.LATE
    await db.refresh(payment)
    agreed, came = (payment.amount_minor, payment.currency), (session.amount_minor, session.currency)
    if agreed == came and await _goods_are_there(db, group):
        await _fulfil(db, group, payment)
        return Outcome.PAID
    if agreed != came:
        log.error("payments.wrong_amount", payment=payment.id, agreed=agreed, came=came)
        payment.amount_minor, payment.currency = came
    await _send_back(db, group, payment)
    return Outcome.LATE


async def _goods_are_there(db: AsyncSession, group: OrderGroup) -> bool:
    """Take the goods off the shelf: those held, or, when they had been given back, again. False if they are gone.

    A group that has been paid already (two payment pages) needs no second lot.
    """
    if group.state not in {"awaiting_payment", "cancelled"}:
        return False
    if await stock.sell(db, group.number):
        return True
    demand: Counter[int] = Counter()
    for order in group.orders:
        for line in order.lines:
            if line.stock_item_id is not None:
                demand[line.stock_item_id] += line.quantity
    try:
        async with db.begin_nested():  # all of it or nothing
            await stock.take_late(db, group.number, demand)
    except OutOfStock:
        return False
    return True


async def _fulfil(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The contract stands: orders go to their producers, and each cent has its place."""
    came_from, group.state, group.paid_at = group.state, "paid", clock.now()
    group.cancelled_at = group.cancel_reason = None
    for order in group.orders:
        await states.move(db, order, "pending", STRIPE, kind="paid")
    states.record(db, group.id, "paid", STRIPE, came_from=came_from, to="paid")
    await ledger.post(db, "payment", group.number, ledger.payment(group.orders, group.currency), group.id)
    await _owe_producers(db, group, payment)
    add_job(db, "orders.confirm_by_mail", group_id=group.id)
    add_job(db, "orders.announce", group_id=group.id)
    for deed in _also:
        await deed(db, group)
    await tell(db, f"group:{group.id}", "order-changed")
    for order in group.orders:
        await tell(db, f"producer:{order.producer_id}", "order-arrived", order=order.number)
    after_commit(db, lambda: metrics.orders.labels("paid").inc())


async def _owe_producers(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """One transfer per order, sent by a job each. A part of nothing is not sent."""
    accounts = await queries.accounts_of(db, [order.producer_id for order in group.orders])
    due = [
        Transfer(
            order_id=order.id,
            payment_id=payment.id,
            producer_id=order.producer_id,
            account=accounts.get(order.producer_id),
            amount_minor=order.payout_minor,
            currency=group.currency,
            idempotency_key="",
            state="due",
            created_at=clock.now(),
        )
        for order in group.orders
        if order.payout_minor
    ]
    db.add_all(due)
    await db.flush()  # keys and jobs need the ids
    for transfer in due:
        transfer.idempotency_key = f"transfer:{transfer.id}"
        add_job(db, "payments.send_transfer", transfer_id=transfer.id)


async def _send_back(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The money came, but there is nothing (more) to sell for it."""
    payment.state = "late"
    reference = f"{group.number}/{payment.id}"
    lines = ledger.late_payment(payment.amount_minor, payment.currency)
    await ledger.post(db, "late_payment", reference, lines, group.id)
    add_job(db, "payments.refund_late", payment_id=payment.id)
    if group.state in {"awaiting_payment", "cancelled"}:
        if group.state == "awaiting_payment":
            await cancel(db, group, "paid_late", STRIPE)
        states.record(db, group.id, "paid_late", STRIPE, came_from="cancelled", to="refunding")
        group.state = "refunding"
        add_job(db, "orders.tell_refund", group_id=group.id)
    else:
        states.record(db, group.id, "paid_twice", STRIPE, note=payment.session_id or "")
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("late").inc())


async def _processing(db: AsyncSession, group: OrderGroup, payment: Payment) -> Outcome:
    """The bank takes its time (SEPA): the goods stay held, and we ask again later."""
    if payment.state not in queries.LIVE:
        return Outcome.PROCESSING
    if payment.state != "processing":
        states.record(db, group.id, "processing", STRIPE)
        until = clock.now() + SLOW_MONEY
        group.hold_until = until
        await stock.extend(db, group.number, until)
        await tell(db, f"group:{group.id}", "order-changed")
    payment.state, payment.session_url, payment.expires_at = "processing", None, clock.now() + ASK_AGAIN
    return Outcome.PROCESSING


async def _over(db: AsyncSession, group: OrderGroup, payment: Payment, state: str) -> Outcome:
    """No money came. The group ends with its last payment page."""
    if payment.state in queries.LIVE:
        others = [p for p in await queries.payments_of(db, group.id) if p.id != payment.id and p.state in queries.LIVE]
        payment.state, payment.session_url, payment.settled_at = state, None, clock.now()
        if group.state == "awaiting_payment" and not others:
            await cancel(db, group, state, STRIPE)
    return Outcome.OVER
