"""What nobody did: payment pages that ended unheard, holds past their end, work whose wake-up was lost.

Nothing is let go by the clock alone: Stripe is asked first.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.commerce.orders.states import SYSTEM
from app.commerce.payments import queries, recoveries, refunds, sessions, settling, transfers, webhooks
from app.commerce.payments.outcomes import Outcome
from app.integrations.stripe import PaymentUnreachable, StripeGateway
from app.kernel import clock
from app.kernel.db import Database
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
GRACE = timedelta(minutes=2)  # Stripe's own news of an ended page usually comes first
LOST = timedelta(minutes=30)  # jobs have tried long enough by then
Deed = Callable[[Database, ShopFacts, StripeGateway, int], Awaitable[object]]


async def sweep(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """Go over everything once. When Stripe does not answer, the rest waits for the next time."""
    now = clock.now()
    async with database.session(shop.id) as db:
        overdue = await queries.overdue_payments(db, now - GRACE)
        abandoned = await queries.abandoned_groups(db, now)
        lost: list[tuple[Deed, list[int]]] = [
            (webhooks.handle, await queries.waiting_events(db, now - LOST)),
            (transfers.send, await queries.waiting_transfers(db, now - LOST)),
            (recoveries.recover, await queries.waiting_recoveries(db, now - LOST)),
            (refunds.refund_late, await queries.waiting_refunds(db, now - LOST)),
        ]
    try:
        for payment in overdue:
            if payment.state == "processing" and payment.object_id:
                await settling.settle_payment(database, shop, gateway, payment)
            else:
                await _end(database, shop, gateway, payment.group_id)
        for group_id in abandoned:
            await _end(database, shop, gateway, group_id)
        for deed, ids in lost:
            for row_id in ids:
                await deed(database, shop, gateway, row_id)
    except PaymentUnreachable:
        log.warning("payments.sweep_stopped", shop=shop.slug)


async def hear_of(database: Database, shop: ShopFacts, gateway: StripeGateway, intent_id: str) -> Outcome:
    """Settle what has taken money although nobody told us: the intent of our own page, or a Session's. Raises
    PaymentUnreachable.
    """
    outcome = await settling.settle_intent(database, shop, gateway, intent_id)
    session_id = await gateway.session_of(intent_id) if outcome == Outcome.UNKNOWN else None
    return await settling.settle(database, shop, gateway, session_id) if session_id else outcome


async def _end(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int) -> None:
    """Give a group up whose time is over, unless it turns out to be paid."""
    await sessions.give_up(database, shop, gateway, group_id, reason="expired", actor=SYSTEM)
