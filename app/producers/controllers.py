"""A producer enters the days on which nothing leaves."""

from datetime import date
from typing import Any, Literal

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field

from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.producers import closures
from app.producers.closures import Closure
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/chiusure"


class ClosureForm(Form):
    """reason_*: what the public reads beside the days, in each language; Italian stands in for the others."""

    kind: Literal["holiday", "other"]
    first_day: date
    last_day: date
    reason_it: str = Field("", max_length=160)
    reason_en: str = Field("", max_length=160)
    reason_de: str = Field("", max_length=160)
    reason_fr: str = Field("", max_length=160)


@get(PATH, access=at_a_producer, name="desk.closures.list")
async def show_closures(visit: CurrentVisit) -> Page:
    return await _closures(visit, ClosureForm.blank(kind="holiday"))


@post(PATH, access=at_a_producer, name="desk.closure.create")
async def close(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = ClosureForm.read(await request.form())
    if form.data:
        reason = {code: text for code in visit.locales if (text := getattr(form.data, f"reason_{code}"))}
        closure = Closure(form.data.kind, form.data.first_day, form.data.last_day, reason)
        try:
            async with transaction(visit.db):
                await closures.close(visit.db, person, producer_id, closure, _today(visit))
        except Refused as no:
            form.refused(no.message, no.field)
        else:
            visit.tell(_("Fatto: le consegne tengono conto della chiusura."))
            return Go(PATH)
    return await _closures(visit, form)


@post(f"{PATH}/{{period_id:int}}/rimozione", access=at_a_producer, name="desk.closure.remove")
async def open_again(visit: CurrentVisit, period_id: FromPath[int]) -> Go:
    person, producer_id = visit.who, visit.producer_id
    async with transaction(visit.db):
        await closures.open_again(visit.db, person, producer_id, period_id, _today(visit))
    visit.tell(_("Chiusura tolta."))
    return Go(PATH)


async def _closures(visit: Visit, form: Filled[ClosureForm]) -> Page:
    return Page(
        "producers/closures.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        form=form,
        periods=await closures.of_producer(visit.db, visit.producer_id, _today(visit)),
        kinds=[("holiday", _("Ferie")), ("other", _("Altro"))],
    )


def _today(visit: Visit) -> date:
    return clock.today(visit.shop.time_zone)


ROUTES = [show_closures, close, open_again]
