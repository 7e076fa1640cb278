"""The pages of staff: any order with its money, jobs that failed, the mail, and who did what."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.office import deeds, job_words, queries, sections, trail, trail_words, views
from app.commerce.office.forms import TrailForm
from app.commerce.office.queries import PAGE
from app.commerce.orders import queries as orders
from app.commerce.orders import words
from app.commerce.payments import refusals
from app.commerce.payments import words as books
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import mail, runner
from app.web import access
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
Deed = Callable[[AsyncSession, Person, int], Awaitable[bool]]


@get("/amministrazione", access=access.staff, name="office.groups.list")
async def show_groups(visit: CurrentVisit, request: AnyRequest) -> Page:
    (search, state), page = _asked(request), visit.page
    rows = await queries.groups(visit.db, search, state, page)
    return await _page(
        visit, "staff/groups.html", rows=rows[:PAGE], has_more=len(rows) > PAGE, page=page, search=search, state=state,
        states=words.GROUP_STATES, order_states=words.STATES,
    )  # fmt: skip


@get("/amministrazione/ordini.csv", access=access.staff, name="office.groups.export")
async def export_groups(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    """The list as a table for a spreadsheet; that somebody took it is written down."""
    search, state = _asked(request)
    found = await queries.exported(visit.db, search, state)
    async with transaction(visit.db):
        deeds.record_export(visit.db, visit.who, len(found), search, state)
    sent = {"Content-Disposition": 'attachment; filename="ordini.csv"', "Cache-Control": "no-store"}
    return Response(views.table(found), media_type="text/csv", headers=sent)


@get("/amministrazione/ordini/{number:str}", access=access.staff, name="office.group.show")
async def show_group(visit: CurrentVisit, number: FromPath[str]) -> Page:
    """Everything that we know about one order group."""
    db = visit.db
    group = await orders.with_orders(db, await queries.group_id(db, number))
    dossier = views.dossier(
        visit.shop,
        group,
        await orders.events_of(db, group.id),
        money=await queries.money_of(db, group.id),
        mails=await mail.of_group(db, group.id),
        holds=await queries.holds(db, group.number),
        trail=await trail.of(db, visit.shop, [group.number, *(order.number for order in group.orders)]),
        travelling=await queries.travelling(db, [group.id]),
    )
    return await _page(
        visit, "staff/group.html", it=dossier, more=await sections.of_group(db, visit.shop, group),
        states=words.GROUP_STATES, payment_states=views.PAYMENT_STATES,
        transfer_state=views.transfer_state, mail_states=views.MAIL_STATES, event_states=books.EVENT_STATES,
        event_note=books.event_note,
    )  # fmt: skip


@get("/amministrazione/lavori", access=access.staff, name="office.jobs.list")
async def show_jobs(visit: CurrentVisit) -> Page:
    return await _page(
        visit,
        "staff/jobs.html",
        counts=await queries.job_counts(visit.db),
        states=views.JOB_STATES,
        dead=await runner.dead_letters(visit.db),
        transfers=await queries.failed_transfers(visit.db),
        more=await sections.of_jobs(visit.db),
        refusal=refusals.sentence,
        kind_of=job_words.kind,
        may_act=access.admin(visit.person),
    )


@post("/amministrazione/lavori/{job_id:int}/ripetizione", access=access.admin, name="office.replay.create")
async def replay_job(visit: CurrentVisit, job_id: FromPath[int]) -> Go:
    return await _again(visit, deeds.replay_job, job_id, "/amministrazione/lavori", _("Il lavoro riparte adesso."))


@post("/amministrazione/trasferimenti/{transfer_id:int}/ripetizione", access=access.admin, name="office.retry.create")
async def retry_transfer(visit: CurrentVisit, transfer_id: FromPath[int]) -> Go:
    said = _("Il trasferimento riparte adesso.")
    return await _again(visit, deeds.retry_transfer, transfer_id, "/amministrazione/lavori", said)


@get("/amministrazione/registro", access=access.staff, name="office.audit.list")
async def show_audit(visit: CurrentVisit, request: AnyRequest) -> Page:
    form, page = TrailForm.read(request.query_params), visit.page
    rows = await trail.page(visit.db, visit.shop, form.data.wanted(visit.shop.time_zone), page) if form.data else []
    return await _page(
        visit, "staff/audit.html", rows=rows[:PAGE], has_more=len(rows) > PAGE, page=page, form=form,
        entities=sorted(((code, str(name)) for code, name in trail_words.ENTITIES.items()), key=lambda each: each[1]),
    )  # fmt: skip


@get("/amministrazione/posta", access=access.staff, name="office.mail.list")
async def show_mails(visit: CurrentVisit, request: AnyRequest) -> Page:
    (search, state), page = _asked(request), visit.page
    rows = await queries.mails(visit.db, search, state, page)
    return await _page(
        visit, "staff/mails.html", rows=rows[:PAGE], has_more=len(rows) > PAGE, page=page, search=search, state=state,
        states=views.MAIL_STATES,
    )  # fmt: skip


@get("/amministrazione/posta/{mail_id:int}", access=access.staff, name="office.mail.show")
async def show_mail(visit: CurrentVisit, mail_id: FromPath[int]) -> Page:
    return await _page(visit, "staff/mail.html", mail=await mail.one(visit.db, mail_id), states=views.MAIL_STATES)


@post("/amministrazione/posta/{mail_id:int}/rinvio", access=access.staff, name="office.resend.create")
async def resend_mail(visit: CurrentVisit, mail_id: FromPath[int]) -> Go:
    return await _again(visit, deeds.resend_mail, mail_id, "/amministrazione/posta", _("La mail è di nuovo in coda."))


async def _again(visit: Visit, deed: Deed, about: int, back: str, said: str) -> Go:
    async with transaction(visit.db):
        again = await deed(visit.db, visit.who, about)
    visit.tell(said if again else _("Non c’era niente da rifare: era già ripartito."))
    return Go(back)


async def _page(visit: Visit, template: str, **context: Any) -> Page:
    return Page(template, private=True, desk=views.frame(await queries.alarms(visit.db)), **context)


def _asked(request: AnyRequest) -> tuple[str, str]:
    """What is looked for, and the state to show."""
    search, state = (request.query_params.get(name, "").strip()[:80] for name in ("q", "stato"))
    return search, state


ROUTES = [
    show_groups,
    export_groups,
    show_group,
    show_jobs,
    replay_job,
    retry_transfer,
    show_audit,
    show_mails,
    show_mail,
    resend_mail,
]
