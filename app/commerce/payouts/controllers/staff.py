"""Staff see where the producers' money is, which of them can be paid, and what keeps the others."""

from typing import Any

from litestar import Request, get
from litestar.response import Response

from app.commerce.payments.ledger import PRODUCER_PAYABLE
from app.commerce.payouts import account_views, overview, papers, queries, words
from app.commerce.payouts.queries import PAGE
from app.kernel.db import transaction
from app.system import audit
from app.web import desk
from app.web.access import staff
from app.web.pages import Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/conti-collegati"
PAYOUTS = "/amministrazione/versamenti"


@get(PAYOUTS, access=staff, name="office.payouts.list")
async def show_payouts(visit: CurrentVisit, request: AnyRequest) -> Page:
    (search, state), page = _asked(request), visit.page
    found = await overview.rows(visit.db, visit.shop.currency, search, state, page=page)
    return Page(
        "payouts/office.html",
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=found[:PAGE],
        has_more=len(found) > PAGE,
        page=page,
        search=search,
        state=state,
        totals=await overview.totals(visit.db, visit.shop.currency),
        returned=await overview.returned(visit.db),
        payout_words=words.payout,
        failure=words.failure,
        being_done=words.being_done,
        payable=PRODUCER_PAYABLE,
        currency=visit.shop.currency,
    )


@get(PAYOUTS + ".csv", access=staff, name="office.payouts.export")
async def export_payouts(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    """The list as a table for a spreadsheet; that somebody took it is written down."""
    (search, state), currency = _asked(request), visit.shop.currency
    found = (await overview.rows(visit.db, currency, search, state, size=overview.EXPORTED))[: overview.EXPORTED]
    async with transaction(visit.db):
        audit.by(visit.db, visit.who, "payouts.exported", ("payout", "csv"), {}, {"rows": len(found)})
    sent = {"Content-Disposition": 'attachment; filename="versamenti.csv"', "Cache-Control": "no-store"}
    return Response(papers.overview_table(found, currency), media_type="text/csv", headers=sent)


@get(PATH, access=staff, name="office.accounts.list")
async def show_accounts(visit: CurrentVisit) -> Page:
    page = visit.page
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


def _asked(request: AnyRequest) -> tuple[str, str]:
    """The name that is looked for, and what the list is narrowed to."""
    search, state = (request.query_params.get(name, "").strip()[:80] for name in ("q", "stato"))
    return search, state if state in overview.STATES else ""


ROUTES = [show_payouts, export_payouts, show_accounts]
