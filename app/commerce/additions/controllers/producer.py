"""A producer decides until when his orders stay open."""

from typing import Any

from litestar import Request, get, post

from app.commerce.additions import cutoffs, words
from app.commerce.additions.forms import UNTIL_CONFIRMED, CutOffForm
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/aggiunte"


@get(PATH, access=at_a_producer, name="desk.cut_off.show")
async def show_cut_off(visit: CurrentVisit) -> Page:
    hours = await cutoffs.of_producer(visit.db, visit.producer_id)
    return _page(CutOffForm.blank(until=UNTIL_CONFIRMED if hours is None else str(hours)))


@post(PATH, access=at_a_producer, name="desk.cut_off.decide")
async def decide(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = CutOffForm.read(await request.form())
    if form.data is None:
        form.errors = {"until": _("Scegli fino a quando.")}
        return _page(form)
    person, producer_id = visit.who, visit.producer_id
    async with transaction(visit.db):
        await cutoffs.decide(visit.db, person, producer_id, form.data.hours)
    visit.tell(_("Fatto: vale per tutti gli ordini che non hai ancora confermato."))
    return Go(PATH)


def _page(form: Filled[CutOffForm]) -> Page:
    return Page(
        "additions/cut_off.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        form=form,
        choices=words.choices(),
    )


ROUTES = [show_cut_off, decide]
