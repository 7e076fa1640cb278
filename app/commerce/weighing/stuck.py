"""Charges that stand still: Stripe refused them, or somebody took another amount at Stripe's own desk. Staff decide.

What Stripe took counts: of too little the shop bears the rest, of too much the buyer has the rest back. His orders cost
what they weigh in any case. Source: docs/algorithms/catch-weight.md.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import parcels, states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import queries as payments
from app.commerce.payments.models import Payment
from app.commerce.weighing import capturing, queries
from app.integrations.stripe_capture import Authorization
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit


async def try_again(db: AsyncSession, payment_id: int, person: Person) -> bool:
    """Have it charged once more, under another key. Within a transaction. False when it does not stand still."""
    payment = await queries.locked_payment(db, payment_id)
    if payment is None or payment.state != "capturing" or payment.failure is None:
        return False
    group = await db.get_one(OrderGroup, payment.group_id)
    _record(db, group, person, "capture.retried", failure=payment.failure)
    payment.failure, payment.capture_key = None, capturing.new_key(payment)
    add_job(db, "weighing.capture", group_id=payment.group_id)
    return True


async def take_over(db: AsyncSession, group_id: int, now: Authorization, seen_minor: int, person: Person) -> None:
    """Book what Stripe really took. now: as Stripe has just said; seen_minor: what the person saw and agreed to.

    Within a transaction. Raises Conflict when it is not so (any more).
    """
    await parcels.lock_first(db, group_id)
    group = await payments.locked_group(db, group_id)
    payment = await queries.held_payment(db, group_id)
    agreed = payment.capture_minor if payment is not None else None
    is_same = now.is_taken and now.received_minor == seen_minor
    if payment is None or payment.state != "capturing" or agreed is None or not is_same:
        raise Conflict(_("Nel frattempo l’addebito è cambiato: guarda com’è adesso."))
    _record(db, group, person, "capture.taken_over", agreed_minor=agreed, taken_minor=now.received_minor)
    states.record(db, group.id, "capture_taken_over", Actor("staff", person.id))
    await capturing.finish(db, group, payment, now)
    if now.received_minor > agreed:
        await _give_surplus_back(db, group, payment, now.received_minor - agreed)


async def _give_surplus_back(db: AsyncSession, group: OrderGroup, payment: Payment, amount_minor: int) -> None:
    """By the way of money for which there is nothing to sell: a row of its own on the same intent, given back whole."""
    moment = clock.now()
    row = Payment(
        group_id=group.id,
        state="late",
        amount_minor=amount_minor,
        currency=payment.currency,
        idempotency_key=f"surplus:{payment.id}",
        intent_id=payment.intent_id,
        expires_at=moment,
        created_at=moment,
        settled_at=moment,
    )
    db.add(row)
    await db.flush()  # the jobs need its id
    add_job(db, "payments.refund_late", payment_id=row.id)
    add_job(db, "weighing.tell_surplus", payment_id=row.id)


def _record(db: AsyncSession, group: OrderGroup, person: Person, action: str, **after: object) -> None:
    audit.by(db, person, action, ("group", group.number), {}, after)
