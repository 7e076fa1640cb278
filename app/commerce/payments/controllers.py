"""Stripe's webhook, and the pages between the payment page and the order."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.payments import returning, sessions, webhooks
from app.commerce.payments.returning import Standing
from app.commerce.payments.sessions import AlreadyPaid, NotPayable
from app.integrations.stripe import StripeGateway, WebhookRefused
from app.kernel.errors import Unavailable
from app.web.access import anyone
from app.web.forms import Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
LARGEST_EVENT = 512_000  # bytes; Stripe's are some kilobytes


class Retry(Form):
    """Whose order it is: the key of its private link."""

    chiave: str = ""


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
    try:
        url = await sessions.open_session(visit.database, visit.shop, gateway, group.id, base_url=visit.base_url)
    except (AlreadyPaid, NotPayable):
        return Go(f"/cassa/esito/{number}?chiave={key}")
    except Unavailable as away:
        order = await returning.standing(visit.database, visit.shop, gateway, group.id)
        return Page("payments/not_paid.html", status_code=503, private=True, order=order, trouble=away.message)
    return Go(url)


async def _standing(visit: CurrentVisit, request: AnyRequest, number: str) -> Standing:
    key = request.query_params.get("chiave", "")
    group = await returning.group_of(visit.db, visit.settings, number, key, visit.cart_id)
    return await returning.standing(visit.database, visit.shop, request.app.state.stripe, group.id)


def _elsewhere(order: Standing) -> Page | Go | None:
    """The order's page once it is paid, the waiting page while we cannot know; None for what is not paid."""
    if order.state == "paid":
        return Go(f"/ordini/{order.number}?chiave={order.key}")
    if order.state in {"waiting", "processing"}:
        return Page("payments/waiting.html", fragment="payments/_waiting.html", private=True, order=order)
    return None


ROUTES = [receive_event, show_outcome, show_not_paid, retry]
