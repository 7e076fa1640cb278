"""Money that came too late goes back whole. (Refunds of goods that were delivered are another matter.)"""

import structlog
from sqlalchemy import update

from app.commerce.orders import states
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger, queries
from app.commerce.payments.models import Payment
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import ids
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

log = structlog.get_logger()


async def refund_late(database: Database, shop: ShopFacts, gateway: StripeGateway, payment_id: int) -> None:
    """Give a late payment back. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again.

    What Stripe refuses for good stays `late` with a `failure`, for staff to see.
    """
    payment = await _claimed(database, shop, payment_id)
    if payment is None or payment.intent_id is None or payment.refund_key is None:
        return
    try:
        sent = await _given_back(gateway, payment, payment.intent_id, payment.refund_key)
    except PaymentUnreachable as away:
        if away.kept:
            await _write(database, shop, payment.id, refund_key=f"refund:{payment.id}:{ids.token()[:12]}")
        raise
    except PaymentRefused as no:
        log.warning("payments.refund_refused", payment=payment.id, code=no.code)
        await _write(database, shop, payment.id, failure=f"{no.code}: {no}"[:200])
        return
    await _book(database, shop, payment, sent)


async def _claimed(database: Database, shop: ShopFacts, payment_id: int) -> Payment | None:
    """The late payment with its refund's key, written before Stripe is called; None if there is nothing to refund."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await db.get(Payment, payment_id, with_for_update=True)
        if payment is None or payment.state != "late":
            return None
        payment.refund_key = payment.refund_key or f"refund:{payment.id}"
    return payment


async def _given_back(gateway: StripeGateway, payment: Payment, intent_id: str, key: str) -> Sent:
    """The refund: the one that is there (its answer was lost), else a new one."""
    for sent in await gateway.refunds_of(intent_id):
        if sent.metadata.get("payment") == str(payment.id) and sent.status != "failed":
            return sent
    return await gateway.create_refund(
        intent_id=intent_id, amount_minor=payment.amount_minor, reference=str(payment.id), key=key
    )


async def _book(database: Database, shop: ShopFacts, payment: Payment, sent: Sent) -> None:
    async with database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, payment.group_id)
        moved = await db.execute(
            update(Payment)
            .where(Payment.id == payment.id, Payment.state == "late")
            .values(state="refunded", refund_id=sent.id, failure=None)
            .execution_options(synchronize_session=False)
            .returning(Payment.id)
        )
        if moved.first() is None:
            return
        lines = ledger.late_refund(payment.amount_minor, payment.currency)
        await ledger.post(db, "late_refund", f"{group.number}/{payment.id}", lines, group.id)
        if group.state == "refunding":
            states.record(db, group.id, "refunded", STRIPE, came_from="refunding", to="refunded")
            group.state = "refunded"
        else:
            states.record(db, group.id, "refunded_twice", STRIPE, note=sent.id)
        await tell(db, f"group:{group.id}", "order-changed")


async def _write(database: Database, shop: ShopFacts, payment_id: int, **values: object) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Payment)
            .where(Payment.id == payment_id, Payment.state == "late")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
