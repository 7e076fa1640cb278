"""Pages on which staff put right what people got wrong about an order: contacts, address, tracking, arrival."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.office import deeds, queries, views
from app.commerce.orders import carriers, correcting
from app.commerce.orders import queries as orders
from app.commerce.orders.forms import ReachForm, ShipForm
from app.commerce.orders.models import Order, OrderGroup
from app.identity import addresses
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
GROUP = "/amministrazione/ordini/{number:str}"
PARCEL = GROUP + "/pacchi/{order:str}"
FIELDS = (*correcting.REACH, *correcting.PLACE)


@get(GROUP + "/contatti", access=access.staff, name="office.contact.show")
async def show_contact(visit: CurrentVisit, number: FromPath[str]) -> Page:
    group = await orders.with_orders(visit.db, await queries.group_id(visit.db, number))
    return await _contact(visit, group, ReachForm.blank(**{name: str(getattr(group, name)) for name in FIELDS}))


@post(GROUP + "/contatti", access=access.staff, name="office.contact.correct")
async def correct_contact(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    form = ReachForm.read(await request.form())
    group = await orders.with_orders(visit.db, await queries.group_id(visit.db, number))
    if form.data is None:
        return await _contact(visit, group, form)
    try:
        async with transaction(visit.db):
            is_new = await deeds.correct_contact(visit.db, visit.who, group.id, form.data)
    except Refused as no:  # what was undone is read anew
        group = await orders.with_orders(visit.db, await queries.group_id(visit.db, number))
        return await _contact(visit, group, form.refused(no.message, no.field))
    visit.tell(_("Corretto: la mail con i dati nuovi è in coda.") if is_new else _("Era già così: niente di nuovo."))
    return _back(number)


@get(PARCEL + "/spedizione", access=access.staff, name="office.tracking.show")
async def show_tracking(visit: CurrentVisit, number: FromPath[str], order: FromPath[str]) -> Page:
    return await _tracking(visit, number, await _parcel(visit, number, order), ShipForm.blank())


@post(PARCEL + "/spedizione", access=access.staff, name="office.tracking.correct")
async def correct_tracking(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]
) -> Page | Go:
    form = ShipForm.read(await request.form())
    parcel = await _parcel(visit, number, order)
    if form.data is None:
        return await _tracking(visit, number, parcel, form)
    right = (form.data.carrier, form.data.tracking_number)
    try:
        async with transaction(visit.db):
            await deeds.correct_tracking(visit.db, visit.who, parcel.group_id, order, *right)
    except Refused as no:
        parcel = await _parcel(visit, number, order)
        return await _tracking(visit, number, parcel, form.refused(no.message, no.field))
    except Conflict as no:
        visit.tell(no.message, "bad")
        return _back(number)
    visit.tell(_("Corretto: chi ha comprato riceve il numero giusto."))
    return _back(number)


@post(PARCEL + "/consegna", access=access.staff, name="office.delivery.create")
async def deliver(visit: CurrentVisit, number: FromPath[str], order: FromPath[str]) -> Go:
    group_id = await queries.group_id(visit.db, number)
    try:
        async with transaction(visit.db):
            await deeds.deliver(visit.db, visit.who, group_id, order)
    except Conflict as no:
        visit.tell(no.message, "bad")
    else:
        visit.tell(_("Ordine %(number)s consegnato.", number=order))
    return _back(number)


async def _contact(visit: Visit, group: OrderGroup, form: Filled[ReachForm]) -> Page:
    return Page(
        "staff/contact.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=views.frame(await queries.alarms(visit.db)),
        number=group.number,
        form=form,
        countries=addresses.countries(current_locale()),
        provinces=addresses.provinces(),
        has_left=correcting.has_left([group]),
        action=f"/amministrazione/ordini/{group.number}/contatti",
    )


async def _tracking(visit: Visit, number: str, parcel: Order, form: Filled[ShipForm]) -> Page:
    return Page(
        "staff/tracking.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=views.frame(await queries.alarms(visit.db)),
        number=number,
        order=parcel.number,
        form=form,
        carriers=[(code, str(carrier.name)) for code, carrier in carriers.CARRIERS.items()],
        carrier=parcel.carrier or "",
        tracking_number=parcel.tracking_number or "",
    )


async def _parcel(visit: Visit, number: str, order: str) -> Order:
    return await orders.of_group(visit.db, await queries.group_id(visit.db, number), order)


def _back(number: str) -> Go:
    return Go(f"/amministrazione/ordini/{number}")


ROUTES = [show_contact, correct_contact, show_tracking, correct_tracking, deliver]
