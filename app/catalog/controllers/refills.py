"""A producer's kitchen: how many pieces of what, on which days, at what hour."""

from datetime import date, timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.catalog import refill_queries, refills
from app.catalog.refill_forms import DayForm, PlanForm
from app.catalog.refills import Wanted
from app.kernel import clock, formats
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/banco/rifornimenti"
MONDAY = date(2024, 1, 1)


@get(BASE, access=at_a_producer, name="desk.refills.list")
async def show_refills(visit: CurrentVisit) -> Page:
    return Page(
        "stock/refills.html",
        private=True,
        desk=desk.of_producer(),
        kept=await refill_queries.kept(visit.db, visit.producer_id),
        weekdays=_weekdays(),
        time_zone=visit.shop.time_zone,
    )


@get(BASE + "/{sku:str}", access=at_a_producer, name="desk.refill.show")
async def show_refill(visit: CurrentVisit, sku: FromPath[str]) -> Page:
    return await _page(visit, sku)


@post(BASE + "/{sku:str}", access=at_a_producer, name="desk.refill.save")
async def save_plan(visit: CurrentVisit, request: AnyRequest, sku: FromPath[str]) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = PlanForm.read(await request.form())
    if form.data is None:
        return await _page(visit, sku, form)
    wanted = Wanted(tuple(form.data.weekdays), form.data.pieces, form.data.hour, form.data.unsold)
    try:
        async with transaction(visit.db):
            await refills.save(visit.db, person, producer_id, sku, wanted, visit.shop.time_zone)
    except Refused as no:
        return await _page(visit, sku, form.refused(no.message, no.field))
    visit.tell(_("Salvato: il magazzino si rifornisce da solo."))
    return Go(f"{BASE}/{sku}")


@post(BASE + "/{sku:str}/giorni", access=at_a_producer, name="desk.refill.day")
async def save_day(visit: CurrentVisit, request: AnyRequest, sku: FromPath[str]) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = DayForm.read(await request.form())
    if form.data is None or (form.data.deed == "set" and form.data.day_pieces is None):
        if form.data is not None:
            form.refused(_("Scrivi quanti pezzi, 0 per nessuno."), "day_pieces")
        return await _page(visit, sku, day=form)
    pieces = form.data.day_pieces if form.data.deed == "set" else None
    try:
        async with transaction(visit.db):
            await refills.change_day(
                visit.db, person, producer_id, sku, form.data.day, pieces, visit.shop.time_zone
            )  # fmt: skip
    except Refused as no:
        return await _page(visit, sku, day=form.refused(no.message, no.field))
    visit.tell(_("Salvato."))
    return Go(f"{BASE}/{sku}")


@post(BASE + "/{sku:str}/ferma", access=at_a_producer, name="desk.refill.stop")
async def stop_plan(visit: CurrentVisit, sku: FromPath[str]) -> Go:
    person, producer_id = visit.who, visit.producer_id
    async with transaction(visit.db):
        gone = await refills.stop(visit.db, person, producer_id, sku)
    visit.tell(_("Fermo: quello che c’è resta in vendita, ma non si rifornisce più.") if gone else _("Era già fermo."))
    return Go(BASE)


async def _page(
    visit: Visit, sku: str, form: Filled[PlanForm] | None = None, day: Filled[DayForm] | None = None
) -> Page:
    """form, day: as they were sent, with their mistakes (422)."""
    line = await refill_queries.one(visit.db, visit.producer_id, sku)
    return Page(
        "stock/refill.html",
        status_code=422 if form or day else 200,
        private=True,
        desk=desk.of_producer(),
        line=line,
        story=await refill_queries.story(visit.db, line.item_id, clock.today(visit.shop.time_zone)),
        form=form or PlanForm.blank(**refill_queries.typed(line.plan)),
        day=day or DayForm.blank(),
        weekdays=_weekdays(),
        time_zone=visit.shop.time_zone,
    )


def _weekdays() -> list[tuple[int, str]]:
    """0 is Monday."""
    days = (MONDAY + timedelta(days=number) for number in range(7))
    return [(number, formats.date(day, current_locale(), style="EEEE")) for number, day in enumerate(days)]


ROUTES = [show_refills, show_refill, save_plan, save_day, stop_plan]
