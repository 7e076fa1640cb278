"""Delivery zones at the staff's: where, how, on which days, and what it costs by weight and by what is spent."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.delivery import forms, queries, words, zones
from app.delivery.forms import ZoneForm, zone_form
from app.delivery.models import Zone
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import NATIVE_NAMES, current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/amministrazione/consegna"
WORKING_DAYS = ["0", "1", "2", "3", "4"]


@get(BASE, access=access.staff, name="staff.zones.list")
async def show_zones(visit: CurrentVisit) -> Page:
    return await _list(visit)


async def _list(visit: Visit, refused: str = "") -> Page:
    rows = await queries.all_zones(visit.db)
    return Page(
        "delivery/desk_zones.html",
        status_code=422 if refused else 200,
        private=True,
        refused=refused,
        desk=await desk.of_staff(visit.db),
        zones=[row for row in rows if row.zone.retired_at is None],
        retired=[row for row in rows if row.zone.retired_at is not None],
        bands=words.bands,
        currency=visit.shop.currency,
    )


@get(f"{BASE}/nuova", access=access.staff, name="staff.zone.new")
async def show_new(visit: CurrentVisit) -> Page:
    blank = zone_form(visit.locales).blank(
        is_served="1", alcohol_ok="1", departures=WORKING_DAYS, lead_days_min="1", lead_days_max="2", beyond="no"
    )
    return await _form(visit, blank, None)


@post(BASE, access=access.staff, name="staff.zone.open")
async def open_zone(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = zone_form(visit.locales).read(await request.form())
    draft = forms.draft(form, visit.locales, visit.shop.country, visit.shop.currency)
    if draft is None:
        return await _form(visit, form, None)
    try:
        async with transaction(visit.db):
            await zones.open_zone(visit.db, visit.who, draft)
    except Refused as no:
        return await _form(visit, form.refused(no.message, no.field), None)
    visit.tell(_("La zona c’è: i prezzi valgono da adesso."))
    return Go(BASE)


@get(BASE + "/{zone_id:int}", access=access.staff, name="staff.zone.edit")
async def show_edit(visit: CurrentVisit, zone_id: FromPath[int]) -> Page | Go:
    zone = await zones.find(visit.db, zone_id)
    if zone.retired_at is not None:
        return Go(BASE)
    values = forms.typed(zone, visit.locales, visit.shop.currency)
    return await _form(visit, zone_form(visit.locales).blank(**values), zone)


@post(BASE + "/{zone_id:int}", access=access.staff, name="staff.zone.change")
async def change(visit: CurrentVisit, request: AnyRequest, zone_id: FromPath[int]) -> Page | Go:
    zone = await zones.find(visit.db, zone_id)
    form = zone_form(visit.locales).read(await request.form())
    draft = forms.draft(form, visit.locales, visit.shop.country, visit.shop.currency)
    if draft is None:
        return await _form(visit, form, zone)
    try:
        async with transaction(visit.db):
            await zones.change(visit.db, visit.who, zone_id, draft)
    except Refused as no:
        return await _form(visit, form.refused(no.message, no.field), await zones.find(visit.db, zone_id))
    visit.tell(_("Fatto: vale da adesso. Gli ordini già fatti tengono il loro prezzo."))
    return Go(BASE)


@post(BASE + "/{zone_id:int}/ritiro", access=access.staff, name="staff.zone.retire")
async def retire(visit: CurrentVisit, zone_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        gone = await zones.retire(visit.db, visit.who, zone_id)
    visit.tell(_("Zona ritirata: dove non arriva un’altra, non consegniamo più.") if gone else _("Era già ritirata."))
    return Go(BASE)


@post(BASE + "/{zone_id:int}/ripresa", access=access.staff, name="staff.zone.take_up")
async def take_up(visit: CurrentVisit, zone_id: FromPath[int]) -> Page | Go:
    try:
        async with transaction(visit.db):
            await zones.take_up(visit.db, visit.who, zone_id)
    except Refused as no:
        return await _list(visit, no.message)
    visit.tell(_("La zona vale di nuovo."))
    return Go(BASE)


async def _form(visit: Visit, form: Filled[ZoneForm], zone: Zone | None) -> Page:
    """zone: what is changed; None for a new one."""
    return Page(
        "delivery/desk_zone.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        form=form,
        zone_id=zone.id if zone else None,
        name=in_language(zone.name, current_locale()) if zone else _("Nuova zona"),
        bands=range(1, forms.BANDS + 1),
        days=words.weekdays(),
        languages=[(code, NATIVE_NAMES[code]) for code in visit.locales],
    )


ROUTES = [show_zones, show_new, open_zone, show_edit, change, retire, take_up]
