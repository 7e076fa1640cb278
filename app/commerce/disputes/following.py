"""What follows from the state of a dispute: the ledger, the ban on refunds, mails.

Webhooks, the comparison with Stripe's book and the sweeper all call `follow`, any number of times, in any order and at
once. It asks Stripe how the dispute stands now; every movement of its money is booked once, by its own id.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.deposits import calling_off
from app.commerce.disputes import bearing, queries
from app.commerce.disputes.bearing import Part
from app.commerce.disputes.models import Dispute
from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger, recoveries
from app.commerce.payments import queries as paid
from app.commerce.payments.ledger import (
    DISPUTE_LOSS,
    DISPUTED,
    PRODUCER_PAYABLE,
    REFUND_DUE,
    STRIPE_BALANCE,
    STRIPE_FEES,
    Line,
)
from app.commerce.payments.models import Payment, StripeEvent
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.integrations.stripe_money import DisputeFacts, MovementFacts
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

log = structlog.get_logger()
# How far a dispute has come; an answer that was read before another one never takes it back.
RANK = {
    "warning_needs_response": 1,
    "warning_under_review": 2,
    "warning_closed": 3,
    "needs_response": 4,
    "under_review": 5,
    "prevented": 6,
    "won": 6,
    "lost": 6,
}
MISSED = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
OVER = ("warning_closed", "prevented", "won", "lost")


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


async def take_in(database: Database, shop: ShopFacts, facts: DisputeFacts) -> str | None:
    """What Stripe said of a dispute becomes ours. Its state, or None if it is none of this shop's."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await db.scalar(select(Payment).where(Payment.charge_id == facts.charge_id))
        if payment is None:
            return None
        group = await paid.locked_group(db, payment.group_id)
        await db.refresh(payment)
        row = await queries.of_stripe(db, facts.id)
        before = row.state if row else None
        if row is None:
            row = Dispute(stripe_id=facts.id, payment_id=payment.id, group_id=group.id, evidence={})
            row.state, row.opened_at = facts.state, facts.opened_at
            db.add(row)
        if before is None or RANK.get(facts.state, 0) >= RANK.get(before, 0):
            _copy(row, facts, payment)
        await db.flush()
        await _book(db, group, facts.movements)
        if row.state == "lost":
            await _lose(db, shop, group, row, payment)
            await _end_late(db, group, row, payment)
        if row.state != before:
            await _announce(db, group, row, before)
        return row.state


def _copy(row: Dispute, facts: DisputeFacts, payment: Payment) -> None:
    row.state, row.reason, row.read_at = facts.state, facts.reason[:60], clock.now()
    row.amount_minor, row.currency, row.due_by = facts.amount_minor, facts.currency, facts.due_by
    if facts.submissions and row.submitted_at is None:
        row.submitted_at = clock.now()  # its answer was lost, or somebody answered on Stripe's own pages
    if row.submitted_at is not None or facts.state not in queries.WAITING:
        row.sending_at = None
    if facts.state in OVER and row.closed_at is None:
        row.closed_at = clock.now()
    banned = not facts.is_refundable or facts.state == "lost"
    if banned:
        payment.dispute_id = facts.id
    elif payment.dispute_id == facts.id:
        payment.dispute_id = None


async def _book(db: AsyncSession, group: OrderGroup, movements: Sequence[MovementFacts]) -> None:
    """Money that the bank took, or gave back, and Stripe's charge for it; each movement once."""
    for moved in movements:
        lines = [
            Line(STRIPE_BALANCE, moved.net_minor, moved.currency),
            Line(STRIPE_FEES, moved.fee_minor, moved.currency),
            Line(DISPUTED, -moved.amount_minor, moved.currency),
        ]
        await ledger.post(db, "dispute", moved.id, lines, group.id)


async def _lose(db: AsyncSession, shop: ShopFacts, group: OrderGroup, row: Dispute, payment: Payment) -> None:
    """The money is gone: each producer gives back his part of it, where the shop's rules say so; the rest is lost.

    A deposit is nobody's income yet: with it the order ends. Nor is what came twice or too late: no producer had any
    of it.
    """
    if row.borne_by is not None:
        return
    row.borne_by = bearing.rule(shop)
    if await calling_off.lose(db, group, payment, row.amount_minor, row.stripe_id[:80]):
        return
    parts: list[Part] = []
    if row.borne_by == bearing.PRODUCER and group.paid_at is not None and payment.state == "paid":
        parts = bearing.parts(group.orders, row.amount_minor, await queries.refunded(db, group.id))
    borne = sum(part.amount_minor for part in parts)
    lines = [
        *(Line(PRODUCER_PAYABLE, p.amount_minor, row.currency, p.producer_id, p.order_id) for p in parts),
        Line(DISPUTE_LOSS, row.amount_minor - borne, row.currency),
        Line(DISPUTED, -row.amount_minor, row.currency),
    ]
    await ledger.post(db, "dispute_lost", row.stripe_id[:80], lines, group.id)
    for part in parts:
        await recoveries.take_back(
            db,
            order_id=part.order_id,
            producer_id=part.producer_id,
            amount_minor=part.amount_minor,
            currency=row.currency,
            kind=recoveries.DISPUTE,
            reference=row.stripe_id[:80],
        )


async def _end_late(db: AsyncSession, group: OrderGroup, row: Dispute, payment: Payment) -> None:
    """Money that was to go back anyway, and that Stripe would not give back any more: its buyer has it from his bank.

    What was booked as lost was due to him.
    """
    if payment.state != "late" or not payment.failure or payment.amount_minor != row.amount_minor:
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
    if before is None or row.state in OVER or row.state == "needs_response":
        add_job(db, "disputes.tell", dispute_id=row.id, state=row.state)
