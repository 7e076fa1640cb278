"""What is not invoiced yet, and what nears its day: for staff, who can correct to whom an invoice is made out."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from app.commerce.documents import addressee, parties, views, waiting
from app.commerce.documents.controllers.answers import AnyRequest
from app.commerce.documents.forms import BuyerForm
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

PATH = "/amministrazione/documenti/in-attesa"


@get(PATH, access=staff, name="office.documents.waiting")
async def show_waiting(visit: CurrentVisit) -> Page:
    db, page = visit.db, visit.page
    orders = await waiting.orders(db, page=page)
    troubles = await waiting.troubles(db)
    producers = await waiting.producers(db, [order.producer_id for order in orders])
    reasons = {trouble.reference: trouble.reason for trouble in troubles}
    late = await waiting.unanswered(db, clock.today(visit.shop.time_zone))
    return await _page(
        visit,
        "documents/waiting.html",
        waiting=views.waiting(orders[: waiting.PAGE], producers, reasons),
        page=page,
        has_more=len(orders) > waiting.PAGE,
        unfinished=views.unfinished(visit.shop, troubles),
        late=[(views.row(document), views.due(document)) for document in late],
    )


@get(PATH + "/{number:str}", access=staff, name="office.addressee.show")
async def show_addressee(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _addressee(visit, number)


@post(PATH + "/{number:str}", access=staff, name="office.addressee.save")
async def save_addressee(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    form = BuyerForm.read(await request.form())
    if form.data is None:
        return await _addressee(visit, number, form)
    typed = {name: str(getattr(form.data, name)) for name in BuyerForm.model_fields}
    try:
        async with transaction(visit.db):
            await addressee.correct(visit.db, visit.who, number, typed)
    except Conflict as no:
        visit.tell(no.message, "bad")
        return Go(PATH)
    visit.tell(_("Dati della fattura corretti."))
    return Go(PATH)


async def _addressee(visit: Visit, number: str, form: Filled[BuyerForm] | None = None) -> Page:
    """form: as sent, with its mistakes."""
    order = await waiting.one_order(visit.db, number)
    if order is None:
        raise NotFound
    buyer = parties.buyer(order.group)
    known = {name: str(getattr(buyer, name)) for name in BuyerForm.model_fields}
    known["code"] = str(order.group.invoice.get("sdi") or "")
    known["vat_number"] = str(order.group.invoice.get("partita_iva") or "")
    return await _page(
        visit,
        "documents/addressee.html",
        status_code=422 if form else 200,
        number=number,
        buyer=form or BuyerForm.blank(**known),
    )


async def _page(visit: Visit, template: str, *, status_code: int = 200, **context: Any) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, **context)


ROUTES = [show_waiting, show_addressee, save_addressee]
