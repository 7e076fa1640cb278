"""Staff call off an order that waits for its balance: a page to think it over, and the button."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.deposits import calling_off, queries
from app.commerce.orders import deposit_views
from app.commerce.orders import queries as orders
from app.commerce.refunds.forms import CancelForm
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Forbidden
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/amministrazione/ordini/{number:str}/acconto"


@get(HERE, access=staff, name="office.deposit.show")
async def show_cancellation(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _page(visit, number, CancelForm.blank())


@post(HERE, access=staff, name="office.deposit.cancel")
async def cancel(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    form, person = CancelForm.read(await request.form()), visit.person
    if form.data is None:
        return await _page(visit, number, form)
    if person is None:
        raise Forbidden
    group_id = await queries.group_id(visit.db, number)
    try:
        async with transaction(visit.db):
            await calling_off.by_staff(visit.db, group_id, person, form.data.note)
    except Conflict as no:
        return await _page(visit, number, form, trouble=no.message)
    visit.tell(_("Ordine annullato: l’acconto torna a chi ha comprato, e gli abbiamo scritto."))
    return Go(f"/amministrazione/ordini/{number}")


async def _page(visit: Visit, number: str, form: Filled[CancelForm], *, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    group = await orders.with_orders(visit.db, await queries.group_id(visit.db, number))
    return Page(
        "deposits/cancel.html",
        status_code=409 if trouble else 422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        number=number,
        buyer=group.name,
        deposit=deposit_views.deposit_view(group, next(iter(group.orders), None)),
        form=form,
        trouble=trouble,
    )


ROUTES = [show_cancellation, cancel]
