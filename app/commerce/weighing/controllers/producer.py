"""The desk's page of weights: what each piece of an order weighs."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.weighing import forms, queries, views, weighing
from app.commerce.weighing.forms import Weights
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/ordini/{number:str}/pesata"


@get(PATH, access=at_a_producer, name="desk.weighing.show")
async def show_weighing(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _page(visit, number)


@post(PATH, access=at_a_producer, name="desk.weighing.create")
async def weigh(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = forms.read(await queries.at_desk(visit.db, producer_id, number), await request.form())
    if form.errors:
        return await _page(visit, number, form)
    try:
        async with transaction(visit.db):
            due = await weighing.weigh(visit.db, visit.shop, producer_id, number, person, form.grams)
    except (Conflict, Refused) as no:
        return await _page(visit, number, form, trouble=no.message)
    back = _("Pesi salvati: la differenza torna a chi ha comprato.")
    visit.tell(back if due else _("Pesi salvati: chi compra paga il peso vero."))
    return Go(f"/banco/ordini/{number}")


async def _page(visit: Visit, number: str, form: Weights | None = None, *, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was saved (409)."""
    order = await queries.at_desk(visit.db, visit.producer_id, number)
    capture_by = await queries.capture_by(visit.db, order.group_id)
    shown = form or forms.blank(order)
    return Page(
        "weighing/weigh.html",
        status_code=409 if trouble else 422 if shown.errors else 200,
        private=True,
        desk=desk.of_producer(),
        order=views.weighing_view(order, shown, capture_by),
        form=shown,
        trouble=trouble,
    )


ROUTES = [show_weighing, weigh]
