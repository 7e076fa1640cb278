"""How the shop can be used by everybody, and the form for whoever it stands in the way of (law.md L43)."""

from typing import Any

from litestar import Request, get, post

from app.kernel.db import transaction
from app.system import barriers, pages
from app.system.forms import BarrierForm
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/accessibilita"
THANKS = HERE + "/grazie"


@get(HERE, access=anyone, name="info.accessibility.show")
async def show_accessibility(visit: CurrentVisit) -> Page:
    return _page(visit, BarrierForm.blank())


@post(HERE, access=anyone, limit="careful", name="info.accessibility.report")
async def report(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = BarrierForm.read(await request.form())
    if form.data is None:
        return _page(visit, form)
    async with transaction(visit.db):
        await barriers.report(visit.db, visit.shop, visit.settings, form.data)
    return Go(THANKS)


@get(THANKS, access=anyone, name="info.accessibility.thanks")
async def show_thanks() -> Page:
    return Page("system/accessibility_thanks.html", headers={"X-Robots-Tag": "noindex"})


def _page(visit: Visit, form: Filled[BarrierForm]) -> Page:
    return Page(
        "system/accessibility.html",
        status_code=422 if form.errors else 200,
        info=pages.page("accessibilita", visit.locale, visit.shop),
        form=form,
    )


ROUTES = [show_accessibility, report, show_thanks]
