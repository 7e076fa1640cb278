"""Money that came too late goes back whole. (Refunds of goods that were delivered are another matter.)"""

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import states
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger, queries
from app.commerce.payments.giving_back import OVER
from app.commerce.payments.models import Payment
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import ids
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
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


async def came_back(database: Database, shop: ShopFacts, payment_id: int, sent: Sent) -> bool:
    """The bank has sent a late payment's refund back: the money is due again, and staff decide. False if we knew."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await db.get(Payment, payment_id)
        if payment is None:
            return False
        group = await queries.locked_group(db, payment.group_id)
        moved = await db.execute(
            update(Payment)
            .where(Payment.id == payment_id, Payment.state == "refunded", Payment.refund_id == sent.id)
            .values(state="late", failure=(sent.failure or sent.status)[:200])
            .execution_options(synchronize_session=False)
            .returning(Payment.id)
        )
        if moved.first() is None:
            return False
        lines = ledger.late_payment(payment.amount_minor, payment.currency)
        await ledger.post(db, "late_refund_failed", f"{group.number}/{sent.id}"[:80], lines, group.id)
        states.record(db, group.id, "refund_failed", STRIPE, note=sent.failure or sent.status)
        if group.state == "refunded" and group.paid_at is None:
            group.state = "refunding"
        await tell(db, f"group:{group.id}", "order-changed")
    return True


async def retry(db: AsyncSession, payment_id: int) -> bool:
    """Give a late payment back after all, under a new key. Within a transaction; audit is theirs. False: none has."""
    again = await db.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.state == "late", Payment.failure.is_not(None))
        .values(failure=None, refund_key=f"refund:{payment_id}:{ids.token()[:12]}")
        .execution_options(synchronize_session=False)
        .returning(Payment.id)
    )
    if again.first() is None:
        return False
    add_job(db, "payments.refund_late", payment_id=payment_id)
    return True


async def by_hand(db: AsyncSession, payment_id: int) -> bool:
    """Staff have given it from the shop's own bank account, since Stripe would not. Within a transaction; audit is
    theirs. False: there was nothing to give, or the buyer's bank has not decided whether it gives it.
    """
    known = await db.get(Payment, payment_id)
    if known is None:
        return False
    group = await queries.locked_group(db, known.group_id)
    payment = await db.get_one(Payment, payment_id, with_for_update={"key_share": True}, populate_existing=True)
    is_contested = payment.dispute_id is not None and not payment.lost_minor
    if payment.state != "late" or not payment.failure or is_contested:
        return False
    payment.state, payment.refund_id, payment.failure = "refunded", None, None
    lines = ledger.given_back(payment.amount_minor, payment.currency, by_hand=True)
    await ledger.post(db, "late_by_hand", f"{group.number}/{payment.id}", lines, group.id)
    if group.state == "refunding":
        states.record(db, group.id, "refunded", states.SYSTEM, came_from="refunding", to="refunded")
        group.state = "refunded"
    await tell(db, f"group:{group.id}", "order-changed")
    return True


async def _claimed(database: Database, shop: ShopFacts, payment_id: int) -> Payment | None:
    """The late payment with its refund's key, written before Stripe is called; None if there is nothing to refund."""
    async with database.session(shop.id) as db, transaction(db):
        payment = await db.get(Payment, payment_id, with_for_update={"key_share": True})
        if payment is None or payment.state != "late":
            return None
        payment.refund_key = payment.refund_key or f"refund:{payment.id}"
    return payment


async def _given_back(gateway: StripeGateway, payment: Payment, intent_id: str, key: str) -> Sent:
    """The refund: the one that is there (its answer was lost), else a new one."""
    for sent in await gateway.refunds_of(intent_id):
        if sent.metadata.get("payment") == str(payment.id) and sent.status not in OVER:
            return sent
    return await gateway.create_refund(
        intent_id=intent_id, amount_minor=payment.amount_minor, metadata={"payment": str(payment.id)}, key=key
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
        lines = ledger.given_back(payment.amount_minor, payment.currency)
        await ledger.post(db, "late_refund", f"{group.number}/{payment.id}/{sent.id}"[:80], lines, group.id)
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
