"""The page on deliveries: zones, costs, refrigeration, told from the same rows that checkouts use."""

from litestar import get

from app.delivery import queries
from app.system import pages
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get("/spedizioni", access=access.anyone, name="delivery.zones")
async def show_zones(visit: CurrentVisit) -> Page:
    info = pages.page("spedizioni", visit.locale, visit.shop)
    return Page("delivery/zones.html", zones=await queries.zones(visit.db), info=info)


ROUTES = [show_zones]
