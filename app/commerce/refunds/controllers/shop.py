"""A buyer calls off an order that he has paid: a page to think it over, and the button."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.orders import queries as orders
from app.commerce.orders import states
from app.commerce.orders import views as order_views
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import queries as payments
from app.commerce.refunds import cancelling
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
CANCEL = "/ordini/{number:str}/annullamento/{order:str}"
UNLISTED = {"X-Robots-Tag": "noindex"}


@get(CANCEL, access=anyone, name="refunds.cancellation.show")
async def show_cancellation(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]
) -> Page:
    """By the order's private link, or as its signed-in owner."""
    return await _page(visit, request, number, order)


@post(CANCEL, access=anyone, limit="careful", name="refunds.cancellation.create")
async def cancel(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page | Go:
    group, key = await _group(visit, request, number)
    try:
        async with transaction(visit.db):
            refund = await cancelling.by_buyer(visit.db, visit.shop, group.id, order, visit.person)
    except Conflict as no:
        return await _page(visit, request, number, order, trouble=no.message)
    given_back = _("Ordine annullato: ti restituiamo quello che hai pagato.")
    nothing = _("Ordine annullato: non ti addebitiamo nulla per questi prodotti.")
    visit.tell(given_back if refund or group.deposit_minor else nothing)
    return Go(_link(number, key))


async def _page(visit: Visit, request: AnyRequest, number: str, order: str, *, trouble: str = "") -> Page:
    group, key = await _group(visit, request, number)
    whole = await orders.with_orders(visit.db, group.id)
    is_taken_on = whole.paid_at is not None or whole.authorized_at is not None
    found = next((each for each in whole.orders if each.number == order and is_taken_on), None)
    if found is None:
        raise NotFound
    is_contested = await payments.is_disputed(visit.db, group.id)
    return Page(
        "refunds/cancel.html",
        status_code=409 if trouble else 200,
        private=True,
        headers=UNLISTED,
        parcel=order_views.parcel_view(visit.shop, whole, found, []),
        currency=whole.currency,
        is_charged=whole.paid_at is not None,
        number=number,
        due_minor=found.total_minor - found.refunded_minor,
        is_possible=cancelling.can_buyer(visit.shop, whole, found),
        is_contested=is_contested,
        has_others=any(each is not found and each.state in states.OPEN for each in whole.orders),
        link=_link(number, key),
        here=CANCEL.replace("{number:str}", number).replace("{order:str}", order) + (f"?chiave={key}" if key else ""),
        trouble=trouble if not is_contested else "",  # the page says it to whom it concerns
    )


async def _group(visit: Visit, request: AnyRequest, number: str) -> tuple[OrderGroup, str]:
    """The group and the key of its link. Raises NotFound for anybody else's."""
    key = request.query_params.get("chiave", "")
    return await orders.group_for(visit.db, visit.settings, number, key, visit.person), key


def _link(number: str, key: str) -> str:
    return f"/ordini/{number}" + (f"?chiave={key}" if key else "")


ROUTES = [show_cancellation, cancel]
