"""Staff keeps the rates of VAT, and sees what is sold to consumers in other EU states."""

from litestar import get, post
from litestar.params import FromPath

from app.commerce.documents import abroad, price_mode, rates_page
from app.commerce.documents.controllers.answers import AnyRequest
from app.commerce.documents.forms import PricesForm, RateForm
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.producers.vat import editing, modes, rates
from app.producers.vat.classes import CLASSES, EU
from app.web import desk
from app.web.access import admin, staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

PATH = "/amministrazione/iva"


@get(PATH, access=staff, name="office.rates.list")
async def show_rates(visit: CurrentVisit) -> Page:
    return await _page(visit, RateForm.blank(country=visit.shop.country))


@post(PATH, access=staff, name="office.rates.add")
async def add_rate(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = RateForm.read(await request.form())
    if form.data is None:
        return await _page(visit, form)
    try:
        async with transaction(visit.db):
            today = clock.today(visit.shop.time_zone)
            await editing.add(visit.db, visit.who, **form.data.model_dump(), today=today)
    except Refused as no:
        return await _page(visit, form.refused(no.message, no.field))
    visit.tell(_("Aggiunta. Gli ordini già fatti tengono la loro aliquota."))
    return Go(PATH)


@post(PATH + "/{rate_id:int}/via", access=staff, name="office.rates.take_back")
async def take_rate_back(visit: CurrentVisit, rate_id: FromPath[int]) -> Page | Go:
    try:
        async with transaction(visit.db):
            await editing.take_back(visit.db, visit.who, rate_id, clock.today(visit.shop.time_zone))
    except Refused as no:
        return await _page(visit, RateForm.blank(country=visit.shop.country).refused(no.message))
    visit.tell(_("Tolta: non era ancora cominciata."))
    return Go(PATH)


@post(PATH + "/prezzi", access=admin, name="office.prices.choose")
async def choose_prices(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Baskets and checkouts follow at once; what is ordered keeps the prices that it was ordered at."""
    prices = PricesForm.read(await request.form())
    blank = RateForm.blank(country=visit.shop.country)
    if prices.data is None:
        return await _page(visit, blank, prices)
    try:
        async with transaction(visit.db):
            await price_mode.choose(visit.db, visit.shop, prices.data.prices, visit.who, agreed=prices.data.agreed)
    except Refused as no:
        return await _page(visit, blank, prices.refused(no.message, no.field))
    request.app.state.directory.forget()  # other processes hear of it within half a minute
    visit.tell(_("Fatto: da adesso i prezzi si leggono così. Gli ordini già fatti restano com’erano."))
    return Go(PATH)


async def _page(visit: Visit, form: Filled[RateForm], prices: Filled[PricesForm] | None = None) -> Page:
    db, shop, today = visit.db, visit.shop, clock.today(visit.shop.time_zone)
    found = await rates.everything(db)
    return Page(
        "documents/rates.html",
        status_code=422 if form.errors or (prices and prices.errors) else 200,
        private=True,
        desk=await desk.of_staff(db),
        rows=rates_page.rows(shop.country, found, today),
        holes=await rates_page.holes(db, shop, found, today),
        sold=await abroad.sold(db, shop),
        home=rates_page.country_name(shop.country),
        form=form,
        prices=prices or PricesForm.blank(prices=await modes.chosen(db, shop.id)),
        is_admin=admin(visit.person),
        is_european=shop.country in EU,
        countries=rates_page.countries(shop.country),
        classes=[(name, str(each.name)) for name, each in CLASSES.items()],
        today=today,
    )


ROUTES = [show_rates, add_rate, take_rate_back, choose_prices]
