"""Stripe's webhook, our own payment page, and the pages between the payment page and the order."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.orders import queries as orders
from app.commerce.orders.views import group_view
from app.commerce.payments import declines, returning, sessions, ways, webhooks
from app.commerce.payments.attempts import AlreadyPaid, NotPayable
from app.commerce.payments.returning import Standing
from app.integrations import stripe_page
from app.integrations.stripe import StripeGateway, WebhookRefused
from app.kernel import clock
from app.kernel.errors import Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.forms import Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
LARGEST_EVENT = 512_000  # bytes; Stripe's are some kilobytes


class Retry(Form):
    """Whose order it is: the key of its private link."""

    chiave: str = ""


class Ready(Retry):
    """amount: minor units, what the page says that will be paid."""

    amount: int = 0


@post(
    "/webhooks/stripe",
    access=anyone,
    from_outside=True,
    bare=True,
    status_code=200,
    request_max_body_size=LARGEST_EVENT,
    name="payments.webhook.receive",
)
async def receive_event(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    """Keep it and say so; the work is a job's. What Stripe did not sign is refused."""
    gateway: StripeGateway = request.app.state.stripe
    try:
        event = gateway.read_webhook(await request.body(), request.headers.get("stripe-signature", ""))
    except WebhookRefused:
        return Response(b"refused\n", status_code=400, media_type="text/plain")
    new = await webhooks.receive(visit.database, visit.shop, event)
    return Response(b"kept\n" if new else b"known\n", media_type="text/plain")


@get("/cassa/esito/{number:str}", access=anyone, name="payments.outcome.show")
async def show_outcome(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Where Stripe sends a buyer who has paid. The webhook may have been here before, or come later."""
    order = await _standing(visit, request, number)
    if order.state == "unpaid" and order.on_page:
        return Go(_page_of(order.number, order.key))
    return _elsewhere(order) or Go(f"/cassa/annullato/{order.number}?chiave={order.key}")


@get("/cassa/annullato/{number:str}", access=anyone, name="payments.cancelled.show")
async def show_not_paid(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Where Stripe sends a buyer who went away. Perhaps he paid in another tab, or pressed Back afterwards."""
    order = await _standing(visit, request, number)
    return _elsewhere(order) or Page("payments/not_paid.html", private=True, order=order, trouble=None)


@post("/cassa/riprova/{number:str}", access=anyone, limit="payment", name="payments.retry.create")
async def retry(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Back to the payment page of the same order: the same goods stay held, and it is paid once."""
    gateway: StripeGateway = request.app.state.stripe
    key = Retry.read(await request.form()).values["chiave"]
    group = await returning.group_of(visit.db, visit.settings, number, str(key), visit.cart_id)
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe, and then for another
    try:
        url = await sessions.open_session(visit.database, visit.shop, gateway, group.id, base_url=visit.base_url)
    except (AlreadyPaid, NotPayable):
        return Go(f"/cassa/esito/{number}?chiave={key}")
    except (Refused, Unavailable) as no:
        return await _trouble(visit, request, group.id, no.message)
    return Go(url)


@get("/ordini/{number:str}/paga", access=anyone, name="payments.page.show")
async def show_page(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Our own payment page, for shops that have one. Whoever pays on Stripe's is sent there."""
    gateway: StripeGateway = request.app.state.stripe
    key = request.query_params.get("chiave", "")
    group = await returning.group_of(visit.db, visit.settings, number, key, visit.cart_id)
    try:
        opened = await sessions.open_page(visit.database, visit.shop, gateway, group.id, base_url=visit.base_url)
    except (AlreadyPaid, NotPayable):
        return await _ended(visit, request, group.id)
    except (Refused, Unavailable) as no:
        return await _trouble(visit, request, group.id, no.message)
    if opened.intent is None:
        return Go(opened.url)
    whole = await orders.with_orders(visit.db, group.id)
    visit.guest = stripe_page.guest(visit.settings.stripe)
    return Page(
        "payments/page.html", private=True, headers={"X-Robots-Tag": "noindex"},
        order=group_view(visit.shop, whole, [], clock.now()), key=key or opened.link_key, intent=opened.intent,
        until=opened.until, why=declines.reason(opened.intent.failure), sentences=declines.SENTENCES,
        script=stripe_page.script(visit.settings.stripe), publishable_key=visit.settings.stripe.publishable_key,
        wallets=ways.of(visit.shop).wallets,
    )  # fmt: skip


@post("/ordini/{number:str}/paga", access=anyone, limit="payment", name="payments.page.check")
async def check_page(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go | Response[bytes]:
    """Just before the buyer's browser pays: may it, and is it still that amount? 204, or where to go instead."""
    form = Ready.read(await request.form())
    key = form.value("chiave")
    group = await returning.group_of(visit.db, visit.settings, number, key, visit.cart_id)
    gateway: StripeGateway = request.app.state.stripe
    try:
        opened = await sessions.open_page(visit.database, visit.shop, gateway, group.id, base_url=visit.base_url)
    except (AlreadyPaid, NotPayable):
        return Go(f"/cassa/esito/{number}?chiave={key}")
    except (Refused, Unavailable) as no:
        return await _trouble(visit, request, group.id, no.message)
    if opened.intent is None:
        return Go(opened.url)
    is_as_seen = form.data is not None and form.data.amount == opened.intent.amount_minor
    if not is_as_seen:
        visit.tell(_("L’importo è cambiato: controlla quello nuovo e paga da qui. Non ti abbiamo addebitato nulla."))
    if is_as_seen and visit.is_htmx:
        return Response(b"", status_code=204, headers={"Cache-Control": "no-store"})
    return Go(opened.url)


@post("/ordini/{number:str}/paga/stripe", access=anyone, limit="payment", name="payments.checkout.create")
async def leave_page(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """From our page to Stripe's, e.g. with JavaScript off: the same order, and only one of the two can be paid."""
    gateway: StripeGateway = request.app.state.stripe
    key = Retry.read(await request.form()).value("chiave")
    group = await returning.group_of(visit.db, visit.settings, number, key, visit.cart_id)
    database, shop = visit.database, visit.shop
    try:
        return Go(await sessions.move_to_checkout(database, shop, gateway, group.id, base_url=visit.base_url))
    except (AlreadyPaid, NotPayable):
        return Go(f"/cassa/esito/{number}?chiave={key}")
    except (Refused, Unavailable) as no:
        return await _trouble(visit, request, group.id, no.message)


async def _standing(visit: CurrentVisit, request: AnyRequest, number: str) -> Standing:
    key = request.query_params.get("chiave", "")
    group = await returning.group_of(visit.db, visit.settings, number, key, visit.cart_id)
    await visit.close_db()
    return await returning.standing(visit.database, visit.shop, request.app.state.stripe, group.id)


async def _ended(visit: Visit, request: AnyRequest, group_id: int) -> Page | Go:
    """There is nothing to pay (any more): the order, or the page that says why."""
    order = await returning.standing(visit.database, visit.shop, request.app.state.stripe, group_id)
    return _elsewhere(order) or Page("payments/not_paid.html", private=True, order=order, trouble=None)


async def _trouble(visit: Visit, request: AnyRequest, group_id: int, sentence: str) -> Page:
    order = await returning.standing(visit.database, visit.shop, request.app.state.stripe, group_id)
    return Page("payments/not_paid.html", status_code=503, private=True, order=order, trouble=sentence)


def _page_of(number: str, key: str) -> str:
    return f"/ordini/{number}/paga?chiave={key}"


def _elsewhere(order: Standing) -> Page | Go | None:
    """The order's page once it is paid, the waiting page while we cannot know; None for what is not paid."""
    if order.state == "paid":
        return Go(f"/ordini/{order.number}?chiave={order.key}")
    if order.state in {"waiting", "processing"}:
        return Page("payments/waiting.html", fragment="payments/_waiting.html", private=True, order=order)
    return None


ROUTES = [receive_event, show_outcome, show_not_paid, retry, show_page, check_page, leave_page]
