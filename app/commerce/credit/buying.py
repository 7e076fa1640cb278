"""Buying stored value: a gift card, or a top-up of one's own wallet. One Stripe Session pays one purchase.

As with orders, the purchase is there before Stripe is called, no call stands inside a transaction, and the webhook, the
buyer's return and the sweeper all settle it, any number of times. What is bought is not goods: a voucher that can be
spent on goods of several VAT rates carries no VAT when it is sold, only when it is used (a multi-purpose voucher: Dir.
2006/112/EC art. 30b(2), art. 6-quater D.P.R. 633/1972; from general knowledge, an accountant confirms it).
"""

import base64
import hashlib
import hmac
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, cards, terms
from app.commerce.credit.book import Why
from app.commerce.credit.models import CreditPurchase
from app.commerce.payments import ledger, ways
from app.commerce.payments.outcomes import Outcome
from app.commerce.payments.settling import settle
from app.integrations.stripe import Item, NewSession, PaymentRefused, PaymentUnreachable, Session, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, NotFound, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.shops.series import next_number

log = structlog.get_logger()
SESSION = timedelta(minutes=31)  # as for orders: Stripe's least is 30
SHORTEST = timedelta(minutes=30, seconds=15)
GRACE = timedelta(minutes=2)
MORNING = time(8)  # when gifts arrive, in the shop's time zone
MOST = 100


async def begin(db: AsyncSession, shop: ShopFacts, purchase: CreditPurchase) -> CreditPurchase:
    """Keep a purchase that is to be paid; the form's key makes one of it. Within a transaction.

    The caller fills in key, kind, amount_minor, locale, who buys, and for whom.
    """
    known = await db.scalar(select(CreditPurchase).where(CreditPurchase.key == purchase.key))
    if known is not None:
        return known
    now = clock.now()
    year = clock.today(shop.time_zone).year
    purchase.number = f"BR-{year}-{await next_number(db, f'credit-{year}'):06d}"
    purchase.access_nonce, purchase.currency, purchase.state = ids.token(), shop.currency, "new"
    rules = terms.of(shop)
    purchase.months = rules.card_months if purchase.kind == "gift" else rules.credit_months
    purchase.idempotency_key = f"credit:{purchase.number}:{ids.token()[:12]}"
    purchase.created_at, purchase.expires_at = now, now + SESSION
    db.add(purchase)
    await db.flush()
    return purchase


def token(secret_key: str, purchase: CreditPurchase) -> str:
    """The private link's key, as for orders (orders/links.py)."""
    said = f"credit-link:{purchase.shop_id}:{purchase.number}:{purchase.access_nonce}"
    sealed = hmac.new(secret_key.encode(), said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


async def by_link(db: AsyncSession, settings: Settings, number: str, key: str) -> CreditPurchase:
    """A purchase, for somebody who has its key. Raises NotFound alike for a wrong number or key."""
    found = select(CreditPurchase).where(CreditPurchase.number == number)
    purchase = await db.scalar(found.execution_options(populate_existing=True))
    if purchase is None or not hmac.compare_digest(token(settings.secret_key, purchase).encode(), key.encode()):
        raise NotFound
    return purchase


async def open_session(
    database: Database, shop: ShopFacts, gateway: StripeGateway, purchase_id: int, *, base_url: str
) -> str:
    """The address of the payment page: the one that is open, or a new one. No transaction may be open.

    Raises Conflict when there is nothing to pay (any more), Refused (too small to be paid by card), PaymentUnreachable
    (try again), Unavailable.
    """
    async with database.session(shop.id) as db, transaction(db):
        purchase = await _locked(db, purchase_id)
        if purchase.state == "open" and purchase.expires_at > clock.now() and purchase.session_url:
            return purchase.session_url
        if purchase.state != "new":
            raise Conflict(_("Questo acquisto non si può più pagare: fanne uno nuovo."))
        if purchase.expires_at - clock.now() < SHORTEST:
            purchase.expires_at = clock.now() + SESSION
            purchase.idempotency_key = f"credit:{purchase.number}:{ids.token()[:12]}"
        new, key = _asked(shop, gateway.settings.secret_key, purchase, base_url), purchase.idempotency_key
    try:
        session = await gateway.create_session(new, key=key)
    except PaymentUnreachable as away:
        if away.kept:  # Stripe would repeat this failure under the same key all day
            await _write(database, shop, purchase_id, idempotency_key=f"credit:{new.number}:{ids.token()[:12]}")
        raise
    except PaymentRefused as no:
        log.warning("credit.session_refused", purchase=purchase_id, code=no.code)
        if no.code == "amount_too_small":
            raise Refused(_("L’importo è troppo basso per un pagamento con carta: scegline uno più alto.")) from no
        raise Unavailable(_("Non riusciamo ad aprire la pagina di pagamento. Non ti abbiamo addebitato nulla.")) from no
    await _write(database, shop, purchase_id, state="open", session_id=session.id, session_url=session.url)
    return session.url or ""


async def settle_session(db: AsyncSession, shop: ShopFacts, session: Session) -> Outcome | None:
    """What follows from a Session of ours (payments/settling.py asks); None if it is not. Within a transaction.

    Money that came is value, however late it is: there is nothing here that could be sold out.
    """
    found = select(CreditPurchase).where(CreditPurchase.session_id == session.id).with_for_update(key_share=True)
    purchase = await db.scalar(found.execution_options(populate_existing=True))
    if purchase is None:
        return None
    if purchase.state == "paid":
        return Outcome.PAID
    if session.is_paid:
        if session.currency != purchase.currency:
            log.error("credit.wrong_currency", purchase=purchase.id)
            return Outcome.UNKNOWN
        purchase.amount_minor = session.amount_minor
        await _fulfil(db, shop, purchase, session)
        return Outcome.PAID
    if session.is_over:
        purchase.state, purchase.session_url = "expired", None
        return Outcome.OVER
    return Outcome.PROCESSING if session.is_processing else Outcome.OPEN


async def standing(database: Database, shop: ShopFacts, gateway: StripeGateway, purchase: CreditPurchase) -> str:
    """Ask Stripe about a purchase that is open, settle it, and say how it stands: paid | open | expired | waiting."""
    if purchase.state != "open" or not purchase.session_id:
        return "open" if purchase.state == "new" else purchase.state
    try:
        outcome = await settle(database, shop, gateway, purchase.session_id)
    except PaymentUnreachable:
        return "waiting"
    known = {Outcome.PAID: "paid", Outcome.OVER: "expired", Outcome.PROCESSING: "waiting"}
    return known.get(outcome, "open")


async def sweep(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """Payment pages that ended unheard: Stripe is asked, never the clock alone. Those that never opened just end."""
    overdue = CreditPurchase.expires_at < clock.now() - GRACE
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(CreditPurchase)
            .where(CreditPurchase.state == "new", overdue)
            .values(state="expired")
            .execution_options(synchronize_session=False)
        )
        found = select(CreditPurchase.session_id).where(CreditPurchase.state == "open", overdue)
        sessions = list(await db.scalars(found.order_by(CreditPurchase.id).limit(MOST)))
    for session_id in filter(None, sessions):
        try:
            await gateway.expire_session(session_id)
        except PaymentRefused:
            log.info("credit.session_ended")  # then settling says how
        await settle(database, shop, gateway, session_id)


def moment_of(day: date | None, time_zone: str) -> datetime:
    """When a gift for a day of the shop's calendar goes out: that morning there; today and none mean at once."""
    if day is None or day <= clock.today(time_zone):
        return clock.now()
    return datetime.combine(day, MORNING, ZoneInfo(time_zone))


async def _fulfil(db: AsyncSession, shop: ShopFacts, purchase: CreditPurchase, session: Session) -> None:
    """The value is there, and owed; the mails are jobs'."""
    now = clock.now()
    purchase.state, purchase.paid_at, purchase.charge_id, purchase.session_url = "paid", now, session.charge_id, None
    if purchase.kind == "topup":
        account = await book.wallet(db, purchase.currency, user_id=purchase.user_id, email=purchase.email)
        end = terms.lasting(purchase.months, shop.time_zone)
    else:
        account = await cards.open_card(db, purchase.currency)
        end = terms.ending(purchase.months or terms.of(shop).card_months, shop.time_zone)
        add_job(db, "credit.send_gift", run_at=moment_of(purchase.send_on, shop.time_zone), purchase_id=purchase.id)
    purchase.account_id = account.id
    await book.put_in(db, account, purchase.amount_minor, Why("bought", purchase.number), expires_at=end)
    lines = [
        ledger.Line(ledger.STRIPE_BALANCE, purchase.amount_minor, purchase.currency),
        ledger.Line(ledger.CREDIT_OWED, -purchase.amount_minor, purchase.currency),
    ]
    await ledger.post(db, "credit_sale", purchase.number, lines, None)
    add_job(db, "credit.confirm_purchase", purchase_id=purchase.id)


def _asked(shop: ShopFacts, secret_key: str, purchase: CreditPurchase, base_url: str) -> NewSession:
    prefix = "" if purchase.locale == shop.locales[0] else f"/{purchase.locale}"
    back = f"{base_url}{prefix}/buono/acquisti/{purchase.number}?{urlencode({'chiave': token(secret_key, purchase)})}"
    with speaking(purchase.locale):
        name = _("Buono regalo") if purchase.kind == "gift" else _("Ricarica del credito")
    return NewSession(
        shop=shop.slug,
        number=purchase.number,
        currency=purchase.currency,
        locale=purchase.locale,
        email=purchase.email,
        items=[Item(f"{name} {shop.name}", purchase.amount_minor, 1)],
        expires_at=purchase.expires_at,
        success_url=back,
        cancel_url=back,
        without=ways.of(shop).without,
        shows_link=ways.of(shop).link,
    )


async def _locked(db: AsyncSession, purchase_id: int) -> CreditPurchase:
    purchase = await db.get(CreditPurchase, purchase_id, with_for_update={"key_share": True}, populate_existing=True)
    if purchase is None:
        raise NotFound
    return purchase


async def _write(database: Database, shop: ShopFacts, purchase_id: int, **values: object) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(CreditPurchase)
            .where(CreditPurchase.id == purchase_id, CreditPurchase.state.in_(("new", "expired")))  # the page is open
            .values(**values)
            .execution_options(synchronize_session=False)
        )
