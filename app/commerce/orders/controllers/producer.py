"""The desk: what a producer has to do today, and the orders one by one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import carriers, correcting, desk, fulfilment, parcels, queries, sections, slips, words
from app.commerce.orders.forms import DeedForm, ShipForm
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.kernel.tenancy import Person
from app.system import live
from app.web import desk as frames
from app.web.access import at_a_producer
from app.web.desk import Desk
from app.web.forms import Filled
from app.web.live import stream
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
Deed = Callable[[AsyncSession, Order, Person], Awaitable[bool]]


@get("/banco", access=at_a_producer, name="desk.work.show")
async def show_work(visit: CurrentVisit) -> Page:
    return await _work(visit)


@get("/banco/eventi", access=at_a_producer, name="desk.work.stream")
async def stream_work(visit: CurrentVisit, request: AnyRequest) -> Stream:
    """Tells the open desk of orders that arrive or change."""
    channel = f"producer:{visit.producer_id}"
    await visit.close_db()
    return stream(live.listen(visit, request.app.state.broker, channel))


@get("/banco/lista", access=at_a_producer, name="desk.packing.show")
async def show_packing_list(visit: CurrentVisit) -> Page:
    """Every piece to prepare, summed over the orders: what to fetch from the cellar in one walk."""
    producer_id = visit.producer_id
    rows = [desk.packing_row(row) for row in await queries.to_pack(visit.db, producer_id)]
    frame = await _frame(visit, producer_id)
    return Page("desk/packing.html", private=True, desk=frame, rows=rows, printed_at=clock.now())


@get("/banco/ordini", access=at_a_producer, name="desk.orders.list")
async def show_history(visit: CurrentVisit, request: AnyRequest) -> Page:
    producer_id, search = visit.producer_id, request.query_params.get("q", "").strip()[:40]
    page = visit.page
    rows = await queries.history_at_desk(visit.db, producer_id, search, page)
    return Page(
        "desk/history.html", private=True, desk=await _frame(visit, producer_id), rows=rows[: queries.PAGE],
        has_more=queries.is_full(rows), page=page, search=search, states=words.STATES,
    )  # fmt: skip


@get("/banco/ordini/{number:str}", access=at_a_producer, name="desk.order.show")
async def show_order(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _order(visit, number)


@get("/banco/ordini/{number:str}/bolla", access=at_a_producer, name="desk.slip.show")
async def show_slip(visit: CurrentVisit, number: FromPath[str]) -> Page:
    """What goes into the parcel, to be printed."""
    producer_id = visit.producer_id
    slip = await slips.slip(visit.db, visit.shop, producer_id, number)
    frame = await _frame(visit, producer_id)
    return Page("desk/slip.html", private=True, desk=frame, slip=slip)


@post("/banco/ordini/{number:str}/conferma", access=at_a_producer, name="desk.confirmation.create")
async def confirm(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    said = _("Ordine %(number)s confermato: adesso si prepara.", number=number)
    return await _do(visit, number, DeedForm.read(await request.form()), fulfilment.confirm, said)


@post("/banco/ordini/{number:str}/preparazione", access=at_a_producer, name="desk.packing.create")
async def pack(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    said = _("Ordine %(number)s pronto.", number=number)
    return await _do(visit, number, DeedForm.read(await request.form()), fulfilment.pack, said)


@post("/banco/ordini/{number:str}/spedizione", access=at_a_producer, name="desk.shipment.create")
async def ship(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    form = ShipForm.read(await request.form())
    if form.data is None:
        return await _order(visit, number, form=form)
    sent = form.data

    async def deed(db: AsyncSession, order: Order, person: Person) -> bool:
        return await fulfilment.ship(db, order, person, sent.carrier, sent.tracking_number)

    said = _("Ordine %(number)s spedito: abbiamo scritto a chi l’ha comprato.", number=number)
    return await _do(visit, number, form, deed, said)


@post("/banco/ordini/{number:str}/spedizione/correzione", access=at_a_producer, name="desk.shipment.correct")
async def correct_tracking(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Another carrier or number than was said, as long as it is on its way."""
    form = ShipForm.read(await request.form())
    if form.data is None:
        return await _order(visit, number, form=form)
    right = form.data

    async def deed(db: AsyncSession, order: Order, person: Person) -> bool:
        actor = Actor("producer", person.id)
        return await correcting.tracking(db, order, actor, person.role, right.carrier, right.tracking_number)

    return await _do(visit, number, form, deed, _("Corretto: chi ha comprato riceve il numero giusto."))


@post("/banco/ordini/{number:str}/consegna", access=at_a_producer, name="desk.delivery.create")
async def deliver(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    said = _("Ordine %(number)s consegnato.", number=number)
    return await _do(visit, number, DeedForm.read(await request.form()), fulfilment.deliver, said)


async def _do(visit: Visit, number: str, form: Filled[Any], deed: Deed, said: str) -> Page | Go:
    """One deed on one order of the producer's own, and the answer where the button was pressed."""
    person, producer_id = visit.who, visit.producer_id
    from_list = form.value("da") == "lavoro"
    try:
        async with transaction(visit.db):
            order = await queries.at_desk(visit.db, producer_id, number)
            await deed(visit.db, order, person)
    except Refused as no:
        return await _order(visit, number, form=form.refused(no.message, no.field))
    except Conflict as no:
        answer = _work(visit, trouble=no.message) if from_list else _order(visit, number, trouble=no.message)
        return await answer
    if visit.is_fragment:
        return await _work(visit, said=said) if from_list else await _order(visit, number, said=said)
    visit.tell(said)
    return Go("/banco" if from_list else f"/banco/ordini/{number}")


async def _work(visit: Visit, *, said: str = "", trouble: str = "") -> Page:
    """trouble: why a deed could not be done (409)."""
    person, producer_id = visit.who, visit.producer_id
    seen = await live.newest(visit.db, f"producer:{producer_id}")  # before the rest: what comes meanwhile is told again
    counts = await queries.counts_at_desk(visit.db, producer_id)
    orders = await queries.open_at_desk(visit.db, producer_id)
    away = await queries.on_the_way(visit.db, producer_id)
    joins = await parcels.numbers(visit.db, [*orders, *(parcel.order for parcel in away)])
    new = counts.get("pending", 0)
    return Page(
        "desk/work.html",
        fragment="desk/_work.html",
        status_code=409 if trouble else 200,
        private=True,
        desk=await _frame(visit, producer_id, counts),
        stacks=desk.stacks(visit.shop, orders, counts, clock.today(visit.shop.time_zone), joins, away),
        stream=f"/banco/eventi?visto={seen}",
        pieces="" if visit.is_fragment else await sections.at_work(visit.db, person, producer_id),
        trouble=trouble,
        said=said or ngettext("%(num)s ordine da confermare", "%(num)s ordini da confermare", new),
    )


async def _order(
    visit: Visit,
    number: str,
    *,
    form: Filled[ShipForm] | None = None,
    said: str = "",
    trouble: str = "",
) -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why a deed could not be done (409)."""
    order = await queries.at_desk(visit.db, visit.producer_id, number)
    events = await queries.desk_events(visit.db, order)
    riders = (await parcels.riders(visit.db, [order])).get(order.id, [])
    joins = (await parcels.numbers(visit.db, [order])).get(order.id, "")
    return Page(
        "desk/order.html",
        fragment="desk/_order.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        desk=await _frame(visit, order.producer_id),
        order=desk.desk_order(visit.shop, order, events, clock.today(visit.shop.time_zone), riders, joins),
        carriers=[(code, str(carrier.name)) for code, carrier in carriers.CARRIERS.items()],
        pieces=await sections.at_desk(visit.db, visit.shop, order),
        form=form or ShipForm.blank(),
        said=said,
        trouble=trouble,
    )


async def _frame(visit: Visit, producer_id: int, counts: Mapping[str, int] | None = None) -> Desk:
    """counts: of the orders, where they are known already."""
    if counts is None:
        counts = await queries.counts_at_desk(visit.db, producer_id)
    return frames.of_producer(counts.get("pending", 0), await frames.waiting_at(visit.db, producer_id))


ROUTES = [
    show_work,
    stream_work,
    show_packing_list,
    show_history,
    show_order,
    show_slip,
    confirm,
    pack,
    ship,
    correct_tracking,
    deliver,
]
