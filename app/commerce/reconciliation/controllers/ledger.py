"""The ledger line by line, with its running balance, and as a table for a spreadsheet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, get
from litestar.response import Response

from app.commerce.office import views as office_views
from app.commerce.payments import words
from app.commerce.reconciliation import queries, views
from app.commerce.reconciliation.controllers.reports import page
from app.commerce.reconciliation.forms import LedgerForm
from app.commerce.reconciliation.queries import EXPORTED, Filter
from app.kernel.db import transaction
from app.system import audit
from app.web import access
from app.web.forms import Filled
from app.web.pages import Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/libro"


@get(PATH, access=access.staff, name="office.ledger.show")
async def show_ledger(visit: CurrentVisit, request: AnyRequest) -> Page:
    form = LedgerForm.read(request.query_params)
    rows = await queries.entries(visit.db, _wanted(visit, form), visit.page) if form.data else []
    shown, has_more = queries.pages(rows)
    return await page(
        visit,
        "reconciliation/ledger.html",
        form=form,
        rows=shown,
        has_more=has_more,
        page=visit.page,
        accounts=office_views.ACCOUNTS,
        producers=await queries.producers(visit.db),
        journal=words.journal,
    )


@get(PATH + ".csv", access=access.staff, name="office.ledger.export")
async def export_ledger(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    """What is shown, as a table; that somebody took it is written down."""
    form = LedgerForm.read(request.query_params)
    rows = await queries.entries(visit.db, _wanted(visit, form), 1, EXPORTED) if form.data else []
    if visit.person is not None:
        async with transaction(visit.db):
            audit.by(visit.db, visit.who, "ledger.exported", ("ledger", "csv"), {}, {"rows": len(rows[:EXPORTED])})
    sent = {"Content-Disposition": 'attachment; filename="libro.csv"', "Cache-Control": "no-store"}
    return Response(views.ledger_table(rows[:EXPORTED]), media_type="text/csv", headers=sent)


def _wanted(visit: Visit, form: Filled[LedgerForm]) -> Filter:
    """Days as the shop counts them, as half-open moments."""
    asked = form.data
    if asked is None:
        return Filter()
    zone = ZoneInfo(visit.shop.time_zone)

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

    return Filter(
        account=asked.conto,
        producer_id=asked.produttore,
        group=asked.ordine,
        since=midnight(asked.dal) if asked.dal else None,
        until=midnight(asked.al + timedelta(days=1)) if asked.al else None,
    )


ROUTES = [show_ledger, export_ledger]
