"""Payment pages: opening Stripe's for an order group, and giving one up.

The row with the idempotency key is there before Stripe is called, and the call stands outside of any transaction. A
Session whose address nobody has been given cannot be paid, so a row that never learnt of its Session may be dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.orders import links
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import queries
from app.commerce.payments.models import Payment
from app.commerce.payments.settling import Outcome, cancel, settle
from app.integrations.stripe import Item, NewSession, PaymentRefused, PaymentUnreachable, Session, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts, in_language

log = structlog.get_logger()
SESSION = timedelta(minutes=31)  # Stripe's least is 30; docs/algorithms/holds.md
SHORTEST = timedelta(minutes=30, seconds=15)  # with less, Stripe refuses; 15 s for clocks that differ
HOLD_MARGIN = timedelta(minutes=14)  # the goods are held for longer than the page lives
MOST_LINES = 100  # Stripe's, in payment mode
BUYER = Actor("buyer")


class AlreadyPaid(Conflict):
    """The order is paid, or the money is on its way: there is nothing left to pay."""

    def __init__(self) -> None:
        super().__init__(_("Questo ordine è già pagato."))


class NotPayable(Conflict):
    """The order has ended: its goods were given back."""

    def __init__(self) -> None:
        super().__init__(_("Questo ordine è scaduto: i prodotti sono tornati in vendita. Il carrello è ancora lì."))


@dataclass(frozen=True)
class _Plan:
    """What to do for a buyer who wants to pay: url, if the page is open already; else what to ask Stripe for."""

    url: str | None
    payment_id: int
    amount_minor: int
    key: str
    new: NewSession


async def prepare(db: AsyncSession, group: OrderGroup) -> Payment:
    """The first or next attempt at paying a group, before Stripe knows of it. Within the transaction that places it."""
    before = await db.scalar(select(func.count()).select_from(Payment).where(Payment.group_id == group.id))
    now = clock.now()
    payment = Payment(
        group_id=group.id,
        state="new",
        amount_minor=group.total_minor,
        currency=group.currency,
        idempotency_key=_key(group, (before or 0) + 1),
        expires_at=now + SESSION,
        created_at=now,
    )
    db.add(payment)
    await db.flush()  # callers want its id
    return payment


async def open_session(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str
) -> str:
    """The address of the payment page of a group: the one that is open, or a new one. No transaction may be open.

    Raises AlreadyPaid, NotPayable, Refused (too small to be paid by card), PaymentUnreachable (try again: the same
    attempt is continued, so that nobody pays twice).
    """
    plan = await _plan(database, shop, gateway, group_id, base_url)
    if plan.url:
        return plan.url
    try:
        session = await gateway.create_session(plan.new, key=plan.key)
    except PaymentUnreachable as away:
        if away.kept:  # Stripe would repeat this failure under the same key all day
            await _change_key(database, shop, plan)
        raise
    except PaymentRefused as no:
        await _fail(database, shop, plan, f"{no.code or no.status} {no.param}".strip())
        raise _refusal(no) from no
    if session.amount_minor != plan.amount_minor:
        await _close(gateway, session)
        await _fail(database, shop, plan, f"amount_total {session.amount_minor}")
        raise Unavailable(_("Non riusciamo ad aprire la pagina di pagamento. Non ti abbiamo addebitato nulla."))
    return await _keep(database, shop, gateway, plan, session)


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

    The payment page is closed first; when Stripe says that it is not open, what became of it decides. Safe to repeat.
    Raises PaymentUnreachable; nothing has changed then. No transaction may be open.
    """
    async with database.session(shop.id) as db:
        open_ones = [p.session_id for p in await queries.payments_of(db, group_id) if p.state in queries.LIVE]
    for session_id in filter(None, open_ones):
        try:
            await gateway.expire_session(session_id)
        except PaymentRefused:
            outcome = await settle(database, shop, gateway, session_id)
            if outcome not in {Outcome.OVER, Outcome.UNKNOWN}:
                return False
    async with database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, group_id)
        if group.state != "awaiting_payment":
            return group.state == "cancelled"
        for payment in await queries.payments_of(db, group_id):
            if payment.state in queries.LIVE:
                if payment.session_id and payment.session_id not in open_ones:
                    return False  # opened meanwhile, in another tab
                payment.state, payment.session_url, payment.settled_at = "expired", None, clock.now()
        await cancel(db, group, reason, actor)
    return True


async def _plan(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, base_url: str) -> _Plan:
    stale: str | None = None
    async with database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, group_id)
        _must_be_payable(group)
        payment = next((p for p in await queries.payments_of(db, group_id) if p.state in queries.LIVE), None)
        if payment is not None and payment.state == "processing":
            raise AlreadyPaid
        if payment is not None and payment.state == "open" and payment.expires_at <= clock.now():
            stale = payment.session_id
        if payment is None or (payment.state == "new" and payment.expires_at - clock.now() < SHORTEST):
            payment = await _next_attempt(db, group, payment)
        plan = _Plan(
            url=payment.session_url if payment.state == "open" else None,
            payment_id=payment.id,
            amount_minor=payment.amount_minor,
            key=payment.idempotency_key,
            new=_asked(shop, gateway.settings.secret_key, group, payment, base_url),
        )
    if stale is not None:
        raise AlreadyPaid if await settle(database, shop, gateway, stale) == Outcome.PAID else NotPayable
    return plan


def _must_be_payable(group: OrderGroup) -> None:
    if group.state == "paid":
        raise AlreadyPaid
    if group.state != "awaiting_payment":
        raise NotPayable


async def _next_attempt(db: AsyncSession, group: OrderGroup, old: Payment | None) -> Payment:
    """A fresh attempt under the same hold, which lasts as long as the new page and a little longer."""
    if old is not None:
        old.state, old.settled_at = "expired", clock.now()
    payment = await prepare(db, group)
    group.hold_until = max(group.hold_until, payment.expires_at + HOLD_MARGIN)
    await stock.extend(db, group.number, group.hold_until)
    return payment


async def _keep(database: Database, shop: ShopFacts, gateway: StripeGateway, plan: _Plan, session: Session) -> str:
    """Store the Session. If the attempt was given up meanwhile, the page is closed again and nobody sees it."""
    async with database.session(shop.id) as db:
        async with transaction(db):
            await db.execute(
                update(Payment)
                .where(Payment.id == plan.payment_id, Payment.state == "new")
                .values(state="open", session_id=session.id, session_url=session.url, intent_id=session.intent_id)
                .execution_options(synchronize_session=False)
            )
        payment = await queries.payment_of_session(db, session.id)
    if payment is None or payment.state != "open" or not payment.session_url:
        await _close(gateway, session)
        raise NotPayable
    return payment.session_url


async def _close(gateway: StripeGateway, session: Session) -> None:
    """Close a page whose address nobody has. It would end by itself, so failing is no harm."""
    try:
        await gateway.expire_session(session.id)
    except (PaymentRefused, PaymentUnreachable):
        log.warning("payments.orphan_session")


async def _change_key(database: Database, shop: ShopFacts, plan: _Plan) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Payment)
            .where(Payment.id == plan.payment_id, Payment.state == "new", Payment.idempotency_key == plan.key)
            .values(idempotency_key=f"{plan.key.rpartition(':')[0]}:{ids.token()[:12]}")
            .execution_options(synchronize_session=False)
        )


async def _fail(database: Database, shop: ShopFacts, plan: _Plan, why: str) -> None:
    """This attempt leads nowhere; the next one starts anew. The goods stay held."""
    log.error("payments.session_refused", payment=plan.payment_id, why=why)
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Payment)
            .where(Payment.id == plan.payment_id, Payment.state == "new")
            .values(state="failed", failure=why[:200], settled_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def _refusal(no: PaymentRefused) -> Exception:
    if no.code == "amount_too_small":
        return Refused(_("L’importo è troppo basso per un pagamento con carta: aggiungi qualcosa al carrello."))
    return Unavailable(_("Non riusciamo ad aprire la pagina di pagamento. Non ti abbiamo addebitato nulla."))


def _key(group: OrderGroup, attempt: int) -> str:
    return f"session:{group.number}:{attempt}:{ids.token()[:12]}"


def _asked(shop: ShopFacts, secret_key: str, group: OrderGroup, payment: Payment, base_url: str) -> NewSession:
    """Everything that Stripe is told. The same for every try of an attempt, since the key stands for these values."""
    prefix = "" if group.locale == shop.locales[0] else f"/{group.locale}"
    query = urlencode({"chiave": links.token(secret_key, group)})
    with speaking(group.locale):
        items = _items(group)
    return NewSession(
        shop=shop.slug,
        number=group.number,
        currency=group.currency,
        locale=group.locale,
        email=group.email,
        items=items,
        expires_at=payment.expires_at,
        success_url=f"{base_url}{prefix}/cassa/esito/{group.number}?{query}&session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base_url}{prefix}/cassa/annullato/{group.number}?{query}",
    )


def _items(group: OrderGroup) -> list[Item]:
    """A line per order line and one for each delivery; one per producer when there would be too many."""
    items: list[Item] = []
    for order in group.orders:
        for line in order.lines:
            said = [_text(line.snapshot.get(key), group.locale) for key in ("name", "format")]
            name, count = " · ".join(filter(None, said)) or line.sku, line.quantity
            if count * line.unit_price_minor == line.gross_minor:
                items.append(Item(name, line.unit_price_minor, count))
            else:
                items.append(Item(f"{count} × {name}", line.gross_minor, 1))
        if order.delivery_minor:
            items.append(Item(_delivery_name(order, group.locale), order.delivery_minor, 1))
    if len(items) > MOST_LINES:
        items = [Item(_text(order.producer.get("name"), group.locale), order.total_minor, 1) for order in group.orders]
    return items


def _delivery_name(order: Order, locale: str) -> str:
    return _("Consegna: %(producer)s", producer=_text(order.producer.get("name"), locale))


def _text(value: object, locale: str) -> str:
    return in_language(value, locale) if isinstance(value, Mapping) else str(value or "")
