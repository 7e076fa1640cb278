"""The page on deliveries: zones, costs, refrigeration, told from the same rows that checkouts use."""

from litestar import get

from app.delivery import queries, words
from app.system import pages
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get("/spedizioni", access=access.anyone, name="delivery.zones")
async def show_zones(visit: CurrentVisit) -> Page:
    info = pages.page("spedizioni", visit.locale, visit.shop)
    zones = await queries.zones(visit.db)
    return Page("delivery/zones.html", zones=zones, bands=words.bands, dry=words.dry, info=info)


ROUTES = [show_zones]
