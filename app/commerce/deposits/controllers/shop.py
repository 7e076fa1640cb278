"""The button «Paga il saldo»: from the page of an order to where the rest of it is paid."""

from typing import Any

from litestar import Request, post
from litestar.params import FromPath

from app.commerce.orders import queries as orders
from app.commerce.payments import sessions
from app.commerce.payments.attempts import AlreadyPaid, NotPayable
from app.integrations.stripe import StripeGateway
from app.kernel.errors import Refused, Unavailable
from app.web.access import anyone
from app.web.pages import Go
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]


@post("/ordini/{number:str}/saldo", access=anyone, limit="payment", name="deposits.balance.pay")
async def pay_balance(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Go:
    """By the order's private link, or as its signed-in owner. The payment page that is open already opens again."""
    gateway: StripeGateway = request.app.state.stripe
    key = request.query_params.get("chiave", "")
    group = await orders.group_for(visit.db, visit.settings, number, key, visit.person)
    back = f"/ordini/{number}" + (f"?chiave={key}" if key else "")
    if group.state != "deposited" or group.balance_asked_at is None:  # its own page says how it stands
        return Go(back)
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe
    try:
        return Go(await sessions.open_session(visit.database, visit.shop, gateway, group.id, base_url=visit.base_url))
    except (AlreadyPaid, NotPayable, Refused, Unavailable) as no:
        visit.tell(no.message, "bad")
        return Go(back)


ROUTES = [pay_balance]
