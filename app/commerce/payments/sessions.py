"""Where a buyer pays an order group, Stripe's page or ours: opening it, and giving it up."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.states import SYSTEM, Actor
from app.commerce.payments import attempts, intents, queries
from app.commerce.payments.attempts import AlreadyPaid, NotPayable, Plan
from app.commerce.payments.models import BALANCE, CHECKOUT, PAGE, Payment
from app.commerce.payments.outcomes import Outcome
from app.commerce.payments.settling import cancel, settle_payment
from app.integrations.stripe import Intent, PaymentRefused, PaymentUnreachable, Session, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
BUYER = Actor("buyer")


@dataclass(frozen=True)
class Opened:
    """url: where to pay, a path of ours or an address at Stripe. intent: to be paid on our page; none at Stripe's.

    link_key: of the order's private link. until: how long it can be paid there.
    """

    url: str
    link_key: str
    until: datetime
    intent: Intent | None = None


async def open_session(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str
) -> str:
    """The address of the payment page of a group: the one that is open, or a new one. No transaction may be open.

    Raises AlreadyPaid, NotPayable, Refused (too small to be paid by card), PaymentUnreachable (try again: the same
    attempt is continued, so that nobody pays twice).
    """
    return (await open_page(database, shop, gateway, group_id, base_url=base_url)).url


async def move_to_checkout(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str
) -> str:
    """The address of Stripe's page for a buyer who cannot, or will not, pay on ours. Raises as open_session."""
    return (await open_page(database, shop, gateway, group_id, base_url=base_url, way=CHECKOUT)).url


async def open_page(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str, way: str | None = None
) -> Opened:
    """The payment page, wherever the attempt is. way: see attempts.plan. Raises as open_session."""
    try:
        return await _open(database, shop, gateway, group_id, base_url=base_url, way=way)
    except attempts.SplitRefused:
        return await _open(database, shop, gateway, group_id, base_url=base_url, way=way)


async def _open(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str, way: str | None
) -> Opened:
    """The same, once. Raises attempts.SplitRefused, too."""
    plan = await attempts.plan(database, shop, gateway, group_id, base_url=base_url, way=way)
    await intents.leave(database, shop, gateway, plan)
    if plan.is_stale:
        await _end_stale(database, shop, gateway, group_id, plan)
        plan = await attempts.plan(database, shop, gateway, group_id, base_url=base_url, way=way)
        if plan.is_stale:
            raise attempts.cannot_open()
    if plan.way == PAGE:
        intent = await intents.open_intent(database, shop, gateway, plan)
        url = f"/ordini/{plan.number}/paga?{urlencode({'chiave': plan.link_key})}"
        return Opened(url, plan.link_key, plan.until, intent)
    return Opened(plan.url or await _open_session(database, shop, gateway, plan), plan.link_key, plan.until)


async def give_up(
    database: Database,
    shop: ShopFacts,
    gateway: StripeGateway,
    group_id: int,
    *,
    reason: str = "abandoned",
    actor: Actor = BUYER,
) -> bool:
    """End an unpaid group and give its goods back. False if it turns out to be paid (or being paid): then it stays.

    What could be paid is closed first; when Stripe says that it is not open, what became of it decides. Safe to repeat.
    Raises PaymentUnreachable; nothing has changed then. No transaction may be open.
    """
    closed = await _close_all(database, shop, gateway, group_id)
    if closed is None:
        return False
    async with database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, group_id)
        if group.state != "awaiting_payment":
            await _end_closed(db, group_id, closed)
            return group.state == "cancelled"
        for payment in await queries.payments_of(db, group_id):
            if payment.state in queries.LIVE:
                if payment.object_id and payment.object_id not in closed:
                    return False  # opened meanwhile, in another tab
                payment.state, payment.session_url, payment.settled_at = "expired", None, clock.now()
        await cancel(db, group, reason, actor)
    return True


async def _close_all(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int) -> set[str] | None:
    """Make sure that nobody can pay anything of a group: what was closed at Stripe; None if one is (being) paid."""
    async with database.session(shop.id) as db:
        open_ones = [p for p in await queries.payments_of(db, group_id) if p.state in queries.LIVE and p.object_id]
    for payment in open_ones:
        try:
            await _close(gateway, payment)
        except PaymentRefused:
            outcome = await settle_payment(database, shop, gateway, payment)
            if outcome not in {Outcome.OVER, Outcome.UNKNOWN}:
                return None
    return {payment.object_id for payment in open_ones if payment.object_id}


async def _end_closed(db: AsyncSession, group_id: int, closed: set[str]) -> None:
    """Attempts at an order that stays as it is, because it is taken on, or over: nobody can pay them any more. Those
    that Stripe has made nothing of are among them. (A balance can be paid on another page.)
    """
    for payment in await queries.payments_of(db, group_id):
        if payment.state in queries.LIVE and (payment.object_id is None or payment.object_id in closed):
            payment.state, payment.session_url, payment.settled_at = "expired", None, clock.now()


async def _close(gateway: StripeGateway, payment: Payment) -> None:
    """Raises PaymentRefused when it is not open (any more)."""
    if payment.way == PAGE:
        await intents.end(gateway, payment.intent_id or "")
    else:
        await gateway.expire_session(payment.session_id or "")


async def _end_stale(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, plan: Plan) -> None:
    """The time for paying has passed: Stripe's page has ended by itself, an intent of ours must be ended.

    Raises AlreadyPaid or NotPayable; returns where there will be another page, for a balance that is not paid.
    """
    if plan.part == BALANCE:
        await give_up(database, shop, gateway, group_id, reason="expired", actor=SYSTEM)
        return
    if plan.way == PAGE:
        is_over = await give_up(database, shop, gateway, group_id, reason="expired", actor=SYSTEM)
        raise NotPayable if is_over else AlreadyPaid
    async with database.session(shop.id) as db:
        payment = await db.get_one(Payment, plan.payment_id)
    outcome = await settle_payment(database, shop, gateway, payment)
    raise AlreadyPaid if outcome.is_good else NotPayable


async def _open_session(database: Database, shop: ShopFacts, gateway: StripeGateway, plan: Plan) -> str:
    if plan.session is None:
        raise RuntimeError("an attempt on our page has no Session")
    try:
        session = await gateway.create_session(plan.session, key=plan.key)
    except PaymentUnreachable as away:
        await attempts.when_away(database, shop, plan, away)
        raise
    except PaymentRefused as no:
        raise await attempts.when_refused(database, shop, plan, no) from no
    if session.amount_minor != plan.amount_minor:
        await _drop(gateway, session)
        await attempts.fail(database, shop, plan, f"amount_total {session.amount_minor}")
        raise attempts.cannot_open()
    found = {"session_id": session.id, "session_url": session.url, "intent_id": session.intent_id}
    if not await attempts.keep(database, shop, plan, session.id, **found) or not session.url:
        await _drop(gateway, session)
        raise NotPayable
    return session.url


async def _drop(gateway: StripeGateway, session: Session) -> None:
    """Close a page whose address nobody has. It would end by itself, so failing is no harm."""
    try:
        await gateway.expire_session(session.id)
    except (PaymentRefused, PaymentUnreachable):
        log.warning("payments.orphan_session")
