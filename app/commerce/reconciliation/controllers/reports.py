"""How our books stand: compared with Stripe's, and proven."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from app.commerce.office import views as office_views
from app.commerce.reconciliation import queries, resolving, words
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.system import audit
from app.web import access, desk
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

PATH = "/amministrazione/conti"


@get(PATH, access=access.staff, name="office.books.show")
async def show_books(visit: CurrentVisit) -> Page:
    return await page(
        visit,
        "reconciliation/books.html",
        reports=await queries.latest(visit.db),
        checks=await queries.checks(visit.db),
        balances=await queries.balances(visit.db),
        accounts=office_views.ACCOUNTS,
        may_act=access.admin(visit.person),
    )


@get(PATH + "/{report_id:int}", access=access.staff, name="office.report.show")
async def show_report(visit: CurrentVisit, report_id: FromPath[int]) -> Page:
    report = await queries.one(visit.db, report_id)
    latest = await queries.latest(visit.db)
    return await page(
        visit,
        "reconciliation/report.html",
        report=report,
        closed=await resolving.closed(visit.db, report),
        notes=await queries.explanations(visit.db, report.at),
        may_act=access.admin(visit.person) and latest[0].id == report.id,
        finding=words.finding,
        kind_of=words.kind_of,
    )


@post(PATH + "/confronto", access=access.admin, name="office.books.compare")
async def compare(visit: CurrentVisit) -> Go:
    return await _start(
        visit, "reconciliation.compare", _("Il confronto con Stripe parte adesso: ricarica tra un minuto.")
    )


@post(PATH + "/verifica", access=access.admin, name="office.books.verify")
async def verify(visit: CurrentVisit) -> Go:
    return await _start(visit, "reconciliation.verify", _("La verifica parte adesso: ricarica tra un minuto."))


async def _start(visit: Visit, job: str, said: str) -> Go:
    """Have the nightly work done now. Doing it twice is harmless."""
    async with transaction(visit.db):
        add_job(visit.db, job)
        audit.by(visit.db, visit.who, "books.started", ("job", job), {}, {})
    visit.tell(said)
    return Go(PATH)


async def page(visit: Visit, template: str, status_code: int = 200, **context: Any) -> Page:
    """A page of staff about the books."""
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, **context)


ROUTES = [show_books, show_report, compare, verify]
