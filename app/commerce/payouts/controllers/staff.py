"""Staff see which producers can be paid, and what keeps the others."""

from typing import Any

from litestar import Request, get

from app.commerce.payouts import account_views, queries
from app.commerce.payouts.queries import PAGE
from app.web import desk
from app.web.access import staff
from app.web.pages import Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/conti-collegati"


@get(PATH, access=staff, name="office.accounts.list")
async def show_accounts(visit: CurrentVisit, request: AnyRequest) -> Page:
    asked = request.query_params.get("pagina", "1")
    page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    found = await queries.accounts(visit.db, visit.shop.currency, page)
    return Page(
        "payouts/accounts.html",
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=[account_views.staff_row(row) for row in found[:PAGE]],
        has_more=len(found) > PAGE,
        page=page,
        currency=visit.shop.currency,
    )


ROUTES = [show_accounts]
