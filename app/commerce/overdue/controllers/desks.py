"""What is late, as staff see it over all producers, and each producer his own."""

from litestar import get

from app.commerce.overdue import queries, views
from app.web import desk
from app.web.access import at_a_producer, staff
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get("/amministrazione/ritardi", access=staff, name="office.overdue.list")
async def show_all(visit: CurrentVisit) -> Page:
    found = await queries.all_late(visit.db, visit.shop.time_zone)
    return Page(
        "overdue/list.html", private=True, desk=await desk.of_staff(visit.db), is_staff=True,
        rows=[views.late_view(late) for late in found], is_full=len(found) == queries.MOST,
    )  # fmt: skip


@get("/banco/ritardi", access=at_a_producer, name="desk.overdue.list")
async def show_own(visit: CurrentVisit) -> Page:
    found = await queries.all_late(visit.db, visit.shop.time_zone, visit.producer_id)
    return Page(
        "overdue/list.html", private=True, desk=desk.of_producer(), is_staff=False,
        rows=[views.late_view(late) for late in found], is_full=len(found) == queries.MOST,
    )  # fmt: skip


ROUTES = [show_all, show_own]
