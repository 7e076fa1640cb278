"""The legal and information pages."""

from litestar import get

from app.system import pages
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get([f"/{slug}" for slug in pages.slugs()], access=access.anyone, name="info.show")
async def show_info(visit: CurrentVisit) -> Page:
    prefix = visit.href("/").rstrip("/")
    info = pages.page(visit.raw_path.strip("/"), visit.locale, visit.shop, prefix)
    return Page("system/page.html", info=info)


ROUTES = [show_info]
