"""Refunds as staff have them: the desk where they are made, all of them, and what to do with those that failed."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.office import queries as office
from app.commerce.office import views as office_views
from app.commerce.orders import queries as orders
from app.commerce.orders.states import Actor
from app.commerce.payments import refunds as late
from app.commerce.payments import refusals
from app.commerce.refunds import mending, queries, views, words
from app.commerce.refunds.controllers.desks import Counter
from app.commerce.refunds.models import Refund
from app.commerce.refunds.queries import PAGE
from app.commerce.refunds.requesting import Planned
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit
from app.web import desk
from app.web.access import staff
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
Mend = Callable[[AsyncSession, str, Person], Awaitable[Refund]]
DESK = "/amministrazione/ordini/{number:str}/rimborso"
LIST = "/amministrazione/rimborsi"
ONE = LIST + "/{number:str}"


@get(DESK, access=staff, name="office.refund.form")
async def show_desk(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await (await _counter(visit, number)).show(visit)


@post(DESK, access=staff, name="office.refund.create")
async def make(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await (await _counter(visit, number)).answer(visit, request)


@get(LIST, access=staff, name="office.refunds.list")
async def show_list(visit: CurrentVisit, request: AnyRequest) -> Page:
    search, state = (request.query_params.get(name, "").strip()[:80] for name in ("q", "stato"))
    page = visit.page
    rows = await queries.listed(visit.db, search, state if state in words.STATES else "", page)
    return await _page(
        visit, "refunds/list.html", rows=rows[:PAGE], has_more=len(rows) > PAGE, page=page, search=search, state=state,
        states=words.STATES, reasons=words.REASONS, late=await queries.late(visit.db), refusal=refusals.sentence,
    )  # fmt: skip


@get(ONE, access=staff, name="office.refund.show")
async def show_one(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _one(visit, number)


@post(ONE + "/ripetizione", access=staff, name="office.refund.retry")
async def retry(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await _mend(visit, number, mending.retry, _("Il rimborso riparte adesso."))


@post(ONE + "/credito", access=staff, name="office.refund.credit")
async def as_credit(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await _mend(visit, number, mending.as_credit, _("Dato come credito: a chi ha comprato abbiamo scritto."))


@post(ONE + "/bonifico", access=staff, name="office.refund.by_hand")
async def by_hand(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await _mend(visit, number, mending.by_hand, _("Segnato come dato con un bonifico."))


@post(LIST + "/tardivi/{payment_id:int}", access=staff, name="office.late_refund.retry")
async def retry_late(visit: CurrentVisit, payment_id: FromPath[int]) -> Go:
    """A payment that came too late, which Stripe would not give back."""
    person = visit.who
    async with transaction(visit.db):
        again = await late.retry(visit.db, payment_id)
        if again:
            audit.by(visit.db, person, "late_refund.retried", ("payment", payment_id), {}, {})
    visit.tell(_("Il rimborso riparte adesso.") if again else _("Non c’era niente da rifare: era già ripartito."))
    return Go(LIST)


@post(LIST + "/tardivi/{payment_id:int}/bonifico", access=staff, name="office.late_refund.by_hand")
async def late_by_hand(visit: CurrentVisit, payment_id: FromPath[int]) -> Go:
    """The same, given from the shop's own bank account."""
    person = visit.who
    async with transaction(visit.db):
        given = await late.by_hand(visit.db, payment_id)
        if given:
            audit.by(visit.db, person, "late_refund.by_hand", ("payment", payment_id), {}, {})
    no = _("Non c’è niente da segnare: è già tornato indietro, o la banca non ha ancora deciso.")
    visit.tell(_("Segnato come dato con un bonifico.") if given else no)
    return Go(LIST)


async def _counter(visit: Visit, number: str) -> Counter:
    group_id = await office.group_id(visit.db, number)
    return Counter(
        group_id=group_id,
        order_id=None,
        actor=Actor("staff", visit.who.id),
        reasons=words.BY_STAFF,
        is_staff=True,
        here=f"/amministrazione/ordini/{number}/rimborso",
        back=f"/amministrazione/ordini/{number}",
        desk=await desk.of_staff(visit.db),
        accounts=office_views.ACCOUNTS,
        check=_anything,
    )


async def _anything(_db: AsyncSession, _planned: Planned) -> None:
    """Staff may give back whatever is left."""


async def _mend(visit: Visit, number: str, deed: Mend, said: str) -> Page | Go:
    try:
        async with transaction(visit.db):
            await deed(visit.db, number, visit.who)
    except Conflict as no:
        return await _one(visit, number, trouble=no.message)
    visit.tell(said)
    return Go(f"{LIST}/{number}")


async def _one(visit: Visit, number: str, *, trouble: str = "") -> Page:
    refund = await queries.one(visit.db, number)
    group = await orders.with_orders(visit.db, refund.group_id)
    return await _page(
        visit, "refunds/one.html", status_code=409 if trouble else 200, trouble=trouble,
        it=views.refund_view(refund, {order.id: order for order in group.orders}), row=refund,
        group=group, recoveries=await queries.recoveries_of(visit.db, refund.number), states=words.RECOVERIES,
        sellers={order.id: str(order.producer.get("name", "")) for order in group.orders},
        refusal=refusals.sentence, where=views.where_to_staff(refund),
    )  # fmt: skip


async def _page(visit: Visit, template: str, status_code: int = 200, **context: Any) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, **context)


ROUTES = [show_desk, make, show_list, show_one, retry, as_credit, by_hand, retry_late, late_by_hand]
