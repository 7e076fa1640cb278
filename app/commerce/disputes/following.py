"""What follows from the state of a dispute: the ledger, the ban on refunds, mails.

Webhooks, the comparison with Stripe's book and the sweeper all call `follow`, any number of times, in any order and at
once. It asks Stripe how the dispute stands now; every movement of its money is booked once, by its own id.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import points
from app.commerce.deposits import calling_off
from app.commerce.disputes import bearing, of_credit, queries, recording
from app.commerce.disputes.models import Dispute
from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger, recoveries
from app.commerce.payments import queries as paid
from app.commerce.payments.ledger import DEPOSITS, DISPUTE_LOSS, DISPUTED, PRODUCER_PAYABLE, REFUND_DUE, Line
from app.commerce.payments.models import Payment, StripeEvent
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.integrations.stripe_money import DisputeFacts
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_by_id
from app.system.live import tell

log = structlog.get_logger()
LONGEST = timedelta(days=180)  # older ones are decided: a bank waits three weeks for an answer, and months with its own
MISSED = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")


async def follow_event(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """For webhooks.handles: the event names a dispute."""
    return await follow(database, shop, gateway, event.object_id or "")


async def follow(database: Database, shop: ShopFacts, gateway: StripeGateway, dispute_id: str) -> str | None:
    """Ask Stripe about a dispute and let follow what must. Its state, or None if it is none of this shop's.

    Raises PaymentUnreachable.
    """
    try:
        facts = await stripe_money.dispute(gateway, dispute_id)
    except PaymentRefused as no:
        log.warning("disputes.missing", code=no.code)
        return None
    return await take_in(database, shop, facts)


async def follow_unheard(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """Take in what Stripe has and we have not: its news came before its payment was known here, or never.

    The comparison would not find an inquiry, which moves no money. Raises PaymentUnreachable.
    """
    there = await stripe_money.disputes_since(gateway, clock.now() - LONGEST)
    async with database.session(shop.id) as db:
        known = await queries.known(db, [facts.id for facts in there])
    for facts in there:
        if facts.id not in known:
            await take_in(database, shop, facts)


async def take_in(database: Database, shop: ShopFacts, facts: DisputeFacts) -> str | None:
    """What Stripe said of a dispute becomes ours. Its state, or None if it is none of this shop's."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await db.scalar(select(Payment).where(Payment.charge_id == facts.charge_id))
        if payment is not None:
            return await _take_in(db, shop, facts, payment)
    return await of_credit.take_in(database, shop, facts)


async def _take_in(db: AsyncSession, shop: ShopFacts, facts: DisputeFacts, payment: Payment) -> str:
    """The same of a payment of an order. Within a transaction."""
    group = await paid.locked_group(db, payment.group_id)
    await db.refresh(payment)
    row = await queries.of_stripe(db, facts.id)
    before = row.state if row else None
    if row is None:
        row = recording.begun(facts)
        row.payment_id, row.group_id = payment.id, group.id
        db.add(row)
    if recording.copy(row, facts, before):
        payment.dispute_id = recording.ban(payment.dispute_id, facts)
    await db.flush()
    await recording.book(db, group.id, facts.movements)
    if row.state == "lost":
        await _lose(db, shop, group, row, payment)
        await _end_late(db, group, row, payment)
    if row.state != before:
        await _announce(db, group, row, before)
    return row.state


async def _lose(db: AsyncSession, shop: ShopFacts, group: OrderGroup, row: Dispute, payment: Payment) -> None:
    """The money is gone: each producer gives back his part of it, where the shop's rules say so; the rest is lost.

    A deposit is nobody's income yet: with it the order ends; of a part of it nobody bears anything before it is known
    whether the order is sold (deposits/calling_off.py). Nor is what came twice or too late: no producer had any of it.
    """
    if row.borne_by is not None:
        return
    reference = row.stripe_id[:80]
    if await calling_off.lose(db, group, payment, row.amount_minor, reference):
        row.borne_by = bearing.rule(shop)
        return
    if calling_off.keep_in_mind(group, payment, await queries.lost_of(db, payment.id)):
        return
    if payment.lost_minor and payment.state != "paid":  # called off: what is due to the buyer was less by it
        row.borne_by = bearing.BUYER
        lines = [Line(DEPOSITS, row.amount_minor, row.currency), Line(DISPUTED, -row.amount_minor, row.currency)]
        await ledger.post(db, "dispute_lost", reference, lines, group.id)
        return
    row.borne_by, sold = bearing.rule(shop), group.paid_at is not None and payment.state == "paid"
    refunded = await queries.refunded(db, group.id) if sold else {}
    parts = bearing.parts(group.orders, row.amount_minor, refunded) if sold and row.borne_by != bearing.SHOP else []
    borne = sum(part.amount_minor for part in parts)
    lines = [
        *(Line(PRODUCER_PAYABLE, p.amount_minor, row.currency, p.producer_id, p.order_id) for p in parts),
        Line(DISPUTE_LOSS, row.amount_minor - borne, row.currency),
        Line(DISPUTED, -row.amount_minor, row.currency),
    ]
    await ledger.post(db, "dispute_lost", reference, lines, group.id)
    for part in parts:
        await recoveries.take_back(
            db,
            order_id=part.order_id,
            producer_id=part.producer_id,
            amount_minor=part.amount_minor,
            currency=row.currency,
            kind=recoveries.DISPUTE,
            reference=reference,
        )
    if sold:
        for order, share in zip(group.orders, bearing.disputed(group.orders, row.amount_minor, refunded), strict=True):
            await points.take_points_back(db, order, share, reference)


async def bear_waiting(db: AsyncSession, group: OrderGroup) -> None:
    """For settling: the balance of a deposit has come, or its order has ended; who bears what was lost of it is known.

    Within that transaction.
    """
    shop = await shop_by_id(db, group.shop_id) if group.deposit_minor else None
    if shop is None:
        return
    for row, payment in await queries.waiting_for_balance(db, group.id):
        await _lose(db, shop, group, row, payment)
        add_job(db, "disputes.tell", dispute_id=row.id, state=row.state)


async def _end_late(db: AsyncSession, group: OrderGroup, row: Dispute, payment: Payment) -> None:
    """Money that was to go back anyway, and that Stripe would not give back any more: its buyer has it from his bank.

    What was booked as lost was due to him.
    """
    if payment.state != "late" or not payment.failure or payment.amount_minor != row.amount_minor:
        return
    if row.borne_by == bearing.BUYER:  # what is due is the rest of a deposit
        return
    lines = [
        Line(REFUND_DUE, row.amount_minor, row.currency),
        Line(DISPUTE_LOSS, -row.amount_minor, row.currency),
    ]
    await ledger.post(db, "late_lost", row.stripe_id[:80], lines, group.id)
    payment.state, payment.refund_id, payment.failure = "refunded", None, None
    if group.state == "refunding":
        states.record(db, group.id, "refunded", STRIPE, came_from="refunding", to="refunded")
        group.state = "refunded"


async def _announce(db: AsyncSession, group: OrderGroup, row: Dispute, before: str | None) -> None:
    """The timeline, open desks, and mails to staff and to the producers."""
    states.record(db, group.id, "dispute", STRIPE, came_from=before, to=row.state[:20], note=row.stripe_id)
    for order in group.orders:
        await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    await tell(db, f"group:{group.id}", "order-changed")
    if before is None or row.state in recording.OVER or row.state == "needs_response":
        add_job(db, "disputes.tell", dispute_id=row.id, state=row.state)
