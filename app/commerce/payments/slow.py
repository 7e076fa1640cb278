"""Money that a bank takes days over (a SEPA debit): the goods wait, and the buyer is told what is going on."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE
from app.commerce.payments import queries
from app.commerce.payments.models import BALANCE, Payment
from app.commerce.payments.outcomes import Outcome
from app.kernel import clock
from app.kernel.outbox import add_job
from app.system.live import tell

SLOW_MONEY = timedelta(days=14)  # a SEPA debit takes up to two weeks
ASK_AGAIN = timedelta(hours=6)
FAILED = "failed"  # why a group was cancelled: the bank has said no after all


async def wait(db: AsyncSession, group: OrderGroup, payment: Payment) -> Outcome:
    """The goods stay held, and we ask again later. Within a transaction that holds the group's lock; once or often."""
    if payment.state not in queries.LIVE:
        return Outcome.PROCESSING
    if payment.state != "processing":
        states.record(db, group.id, "processing", STRIPE)
        until = clock.now() + SLOW_MONEY
        group.hold_until = until
        await stock.extend(db, group.number, until)
        if payment.part != BALANCE:  # a balance is of an order that was confirmed long ago
            add_job(db, "orders.acknowledge", group_id=group.id)
        await tell(db, f"group:{group.id}", "order-changed")
    payment.state, payment.session_url, payment.expires_at = "processing", None, clock.now() + ASK_AGAIN
    return Outcome.PROCESSING


async def tell_if_failed(db: AsyncSession, group: OrderGroup) -> None:
    """When an unpaid group ends (settling.also_when_cancelled): who waited for his bank is told that it is over."""
    if group.cancel_reason == FAILED:
        add_job(db, "orders.tell_not_paid", group_id=group.id)
