"""Giving the card its part back: one refund at Stripe per refund of ours, once, and what becomes of it.

As with transfers: the key is in the row before Stripe is called; where an answer was lost for good, we look for the
refund by our own mark on it. Stripe's answer may be `pending`, and a refund that went out may come back days later:
events are hints, and what decides is the refund's present state.
"""

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import sending as credit
from app.commerce.orders import states
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger
from app.commerce.payments import queries as payments
from app.commerce.payments import refunds as late
from app.commerce.payments.models import Payment, StripeEvent
from app.commerce.refunds import journals, queries, requesting
from app.commerce.refunds.models import Refund
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

log = structlog.get_logger()
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
LOST = timedelta(minutes=30)  # jobs have tried long enough by then
OVER = ("failed", "canceled")


async def send(database: Database, shop: ShopFacts, gateway: StripeGateway, refund_id: int) -> None:
    """Ask Stripe for the card's part. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again."""
    found = await _claimed(database, shop, refund_id)
    if found is None:
        return
    refund, intent_id = found
    try:
        sent = await _given_back(gateway, shop, refund, intent_id)
    except PaymentUnreachable as away:
        if away.kept:
            await _change_key(database, shop, refund.id)
        raise
    except PaymentRefused as no:
        log.warning("refunds.refused", refund=refund.id, code=no.code)
        async with database.session(shop.id) as db, transaction(db):
            if (row := await _locked(db, refund.id)) and row.state == "sending" and row.stripe_id is None:
                await _fail(db, row, f"{no.code}: {no}".strip(": "))
        return
    await _follow(database, shop, refund.id, sent)


async def look(database: Database, shop: ShopFacts, gateway: StripeGateway, refund_id: int) -> None:
    """What became of a refund that Stripe has: send it if it has not been asked for. Raises PaymentUnreachable."""
    async with database.session(shop.id) as db:
        refund = await db.get(Refund, refund_id)
    if refund is None or refund.stripe_id is None:
        await send(database, shop, gateway, refund_id)
    else:
        await _follow(database, shop, refund_id, await gateway.retrieve_refund(refund.stripe_id))


async def handle(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """An event about a refund: of an order, of bought credit, or of a payment that came too late."""
    try:
        sent = await gateway.retrieve_refund(event.object_id or "")
    except PaymentRefused:
        return None
    mark, payment = sent.metadata.get("refund", ""), sent.metadata.get("payment", "")
    if mark.isdigit():
        return await _follow(database, shop, int(mark), sent)
    async with database.session(shop.id) as db:
        adopted = await queries.made_at_stripe(db, sent.id)
    if adopted is not None:
        return await _follow(database, shop, adopted, sent)
    if (of_credit := sent.metadata.get(credit.MARK, "")).isdigit():
        return await credit.follow(database, shop, int(of_credit), sent)
    if payment.isdigit() and sent.status in OVER:
        return "late" if await late.came_back(database, shop, int(payment), sent) else None
    return None


async def sweep(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """What should have left, or ended, long ago. When Stripe does not answer, the rest waits for the next time."""
    async with database.session(shop.id) as db:
        waiting = await queries.waiting(db, clock.now() - LOST)
    try:
        for refund_id in waiting:
            await look(database, shop, gateway, refund_id)
    except PaymentUnreachable:
        log.warning("refunds.sweep_stopped", shop=shop.slug)


async def _claimed(database: Database, shop: ShopFacts, refund_id: int) -> tuple[Refund, str] | None:
    """A refund that is to be asked for, its key in the row, and the payment's intent; None: there is nothing to ask."""
    async with database.session(shop.id) as db, transaction(db):
        refund = await queries.locked(db, refund_id)
        if refund is None or refund.state not in {"planned", "sending"} or refund.stripe_id or not refund.card_minor:
            return None
        payment = await db.get(Payment, refund.payment_id) if refund.payment_id else None
        if payment is None or payment.intent_id is None:
            return None
        if refund.state == "planned":
            refund.state, refund.asked_at = "sending", clock.now()
            refund.idempotency_key = refund.idempotency_key or _first_key(refund)
        return refund, payment.intent_id


def _first_key(refund: Refund) -> str:
    return f"refund:order:{refund.id}"


async def _given_back(gateway: StripeGateway, shop: ShopFacts, refund: Refund, intent_id: str) -> Sent:
    """The refund: the one that is there (its answer was lost), else a new one."""
    first = refund.idempotency_key == _first_key(refund)
    if not (first and refund.asked_at and clock.now() - refund.asked_at < KEY_KEPT):
        for sent in await gateway.refunds_of(intent_id):
            if sent.metadata.get("refund") == str(refund.id) and sent.status not in OVER:
                return sent
    return await gateway.create_refund(
        intent_id=intent_id,
        amount_minor=refund.card_minor,
        metadata={
            "shop": shop.slug,
            "refund": str(refund.id),
            "number": refund.number,
            credit.TRY: refund.idempotency_key or "",
        },
        key=refund.idempotency_key or "",
    )


async def _locked(db: AsyncSession, refund_id: int) -> Refund | None:
    """A refund, and its group before it: the order in which everybody locks."""
    known = await db.get(Refund, refund_id)
    if known is None:
        return None
    await payments.locked_group(db, known.group_id)
    return await queries.locked(db, refund_id)


async def _follow(database: Database, shop: ShopFacts, refund_id: int, sent: Sent) -> str | None:
    """Let follow what Stripe says of a refund now, once. A late word of an earlier try ends nothing."""
    async with database.session(shop.id) as db, transaction(db):
        refund = await _locked(db, refund_id)
        if refund is None or refund.stripe_id not in {None, sent.id} or refund.state not in {"sending", "sent"}:
            return None
        if refund.stripe_id is None and credit.is_of_earlier(sent, refund.idempotency_key):
            return None
        if sent.status in OVER:
            if refund.state == "sent":
                lines = journals.came_back(refund.card_minor, refund.currency)
                await ledger.post(db, "refund_failed", f"{refund.number}/{sent.id}"[:80], lines, refund.group_id)
            await _fail(db, refund, sent.failure or sent.status)
            return "failed"
        refund.stripe_id = sent.id
        if sent.status == "succeeded" and refund.state == "sending":
            await _close(db, refund, sent)
        return refund.state


async def was_sent(db: AsyncSession, refund: Refund, sent: Sent) -> None:
    """A refund that has just been decided is there already: somebody made it at Stripe. Within that transaction."""
    refund.state, refund.stripe_id = "sending", sent.id
    await _close(db, refund, sent)


async def _close(db: AsyncSession, refund: Refund, sent: Sent) -> None:
    refund.state, refund.sent_at, refund.failure = "sent", clock.now(), None
    lines = journals.sent(refund.card_minor, refund.currency)
    await ledger.post(db, "refund_sent", f"{refund.number}/{sent.id}"[:80], lines, refund.group_id)
    states.record(db, refund.group_id, "refund_sent", STRIPE, note=refund.number)
    await requesting.close_group(db, await payments.locked_group(db, refund.group_id))
    await tell(db, f"group:{refund.group_id}", "order-changed")


async def _fail(db: AsyncSession, refund: Refund, why: str) -> None:
    """The money is due to the buyer still. Staff are told, and decide."""
    group = await payments.locked_group(db, refund.group_id)
    refund.state, refund.failure, refund.failed_at, refund.sent_at = "failed", why[:300], clock.now(), None
    states.record(db, group.id, "refund_failed", STRIPE, note=f"{refund.number}: {why}")
    if group.state == "refunded":
        states.record(db, group.id, "refund_open", STRIPE, came_from="refunded", to="paid", note=refund.number)
        group.state = "paid"
    add_job(db, "refunds.tell_staff", refund_id=refund.id)
    await tell(db, f"group:{refund.group_id}", "order-changed")


async def _change_key(database: Database, shop: ShopFacts, refund_id: int) -> None:
    """Stripe keeps a failure under this key: the next try looks for the refund first, then uses another."""
    async with database.session(shop.id) as db, transaction(db):
        refund = await queries.locked(db, refund_id)
        if refund is not None and refund.state == "sending" and refund.stripe_id is None:
            refund.idempotency_key = new_key(refund)


def new_key(refund: Refund) -> str:
    return f"{_first_key(refund)}:{ids.token()[:12]}"
