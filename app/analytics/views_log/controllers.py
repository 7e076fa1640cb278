"""«Visti di recente»: what the browser remembers, as a page and as a band below a product."""

from typing import Any

from litestar import Request, get, post

from app.analytics.views_log import queries, recent
from app.catalog import drawing
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
BELOW = 4
LONGEST_ID = 18  # digits


@get("/visti", access=access.anyone, name="seen.show")
async def show(visit: CurrentVisit, request: AnyRequest) -> Page:
    """da: the product on whose page the band stands; it is not shown there."""
    beside = _number(request.query_params.get("da", ""))
    ids = recent.ids(visit)
    if visit.is_fragment:
        ids = [one for one in ids if one != beside]
    there = await queries.those_visible(visit.db, ids) if ids else []
    cards = await drawing.ready(visit.db, visit.shop, there[:BELOW] if visit.is_fragment else there) if there else []
    return Page("recommendations/seen.html", fragment="recommendations/_seen.html", private=True, cards=cards)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else None


@post("/visti/dimenticanza", access=access.anyone, name="seen.forget")
async def forget(visit: CurrentVisit) -> Go:
    if visit.cookie("seen"):
        recent.forget(visit)
        visit.tell(_("Fatto: il tuo browser non ricorda più che cosa hai guardato."))
    return Go("/visti")


ROUTES = [show, forget]
