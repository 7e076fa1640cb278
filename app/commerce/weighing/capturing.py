"""Charging what was authorised, for the real weights: one capture for the whole group. Source: catch-weight.md.

What is charged is fixed first, with its key, then Stripe is asked, then the books are written. Whatever Stripe says of
the intent now decides, so that a lost answer, a second job or news that comes twice do no harm.
"""

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import holding
from app.commerce.credit.terms import LEAST_BY_CARD
from app.commerce.orders import parcels, reckoning, states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.reckoning import OrderMoney
from app.commerce.orders.states import STRIPE, SYSTEM
from app.commerce.payments import queries as payments
from app.commerce.payments import settling
from app.commerce.payments.models import Payment, StripeEvent
from app.commerce.payments.settling import HELD
from app.commerce.promotions import uses
from app.commerce.weighing import queries, words
from app.commerce.weighing.lost import give_up
from app.integrations import stripe_capture
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.integrations.stripe_capture import Authorization
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
NEWS = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "charge.captured",
    "charge.expired",
)


async def capture(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int) -> None:
    """Charge a group whose parcels are weighed, or whose time is up. Safe to repeat and to run twice at once.

    Raises PaymentUnreachable: try again. Nothing happens while a weight is missing and there is time. What Stripe
    refuses stays `capturing` with its `failure`, for staff to see (stuck.py); the clock tries it again.
    """
    payment = await _claimed(database, shop, group_id)
    if payment is None:
        await _look(database, shop, gateway, group_id)
        return
    if payment.intent_id is None:  # stored value has paid all of it
        await _book(database, shop, group_id, None)
        return
    try:
        now = await stripe_capture.look(gateway, payment.intent_id)
        if now.is_held:
            now = await _take(gateway, payment, payment.intent_id)
    except PaymentUnreachable as away:
        if away.kept:  # Stripe would repeat this failure under the same key all day
            await _change_key(database, shop, group_id)
        raise
    except PaymentRefused as no:
        log.warning("weighing.capture_refused", payment=payment.id, code=no.code)
        now = await stripe_capture.look(gateway, payment.intent_id)
        if now.is_held:
            await _note_refusal(database, shop, payment.id, f"{no.code}: {no}")
            return
    await _follow(database, shop, group_id, now)


async def handle(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """News of an authorisation: how it stands now decides. The group is named on the intent and on its charge."""
    about = (event.payload.get("data") or {}).get("object") or {}
    number = (about.get("metadata") or {}).get("group", "")
    async with database.session(shop.id) as db:
        group_id = await queries.group_numbered(db, number) if number else None
        known = await queries.payments_of_group(db, group_id) if group_id else []
    if group_id is None:
        return None
    if any(payment.state in HELD for payment in known):
        await capture(database, shop, gateway, group_id)
        return "looked"
    said = [
        (await settling.settle_payment(database, shop, gateway, payment)).value
        for payment in known
        if payment.state in payments.LIVE and payment.object_id
    ]
    return ", ".join(said) or None


async def release(database: Database, shop: ShopFacts, gateway: StripeGateway, payment_id: int) -> None:
    """Let go of an authorisation that nobody will capture. Safe to repeat. Raises PaymentUnreachable: try again.

    What somebody has captured at Stripe's own desk all the same goes back, as money that came too late.
    """
    async with database.session(shop.id) as db:
        payment = await db.get(Payment, payment_id)
    if payment is None or payment.state != "releasing":
        return
    if payment.intent_id is not None:
        try:
            await stripe_capture.let_go(gateway, payment.intent_id)
        except PaymentRefused:
            now = await stripe_capture.look(gateway, payment.intent_id)
            if now.is_taken:
                await _give_back(database, shop, payment, now)
                return
            if not now.is_gone:
                raise
    async with database.session(shop.id) as db, transaction(db):
        row = await queries.locked_payment(db, payment_id)
        if row is not None and row.state == "releasing":
            row.state, row.settled_at = "released", clock.now()


async def _give_back(database: Database, shop: ShopFacts, payment: Payment, taken: Authorization) -> None:
    async with database.session(shop.id) as db, transaction(db):
        group = await payments.locked_group(db, payment.group_id)
        row = await queries.locked_payment(db, payment.id)
        if row is not None and row.state == "releasing":
            row.amount_minor, row.charge_id, row.settled_at = taken.received_minor, taken.charge_id, clock.now()
            await settling.send_back(db, group, row)


async def _claimed(database: Database, shop: ShopFacts, group_id: int) -> Payment | None:
    """The payment, with what is to be captured fixed; None if there is nothing to do (yet)."""
    async with database.session(shop.id) as db, transaction(db):
        await parcels.lock_first(db, group_id)
        group = await payments.locked_group(db, group_id)
        payment = await queries.held_payment(db, group_id)
        if payment is None or payment.state == "capturing":
            return payment
        is_due = payment.capture_by is not None and payment.capture_by <= clock.now()
        left = [order for order in group.orders if order.state != "cancelled"]
        if not left or not (is_due or all(reckoning.is_weighed(order) for order in left)):
            return None
        for order in left:
            for line, grams in zip(order.lines, reckoning.weights(order, estimated=True), strict=True):
                line.charged_grams = grams or []
        total = sum(money.total_minor for money in _money(group).values())
        credit = kept_credit(total, group.credit_minor, group.currency)
        payment.state, payment.settled_at = "capturing", clock.now()
        payment.capture_minor, payment.capture_key = total - credit, f"capture:{payment.id}"
        states.record(db, group.id, "weighed", SYSTEM)
        return payment


def kept_credit(total_minor: int, credit_minor: int, currency: str) -> int:
    """What stored value pays of the real total: as much as was held, so that the card pays the less.

    Only where a rest would be too small for a card, the card pays its least and stored value that much less.
    """
    return holding.shares(total_minor, [credit_minor], LEAST_BY_CARD[currency])[0]


def _money(group: OrderGroup) -> dict[int, OrderMoney]:
    return {place: reckoning.money_of(order) for place, order in enumerate(group.orders)}


async def _take(gateway: StripeGateway, payment: Payment, intent_id: str) -> Authorization:
    if not payment.capture_minor:
        return await stripe_capture.let_go(gateway, intent_id)
    return await stripe_capture.capture(gateway, intent_id, payment.capture_minor, key=payment.capture_key or "")


async def _look(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int) -> None:
    """An authorisation that still waits for its weights: has the bank let go of it?"""
    async with database.session(shop.id) as db:
        known = await queries.payments_of_group(db, group_id)
    payment = next((each for each in known if each.state in HELD), None)
    if payment is not None and payment.state == "authorized" and payment.intent_id is not None:
        await _follow(database, shop, group_id, await stripe_capture.look(gateway, payment.intent_id))


async def _follow(database: Database, shop: ShopFacts, group_id: int, now: Authorization) -> None:
    """Let follow what Stripe says of the authorisation now, once."""
    if now.is_taken:
        await _book(database, shop, group_id, now)
    elif now.is_gone:
        async with database.session(shop.id) as db:
            payment = next((p for p in await queries.payments_of_group(db, group_id) if p.intent_id == now.id), None)
        if payment is not None and payment.state == "capturing" and not payment.capture_minor:
            await _book(database, shop, group_id, None)
        else:
            await _lose(database, shop, group_id)


async def _book(database: Database, shop: ShopFacts, group_id: int, taken: Authorization | None) -> None:
    """The orders get their real amounts, stored value gets back what it need not pay, and each cent its place."""
    async with database.session(shop.id) as db, transaction(db):
        await parcels.lock_first(db, group_id)
        group = await payments.locked_group(db, group_id)
        payment = await queries.held_payment(db, group_id)
        if payment is None or payment.state != "capturing":
            return
        received = taken.received_minor if taken else 0
        if received != payment.capture_minor:  # somebody was at Stripe's dashboard: people must look at it
            payment.failure = words.other_amount(received, payment.capture_minor)
            add_job(db, "weighing.tell_stuck", payment_id=payment.id)
            log.error("weighing.wrong_capture", payment=payment.id, agreed=payment.capture_minor, came=received)
            return
        await finish(db, group, payment, taken)


async def finish(db: AsyncSession, group: OrderGroup, payment: Payment, taken: Authorization | None) -> None:
    """Write what was charged. Within a transaction that holds the group's lock; of another amount than was agreed the
    books say what Stripe took.
    """
    await write(db, group, payment)
    if taken is not None:
        payment.charge_id = taken.charge_id
    payment.failure = None
    await settling.complete(db, group, payment, came_minor=taken.received_minor if taken else 0)
    for order in group.orders:
        if order.state == "delivered":  # it had arrived before
            add_job(db, "credit.earn_points", order_id=order.id)


async def write(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """Give a group that is being captured its real amounts. Within a transaction that holds its lock."""
    money = _money(group)
    credit = kept_credit(sum(each.total_minor for each in money.values()), group.credit_minor, group.currency)
    if credit < group.credit_minor:
        await holding.give_rest_back(db, group, group.credit_minor - credit)
        group.credit_minor = credit
        await db.flush()  # never more than the total, not even for a moment
    reckoning.write(group, money)
    await uses.restate(db, group)
    payment.amount_minor = group.total_minor - group.credit_minor
    await db.flush()  # what follows reads rows


async def _lose(database: Database, shop: ShopFacts, group_id: int) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await parcels.lock_first(db, group_id)
        group = await payments.locked_group(db, group_id)
        payment = await queries.held_payment(db, group_id)
        if payment is not None:
            await give_up(db, group, payment, "authorization_lost", STRIPE, state="lost")
            add_job(db, "weighing.tell_lost", group_id=group.id)


async def _note_refusal(database: Database, shop: ShopFacts, payment_id: int, why: str) -> None:
    """People must look at it; the next try has another key, since Stripe repeats a refusal under the same one."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await queries.locked_payment(db, payment_id)
        if payment is not None and payment.state == "capturing":
            payment.failure, payment.capture_key = why[:200], new_key(payment)
            add_job(db, "weighing.tell_stuck", payment_id=payment.id)


async def _change_key(database: Database, shop: ShopFacts, group_id: int) -> None:
    async with database.session(shop.id) as db, transaction(db):
        payment = await queries.held_payment(db, group_id)
        if payment is not None and payment.state == "capturing":
            payment.capture_key = new_key(payment)


def new_key(payment: Payment) -> str:
    return f"capture:{payment.id}:{ids.token()[:12]}"
