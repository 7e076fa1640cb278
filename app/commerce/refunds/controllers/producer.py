"""Refunds at a producer's desk: calling an order off, giving back within the shop's limit, and what that costs."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.commerce.orders.views import parcel_view
from app.commerce.refunds import cancelling, queries, rules, words
from app.commerce.refunds.controllers.desks import Counter
from app.commerce.refunds.forms import CancelForm
from app.commerce.refunds.queries import PAGE
from app.commerce.refunds.requesting import Planned
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.formats import money
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer, owner_of_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
ORDER = "/banco/ordini/{number:str}"


@get(ORDER + "/annullamento", access=at_a_producer, name="desk.cancellation.show")
async def show_cancellation(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _cancellation(visit, number, CancelForm.blank())


@post(ORDER + "/annullamento", access=at_a_producer, name="desk.cancellation.create")
async def cancel(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    order, person, form = await _own(visit, number), visit.who, CancelForm.read(await request.form())
    if form.data is None:
        return await _cancellation(visit, number, form)
    try:
        async with transaction(visit.db):
            refund = await cancelling.by_producer(visit.db, visit.shop, order.group_id, number, person, form.data.note)
    except Conflict as no:
        return await _cancellation(visit, number, form, trouble=no.message)
    given_back = _("Ordine %(number)s annullato: a chi ha comprato torna tutto.", number=number)
    nothing = _("Ordine %(number)s annullato: a chi ha comprato non si addebita nulla.", number=number)
    visit.tell(given_back if refund else nothing)
    return Go(f"/banco/ordini/{number}")


@get(ORDER + "/rimborso", access=owner_of_a_producer, name="desk.refund.form")
async def show_desk(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _counter(visit, await _own(visit, number)).show(visit)


@post(ORDER + "/rimborso", access=owner_of_a_producer, name="desk.refund.create")
async def make(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await _counter(visit, await _own(visit, number)).answer(visit, request)


@get("/banco/rimborsi", access=owner_of_a_producer, name="desk.refunds.list")
async def show_list(visit: CurrentVisit) -> Page:
    """The refunds of his orders, with what each does to his earnings."""
    producer_id, page = visit.producer_id, visit.page
    rows = await queries.at_producer(visit.db, producer_id, page)
    return Page(
        "refunds/desk_list.html",
        private=True,
        desk=desk.of_producer(),
        rows=rows[:PAGE],
        has_more=len(rows) > PAGE,
        page=page,
        states=words.STATES,
        reasons=words.REASONS,
        recoveries=words.RECOVERIES,
        owed=await queries.owed_by(visit.db, producer_id),
    )


def _counter(visit: Visit, order: Order) -> Counter:
    limit = rules.of(visit.shop).producer_limit_minor

    async def check(db: AsyncSession, planned: Planned) -> None:
        """Raises Refused beyond what the shop lets a producer give back by himself."""
        already = await queries.given_by_producer(db, order.id)
        if already + planned.amount_minor > limit:
            left = money(max(0, limit - already), planned.group.currency, current_locale())
            raise Refused(
                _("Da solo puoi rimborsare ancora %(left)s: per il resto scrivi alla redazione.", left=left), "lines"
            )

    return Counter(
        group_id=order.group_id,
        order_id=order.id,
        actor=Actor("producer", visit.who.id),
        reasons=words.BY_PRODUCER,
        is_staff=False,
        here=f"/banco/ordini/{order.number}/rimborso",
        back=f"/banco/ordini/{order.number}",
        desk=desk.of_producer(),
        accounts={},
        check=check,
        limit_minor=limit,
    )


async def _cancellation(visit: Visit, number: str, form: Filled[CancelForm], *, trouble: str = "") -> Page:
    order = await _own(visit, number)
    return Page(
        "refunds/desk_cancel.html",
        status_code=409 if trouble else 422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        parcel=parcel_view(visit.shop, order.group, order, []),
        buyer=order.group.name,
        currency=order.group.currency,
        is_charged=order.group.paid_at is not None,
        due_minor=order.total_minor - order.refunded_minor,
        is_possible=order.state in cancelling.BEFORE_IT_LEAVES,
        form=form,
        trouble=trouble,
    )


async def _own(visit: Visit, number: str) -> Order:
    """One of the producer's own orders. Raises NotFound."""
    return await orders.at_desk(visit.db, visit.producer_id, number)


ROUTES = [show_cancellation, cancel, show_desk, make, show_list]
