"""What follows from how a payment stands at Stripe: orders paid, goods given back, or money returned.

Webhooks, the buyer's return and the sweeper all settle, any number of times, in any order and at once. Stripe is asked
how the Session, or on our own page the PaymentIntent, stands now, and things move only forward: the group's row is
locked, and the payment leaves an earlier state once, by a conditional update.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.catalog.stock import OutOfStock
from app.commerce.orders import parcels, reckoning, states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE, Actor
from app.commerce.payments import ledger, owing, queries, slow, strategies
from app.commerce.payments.models import BALANCE, DEPOSIT, PAGE, Payment
from app.commerce.payments.outcomes import Outcome
from app.integrations.stripe import Intent, PaymentRefused, Session, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, after_commit, transaction
from app.kernel.errors import Conflict
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell
from app.web import metrics

log = structlog.get_logger()
BEFORE_MONEY = ("new", "open", "processing", "failed", "expired")
HELD = ("authorized", "capturing")  # the bank keeps the money aside for us; nothing has come yet
WEIGHED_WITHIN = timedelta(days=5)  # of the seven that a card's authorisation lasts (payments.md)

AfterPayment = Callable[[AsyncSession, OrderGroup], Awaitable[None]]
AfterCancelling = Callable[[AsyncSession, OrderGroup], Awaitable[None]]
_also: list[AfterPayment] = []
_also_taken_on: list[AfterPayment] = []
_also_cancelled: list[AfterCancelling] = []
_also_revived: list[AfterCancelling] = []


def also_when_paid(deed: AfterPayment) -> None:
    """Have `deed` done in the transaction that fulfils a payment. For the checkout, which stands above; main joins."""
    _also.append(deed)


def also_when_taken_on(deed: AfterPayment) -> None:
    """Have `deed` done when an order is taken on: as it is paid; where it will be weighed, already authorised; or with
    its deposit.
    """
    _also_taken_on.append(deed)


def also_when_cancelled(deed: AfterCancelling) -> None:
    """Have `deed` done in the transaction that ends an unpaid group: give back what its placing took."""
    _also_cancelled.append(deed)


def also_when_revived(deed: AfterCancelling) -> None:
    """Have `deed` done when an ended group is paid after all and its goods are still there: take again what was given
    back. It raises Conflict if that is gone; then the money goes back.
    """
    _also_revived.append(deed)


def also_settles(deed: "SettleOther") -> None:
    """Have `deed` asked about Sessions that pay for no order group: it settles its own, and says None to others."""
    _others.append(deed)


Taken = Session | Intent  # what may have taken money
SettleOther = Callable[[AsyncSession, ShopFacts, Session], Awaitable[Outcome | None]]
_others: list[SettleOther] = []


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
            return await _settle_other(db, shop, session)
        return await _follow(db, payment, session)


async def settle_intent(database: Database, shop: ShopFacts, gateway: StripeGateway, intent_id: str) -> Outcome:
    """The same for a PaymentIntent of our own page. UNKNOWN for others, a Session's own among them."""
    async with database.session(shop.id) as db:
        if await queries.payment_of_intent(db, intent_id) is None:
            return Outcome.UNKNOWN
    try:
        intent = await gateway.retrieve_intent(intent_id)
    except PaymentRefused as no:
        log.warning("payments.intent_missing", code=no.code)
        return Outcome.UNKNOWN
    async with database.session(shop.id) as db, transaction(db):
        payment = await queries.payment_of_intent(db, intent_id)
        outcome = await _follow(db, payment, intent) if payment is not None else Outcome.UNKNOWN
        has_bounced = outcome == Outcome.OPEN and payment is not None and payment.state == "processing"
    if not has_bounced:
        return outcome
    try:  # the bank has sent a debit back, days later: nobody may pay it now, before the goods are let go
        await gateway.cancel_intent(intent_id)
    except PaymentRefused:
        log.info("payments.intent_moved")
    return await settle_intent(database, shop, gateway, intent_id)


async def settle_payment(database: Database, shop: ShopFacts, gateway: StripeGateway, payment: Payment) -> Outcome:
    """Settle what a payment stands on; UNKNOWN while Stripe has not made it. Raises PaymentUnreachable."""
    if payment.object_id is None:
        return Outcome.UNKNOWN
    deed = settle_intent if payment.way == PAGE else settle
    return await deed(database, shop, gateway, payment.object_id)


async def _follow(db: AsyncSession, payment: Payment, taken: Taken) -> Outcome:
    """Let follow what must for a payment of ours. Within a transaction."""
    await parcels.lock_first(db, payment.group_id)
    group = await queries.locked_group(db, payment.group_id)
    await db.refresh(payment)  # it may have moved while we waited for the lock
    if payment.state in HELD:
        if not taken.is_authorized:  # captured, or let go: whoever captures says what follows
            add_job(db, "weighing.capture", group_id=group.id)
        return Outcome.AUTHORIZED
    if taken.is_authorized:
        return await _authorized(db, group, payment, taken)
    if taken.is_paid:
        return await _paid(db, group, payment, taken)
    if taken.is_processing:
        return await slow.wait(db, group, payment)
    if taken.is_over:
        has_failed = taken.status == "complete" or payment.state == "processing"
        return await _over(db, group, payment, slow.FAILED if has_failed else "expired")
    return Outcome.OPEN


async def _settle_other(db: AsyncSession, shop: ShopFacts, session: Session) -> Outcome:
    for deed in _others:
        if outcome := await deed(db, shop, session):
            return outcome
    return Outcome.UNKNOWN


async def pay_without_card(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """Stored value pays the whole group: it is paid as soon as it is placed. Within that transaction."""
    await stock.sell(db, group.number)
    if any(reckoning.is_by_weight(order) for order in group.orders):
        await _take_on(db, group, payment)
        return
    payment.state, payment.settled_at = "paid", clock.now()
    await _fulfil(db, group, payment)


async def cancel(db: AsyncSession, group: OrderGroup, reason: str, actor: Actor) -> None:
    """Give the goods of an unpaid group back and end it. Within a transaction that holds the group's lock."""
    await stock.release(db, group.number)
    for order in group.orders:
        await states.move(db, order, "cancelled", actor, note=reason)
    states.record(db, group.id, "cancelled", actor, came_from=group.state, to="cancelled", note=reason)
    group.state, group.cancelled_at, group.cancel_reason = "cancelled", clock.now(), reason
    for deed in _also_cancelled:
        await deed(db, group)
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("cancelled").inc())


async def let_go(db: AsyncSession, group: OrderGroup, payment: Payment, reason: str, actor: Actor, state: str) -> None:
    """End a group whose money was only authorised, or of which only the deposit is paid. Within a transaction that
    holds its lock; stock is the caller's.

    state: releasing, for a job to tell Stripe; lost, when the bank was first; of a deposit late: it goes back whole
    (less what its buyer has already had from his bank), or refunded: it has.
    """
    to = "refunding" if state == "late" else "cancelled"
    states.record(db, group.id, "cancelled", actor, came_from=group.state, to=to, note=reason)
    group.state, group.cancelled_at, group.cancel_reason = to, clock.now(), reason
    payment.state, payment.settled_at = state, clock.now()
    if state == "releasing":
        add_job(db, "weighing.release", payment_id=payment.id)
    elif state == "late":
        payment.amount_minor -= payment.lost_minor
        lines = ledger.deposit_back(payment.amount_minor, payment.currency)
        await ledger.post(db, "deposit_back", group.number, lines, group.id)
        add_job(db, "payments.refund_late", payment_id=payment.id)
    for deed in _also_cancelled:
        await deed(db, group)
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("cancelled").inc())


async def complete(db: AsyncSession, group: OrderGroup, payment: Payment, *, came_minor: int | None = None) -> None:
    """What was authorised has been captured, and the orders have their real amounts; or the balance has come after the
    deposit. Each cent gets its place. Within a transaction that holds the group's lock.

    came_minor: what Stripe took, where that need not be what was agreed (weighing/stuck.py); none for the same.
    """
    states.record(db, group.id, "paid", STRIPE, came_from=group.state, to="paid")
    group.state, group.paid_at = "paid", clock.now()
    payment.state, payment.settled_at = "paid", clock.now()
    await _book(db, group, payment, payment.amount_minor if came_minor is None else came_minor)
    add_job(db, "deposits.tell_paid" if payment.part == BALANCE else "orders.tell_charged", group_id=group.id)
    for deed in _also:
        await deed(db, group)
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("paid").inc())


async def _authorized(db: AsyncSession, group: OrderGroup, payment: Payment, taken: Taken) -> Outcome:
    """The bank keeps the money aside. If there is nothing (more) to sell for it, it is let go of."""
    if payment.state not in BEFORE_MONEY:
        return Outcome.OVER
    payment.intent_id, payment.charge_id, payment.session_url = taken.intent_id, taken.charge_id, None
    agreed, held = (payment.amount_minor, payment.currency), (taken.amount_minor, taken.currency)
    if agreed == held and await _goods_are_there(db, group):
        await _take_on(db, group, payment)
        return Outcome.AUTHORIZED
    if agreed != held:
        log.error("payments.wrong_amount", payment=payment.id, agreed=agreed, came=held)
    payment.state, payment.settled_at = "releasing", clock.now()
    add_job(db, "weighing.release", payment_id=payment.id)
    if group.state == "awaiting_payment":
        await cancel(db, group, "paid_late", STRIPE)
    return Outcome.OVER


async def _take_on(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The order goes to its producers, who weigh it; its money comes afterwards."""
    came_from, now = group.state, clock.now()
    group.state, group.authorized_at, group.cancelled_at, group.cancel_reason = "authorized", now, None, None
    payment.state, payment.authorized_minor, payment.settled_at = "authorized", payment.amount_minor, now
    payment.capture_by = now + WEIGHED_WITHIN
    for order in group.orders:
        await states.move(db, order, "pending", STRIPE, kind="authorized")
    states.record(db, group.id, "authorized", STRIPE, came_from=came_from, to="authorized")
    await _hand_over(db, group)


async def _hand_over(db: AsyncSession, group: OrderGroup) -> None:
    """The orders are their producers' now: who must know is told."""
    add_job(db, "orders.confirm_by_mail", group_id=group.id)
    add_job(db, "orders.announce", group_id=group.id)
    for deed in _also_taken_on:
        await deed(db, group)
    await tell(db, f"group:{group.id}", "order-changed")
    for order in group.orders:
        await tell(db, f"producer:{order.producer_id}", "order-arrived", order=order.number)


async def _paid(db: AsyncSession, group: OrderGroup, payment: Payment, taken: Taken) -> Outcome:
    moved = await db.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.state.in_(BEFORE_MONEY))
        .values(state="paid", intent_id=taken.intent_id, charge_id=taken.charge_id, settled_at=clock.now())
        .execution_options(synchronize_session=False)
        .returning(Payment.id)
    )
    if moved.first() is None:
        return Outcome.PAID if payment.state == "paid" else Outcome.LATE
    await db.refresh(payment)
    agreed, came = (payment.amount_minor, payment.currency), (taken.amount_minor, taken.currency)
    if agreed == came and await _is_wanted(db, group, payment):
        follow = {BALANCE: complete, DEPOSIT: _keep_deposit}.get(payment.part, _fulfil)
        await follow(db, group, payment)
        await _drop_new(db, group)
        return Outcome.PAID
    if agreed != came:
        log.error("payments.wrong_amount", payment=payment.id, agreed=agreed, came=came)
        payment.amount_minor, payment.currency = came
        payment.application_fee_minor = min(payment.application_fee_minor, payment.amount_minor)
    await send_back(db, group, payment)
    return Outcome.LATE


async def _drop_new(db: AsyncSession, group: OrderGroup) -> None:
    """Attempts of which Stripe knows nothing yet: another one was paid while they were to be opened."""
    await db.execute(
        update(Payment)
        .where(Payment.group_id == group.id, Payment.state == "new")
        .values(state="expired", settled_at=clock.now())
        .execution_options(synchronize_session=False)
    )


async def _is_wanted(db: AsyncSession, group: OrderGroup, payment: Payment) -> bool:
    """Is there something to be had for it? For a balance, as long as its order stands and nobody has paid it."""
    return group.state == "deposited" if payment.part == BALANCE else await _goods_are_there(db, group)


async def _goods_are_there(db: AsyncSession, group: OrderGroup) -> bool:
    """Take the goods off the shelf: those held, or, when they had been given back, again. False if they are gone.

    A group that has been paid already (two payment pages) needs no second lot, nor does one that somebody ended after
    it had been taken on; one that adds to an order which its producer has taken up since has no parcel to travel in.
    """
    if group.authorized_at is not None:
        return False
    if group.state not in {"awaiting_payment", "cancelled"} or not await parcels.can_still_join(db, group.id):
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
            for deed in _also_revived:
                await deed(db, group)
    except (OutOfStock, Conflict):
        return False
    return True


async def _keep_deposit(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The order goes to its producer, who makes it. The deposit stays the buyer's until the balance has come."""
    came_from, group.state, group.authorized_at = group.state, "deposited", clock.now()
    group.cancelled_at = group.cancel_reason = None
    for order in group.orders:
        await states.move(db, order, "pending", STRIPE, kind="deposit_paid")
    states.record(db, group.id, "deposit_paid", STRIPE, came_from=came_from, to="deposited")
    lines = ledger.deposit(payment.amount_minor, payment.currency)
    await ledger.post(db, "deposit", group.number, lines, group.id)
    await _hand_over(db, group)


async def _fulfil(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The contract stands: orders go to their producers, and each cent has its place."""
    came_from, group.state, group.paid_at = group.state, "paid", clock.now()
    group.cancelled_at = group.cancel_reason = None
    for order in group.orders:
        await states.move(db, order, "pending", STRIPE, kind="paid")
    states.record(db, group.id, "paid", STRIPE, came_from=came_from, to="paid")
    await _book(db, group, payment, payment.amount_minor)
    for deed in _also:
        await deed(db, group)
    await _hand_over(db, group)
    after_commit(db, lambda: metrics.orders.labels("paid").inc())


async def _book(db: AsyncSession, group: OrderGroup, payment: Payment, came_minor: int) -> None:
    lines = ledger.payment(group.orders, group.currency, group.credit_minor, group.deposit_minor)
    lines += ledger.other_capture(came_minor - payment.amount_minor, group.currency)
    await ledger.post(db, "payment", group.number, lines, group.id)
    await owing.owe_producers(db, group, payment, min(came_minor, payment.amount_minor))


async def send_back(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The money came, but there is nothing (more) to sell for it. Within a transaction that holds the group's lock."""
    payment.state = "late"
    reference = f"{group.number}/{payment.id}"
    lines = ledger.late_payment(payment.amount_minor, payment.currency)
    await ledger.post(db, "late_payment", reference, lines, group.id)
    await strategies.of(payment.destination).came_late(db, group, payment)
    add_job(db, "payments.refund_late", payment_id=payment.id)
    if group.state in {"awaiting_payment", "cancelled"}:
        if group.state == "awaiting_payment":
            await cancel(db, group, "paid_late", STRIPE)
        states.record(db, group.id, "paid_late", STRIPE, came_from="cancelled", to="refunding")
        group.state = "refunding"
        add_job(db, "orders.tell_refund", group_id=group.id)
    elif payment.part == BALANCE and group.paid_at is None:
        states.record(db, group.id, "balance_late", STRIPE, note=payment.object_id or "")
        add_job(db, "deposits.tell_late", payment_id=payment.id)
    else:
        states.record(db, group.id, "paid_twice", STRIPE, note=payment.object_id or "")
        add_job(db, "refunds.tell_paid_twice", payment_id=payment.id)
    await tell(db, f"group:{group.id}", "order-changed")
    after_commit(db, lambda: metrics.orders.labels("late").inc())


async def _over(db: AsyncSession, group: OrderGroup, payment: Payment, state: str) -> Outcome:
    """No money came. The group ends with its last payment page."""
    if payment.state in queries.LIVE:
        others = [p for p in await queries.payments_of(db, group.id) if p.id != payment.id and p.state in queries.LIVE]
        payment.state, payment.session_url, payment.settled_at = state, None, clock.now()
        if group.state == "awaiting_payment" and not others:
            await cancel(db, group, state, STRIPE)
    return Outcome.OVER
