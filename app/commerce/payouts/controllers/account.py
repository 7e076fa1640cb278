"""A producer's account at Stripe: its owner opens it, fills it in at Stripe, and sees here what is still missing."""

from typing import Any

import structlog
from litestar import Request, get, post

from app.commerce.orders import queries as orders
from app.commerce.payouts import account_views, connecting, following, queries
from app.integrations import stripe_accounts
from app.integrations.stripe import PaymentRefused, PaymentUnreachable
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import owner_of_a_producer
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/incassi/conto"
log = structlog.get_logger()


@get(PATH, access=owner_of_a_producer, name="desk.account.show")
async def show_account(visit: CurrentVisit, request: AnyRequest) -> Page:
    """What Stripe says of the account now: the way back from its pages says nothing (payments.md 5.5)."""
    producer_id = visit.producer_id
    id_, row = await queries.stripe_account(visit.db, producer_id), await queries.account(visit.db, producer_id)
    trouble = ""
    if id_ is not None and not account_views.view(row, id_, 0).is_ready:
        await visit.close_db()  # nobody keeps a connection while he waits for Stripe
        try:
            await following.read_account(visit.database, visit.shop, request.app.state.stripe, id_)
        except PaymentUnreachable:
            trouble = _("Stripe adesso non risponde: qui sotto vedi l’ultima cosa che sappiamo. Riprova tra poco.")
    said = request.query_params
    return await _page(visit, trouble=trouble, expired="scaduto" in said, returned="ritorno" in said)


@post(PATH, access=owner_of_a_producer, limit="careful", name="desk.account.connect")
async def connect(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Lead the owner to Stripe's own pages. A link works once, so each press makes another."""
    person, producer_id, back = visit.who, visit.producer_id, visit.base_url + visit.href(PATH)
    gateway = request.app.state.stripe
    await visit.close_db()
    try:
        there = await connecting.begin(visit.database, visit.shop, gateway, person, producer_id, back=back)
    except PaymentUnreachable:
        away = _("Stripe adesso non risponde. Non si è perso niente: riprova tra poco.")
        return await _page(visit, trouble=away, status=503)
    except PaymentRefused as no:
        log.warning("payouts.account_refused", code=no.code, param=no.param)
        return await _page(visit, status=409, trouble=_(
            "Stripe non ha accettato la richiesta. Scrivi al negozio: intanto quello che vendi resta tuo e ti aspetta."
        ))  # fmt: skip
    return Go(there)


async def _page(
    visit: Visit, *, trouble: str = "", status: int = 200, expired: bool = False, returned: bool = False
) -> Page:
    """trouble: why it could not be done. expired: the link was; returned: he comes from Stripe's pages."""
    producer_id, db = visit.producer_id, visit.db
    waiting = await queries.waiting(db, producer_id, visit.shop.currency)
    row, id_ = await queries.account(db, producer_id), await queries.stripe_account(db, producer_id)
    counts = await orders.counts_at_desk(db, producer_id)
    visit.leads_to = stripe_accounts.origins(visit.settings)
    return Page(
        "payouts/account.html",
        status_code=status,
        private=True,
        desk=desk.of_producer(counts.get("pending", 0)),
        account=account_views.view(row, id_, waiting),
        trouble=trouble,
        expired=expired,
        returned=returned,
        currency=visit.shop.currency,
    )


ROUTES = [show_account, connect]
