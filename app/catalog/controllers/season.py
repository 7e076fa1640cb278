"""The calendar of the seasons."""

from litestar import get

from app.catalog import seasons, year
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get("/stagioni", access=access.anyone, name="seasons.show")
async def show_year(visit: CurrentVisit) -> Page:
    month = clock.today(visit.shop.time_zone).month
    return Page(
        "catalog/year.html",
        tags=["products"],
        parts=await year.parts(visit.db, month),
        month=seasons.month_name(month, current_locale()),
    )


ROUTES = [show_year]
