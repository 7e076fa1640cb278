"""The legal and information pages."""

from litestar import get

from app.system import pages
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit

# by those who have more to show on them
WITH_FIGURES = frozenset({"spedizioni", "come-ordiniamo", "recesso", "garanzia", "accessibilita"})
PATHS = [f"/{slug}" for slug in pages.slugs() if slug not in WITH_FIGURES]


@get(PATHS, access=access.anyone, name="info.show")
async def show_info(visit: CurrentVisit) -> Page:
    return Page("system/page.html", info=pages.page(visit.raw_path.strip("/"), visit.locale, visit.shop))


ROUTES = [show_info]
