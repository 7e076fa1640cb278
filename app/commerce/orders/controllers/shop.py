"""An order as its buyer sees it, and the way back to it."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response, Stream

from app.commerce.orders import calendars, claiming, correcting, parcels, promises, queries, sections, standing, views
from app.commerce.orders.forms import FindForm
from app.kernel import clock, icalendar
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.kernel.outbox import add_job
from app.system import live
from app.web.access import anyone
from app.web.forms import Filled
from app.web.live import stream
from app.web.pages import Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
UNLISTED = {"X-Robots-Tag": "noindex"}
READ_ANYWHERE = {**UNLISTED, "X-Offline": "keep"}  # the one private page that static/js/worker.js keeps, until log-out


@get("/ordini", access=anyone, name="orders.list")
async def show_orders(visit: CurrentVisit, request: AnyRequest) -> Page:
    """Whoever is signed in sees his orders; a guest asks for the link of one."""
    page = visit.page
    return await _list(visit, FindForm.blank(number=request.query_params.get("numero", "")), page)


@post("/ordini", access=anyone, limit="careful", name="orders.link.create")
async def send_link(visit: CurrentVisit, request: AnyRequest) -> Page:
    """The private link goes to the order's own address. The answer is the same whether there is such an order."""
    form = FindForm.read(await request.form())
    if form.data is None:
        return await _list(visit, form, 1, status_code=422)
    found = await queries.id_by_mail(visit.db, form.data.number.upper(), form.data.email)
    async with transaction(visit.db):
        add_job(visit.db, "orders.send_link", group_id=found or 0)
    return Page("orders/link_sent.html", private=True, email=form.data.email)


@get("/ordini/{number:str}", access=anyone, name="orders.order.show")
async def show_order(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """By the private link, or as the signed-in owner."""
    key = request.query_params.get("chiave", "")
    group = await queries.group_for(visit.db, visit.settings, number, key, visit.person)
    seen = await live.newest(visit.db, f"group:{group.id}")  # before the rest: what comes meanwhile is told again
    events = await queries.events_of(visit.db, group.id)
    whole = await queries.with_orders(visit.db, group.id)
    order = views.group_view(visit.shop, whole, events, clock.now(), await parcels.numbers(visit.db, whole.orders))
    link = f"/ordini/{number}" + (f"?chiave={key}" if key else "")
    return Page(
        "orders/order.html", fragment="orders/_parcels.html", private=True, headers=READ_ANYWHERE,
        money=await sections.money(visit.db, visit.shop, whole, key),
        changes=await sections.changes(visit.db, visit.shop, whole, key),
        rights=await sections.rights(visit.db, visit.shop, whole, key),
        order=order, link=link, stream=f"/eventi{link}{'&' if key else '?'}visto={seen}",
        may_move=correcting.may_move([whole]), may_join=visit.person is None and whole.user_id is None,
    )  # fmt: skip


@get("/ordini/{number:str}/calendario/{order:str}", access=anyone, name="orders.parcel.calendar")
async def show_in_calendar(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]
) -> Response[str]:
    """The day of a parcel, as a file for a calendar. Raises NotFound where no day is known."""
    key = request.query_params.get("chiave", "")
    group = await queries.group_for(visit.db, visit.settings, number, key, visit.person)
    parcel = await queries.of_group(visit.db, group.id, order)
    days = promises.expected(parcel, parcel.group, visit.shop.time_zone)
    if days is None or days.is_past:
        raise NotFound
    page = visit.shop.href(f"/ordini/{number}", visit.locale) + (f"?chiave={key}" if key else "")
    body = calendars.document(visit.shop, parcel, days, visit.base_url + page, visit.base_url.rpartition("/")[2])
    kept = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{parcel.number}.ics"'}
    return Response(body, media_type=icalendar.MEDIA_TYPE, headers={**UNLISTED, **kept})


@get("/eventi/ordini/{number:str}", access=anyone, name="orders.order.stream")
async def stream_order(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Stream:
    """Tells the open page of an order that something has changed."""
    key = request.query_params.get("chiave", "")
    group = await queries.group_for(visit.db, visit.settings, number, key, visit.person)
    await visit.close_db()
    return stream(live.listen(visit, request.app.state.broker, f"group:{group.id}"))


async def _list(visit: CurrentVisit, form: Filled[FindForm], page: int, *, status_code: int = 200) -> Page:
    if visit.person:
        await claiming.claim(visit.db, visit.person.id)  # what was ordered as a guest since the log-in
    orders = await queries.bought_by(visit.db, visit.person.id, page) if visit.person else []
    return Page(
        "orders/list.html",
        status_code=status_code,
        private=True,
        headers=UNLISTED,
        orders=orders[: queries.PAGE],
        labels={order.number: standing.label(order.state, order.parcels) for order in orders},
        has_more=queries.is_full(orders),
        page=page,
        form=form,
    )


ROUTES = [show_orders, send_link, show_order, show_in_calendar, stream_order]
