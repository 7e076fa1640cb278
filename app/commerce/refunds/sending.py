"""Giving the card its part of an order back (payments/giving_back.py), and what Stripe says of refunds of any kind."""

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import sending as credit
from app.commerce.orders import states
from app.commerce.orders.states import STRIPE
from app.commerce.payments import queries as payments
from app.commerce.payments import refunds as late
from app.commerce.payments.giving_back import OVER, GivingBack
from app.commerce.payments.models import Payment, StripeEvent
from app.commerce.refunds import queries, requesting
from app.commerce.refunds.models import Refund
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel.db import Database
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

log = structlog.get_logger()


class _OfOrder(GivingBack[Refund]):
    """paid_by: the payment's intent. With the refund its group is locked, before it."""

    table, kind, mark, journal = Refund, "order", "refund", "refund"

    def amount_minor(self, refund: Refund) -> int:
        return refund.card_minor

    def group_id(self, refund: Refund) -> int:
        return refund.group_id

    async def paid_by(self, db: AsyncSession, refund: Refund) -> str | None:
        if not refund.card_minor or refund.payment_id is None:
            return None
        payment = await db.get(Payment, refund.payment_id)
        return payment.intent_id if payment else None

    async def lock(self, db: AsyncSession, refund_id: int) -> Refund | None:
        known = await db.get(Refund, refund_id)
        if known is None:
            return None
        await payments.locked_group(db, known.group_id)
        return await self.alone(db, refund_id)

    async def has_left(self, db: AsyncSession, refund: Refund) -> None:
        states.record(db, refund.group_id, "refund_sent", STRIPE, note=refund.number)
        await requesting.close_group(db, await payments.locked_group(db, refund.group_id))
        await tell(db, f"group:{refund.group_id}", "order-changed")

    async def has_failed(self, db: AsyncSession, refund: Refund, why: str) -> None:
        group = await payments.locked_group(db, refund.group_id)
        states.record(db, group.id, "refund_failed", STRIPE, note=f"{refund.number}: {why}")
        if group.state == "refunded":
            states.record(db, group.id, "refund_open", STRIPE, came_from="refunded", to="paid", note=refund.number)
            group.state = "paid"
        add_job(db, "refunds.tell_staff", refund_id=refund.id)
        await tell(db, f"group:{refund.group_id}", "order-changed")


OF_ORDER = _OfOrder()
send = OF_ORDER.send


async def handle(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """For webhooks.handles: the event names a refund."""
    return await follow(database, shop, gateway, event.object_id or "")


async def follow(database: Database, shop: ShopFacts, gateway: StripeGateway, stripe_id: str) -> str | None:
    """Ask Stripe about a refund and let follow what must: of an order, of bought credit, or of a payment that came too
    late. What became of it, None for nothing. Raises PaymentUnreachable.
    """
    try:
        sent = await gateway.retrieve_refund(stripe_id)
    except PaymentRefused:
        return None
    mark, payment = sent.metadata.get(OF_ORDER.mark, ""), sent.metadata.get("payment", "")
    if mark.isdigit():
        return await OF_ORDER.follow(database, shop, int(mark), sent)
    async with database.session(shop.id) as db:
        adopted = await queries.made_at_stripe(db, sent.id)
    if adopted is not None:
        return await OF_ORDER.follow(database, shop, adopted, sent)
    if (of_credit := sent.metadata.get(credit.MARK, "")).isdigit():
        return await credit.follow(database, shop, int(of_credit), sent)
    if payment.isdigit() and sent.status in OVER:
        return "late" if await late.came_back(database, shop, int(payment), sent) else None
    return None


async def sweep(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """What should have left, or ended, long ago. When Stripe does not answer, the rest waits for the next time."""
    try:
        await OF_ORDER.sweep(database, shop, gateway)
    except PaymentUnreachable:
        log.warning("refunds.sweep_stopped", shop=shop.slug)


async def was_sent(db: AsyncSession, refund: Refund, sent: Sent) -> None:
    """A refund that has just been decided is there already: somebody made it at Stripe. Within that transaction."""
    refund.state, refund.stripe_id = "sending", sent.id
    await OF_ORDER.close(db, refund, sent)
