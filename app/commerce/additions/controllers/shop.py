"""A buyer takes something out of an order, or has two travel together."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.additions import forms, merging, queries, removing, words
from app.commerce.additions.forms import RemoveForm
from app.commerce.additions.removing import Removal
from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.views import line_view
from app.commerce.refunds import queries as refunds
from app.commerce.refunds import requesting
from app.commerce.refunds.requesting import Planned
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
REMOVAL = "/ordini/{number:str}/togli/{order:str}"
MERGER = "/ordini/{number:str}/insieme/{order:str}"
UNLISTED = {"X-Robots-Tag": "noindex"}


@get(REMOVAL, access=anyone, name="additions.removal.show")
async def show_removal(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page:
    """By the private link, or as the signed-in owner; of the order itself, or of what travels with it."""
    group, found, key = await _found(visit, request, number, order)
    form = RemoveForm.blank(key=ids.token(), seen=refunds.mark(group))
    return await _removal(visit, group, found, form, {}, _way(number, key))


@post(REMOVAL, access=anyone, limit="careful", name="additions.removal.create")
async def remove(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page | Go:
    sent = await request.form()
    form = RemoveForm.read(sent)
    group, found, key = await _found(visit, request, number, order)
    pieces, way, order_id = forms.pieces(sent, [line.id for line in found.lines]), _way(number, key), found.id
    if form.data is None:
        again = RemoveForm.blank(key=ids.token(), seen=refunds.mark(group))
        return await _removal(visit, group, found, again, pieces, way, trouble=_("Scegli di nuovo che cosa togliere."))
    removal = Removal(found.id, pieces, form.data.key, form.data.seen)
    try:
        if form.data.step == "preview":
            ask = await removing.asked(visit.db, visit.shop, group, removal)
            planned = await requesting.prepare(visit.db, visit.shop, group, ask)
            return await _removal(visit, group, found, form, pieces, way, planned=planned)
        async with transaction(visit.db):
            await removing.remove(visit.db, visit.shop, removal, visit.person)
    except Refused as no:
        return await _again(visit, order_id, form.refused(no.message, "lines"), pieces, way)
    except Conflict as no:
        return await _again(visit, order_id, form, pieces, way, trouble=no.message)
    visit.tell(_("Fatto: i soldi tornano da dove sono venuti."))
    return Go(way)


@get(MERGER, access=anyone, name="additions.merger.show")
async def show_merger(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]
) -> Page | Go:
    """What would travel together, and what comes back."""
    group, found, key = await _found(visit, request, number, order)
    return await _merger(visit, group, found, _way(number, key))


@post(MERGER, access=anyone, limit="careful", name="additions.merger.create")
async def merge(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page | Go:
    group, found, key = await _found(visit, request, number, order)
    pair = await merging.partner(visit.db, visit.shop, found)
    if pair is None:
        return Go(_way(number, key))  # done before, or too late: the order's page says how it stands
    earlier, later = (each.id for each in pair)
    group_id, order_id = group.id, found.id
    try:
        async with transaction(visit.db):
            await merging.merge(visit.db, visit.shop, earlier, later, visit.person)
    except Conflict as no:
        group = await queries.whole(visit.db, group_id)
        found = next(each for each in group.orders if each.id == order_id)
        return await _merger(visit, group, found, _way(number, key), trouble=no.message)
    visit.tell(_("Fatto: viaggiano in un pacco solo."))
    return Go(_way(number, key))


async def _found(visit: Visit, request: AnyRequest, number: str, order: str) -> tuple[OrderGroup, Order, str]:
    """The group of an order that may be changed from the page `number`, the order, the page's key. Raises NotFound."""
    key = request.query_params.get("chiave", "")
    shown = await orders.group_for(visit.db, visit.settings, number, key, visit.person)
    whole = await queries.whole(visit.db, shown.id)
    found = next((each for each in whole.orders if each.number == order), None)
    if found is None:
        joined = await queries.riding(visit.db, order, [each.id for each in whole.orders])
        if joined is None:
            raise NotFound
        whole = await queries.whole(visit.db, joined.group_id)
        found = next(each for each in whole.orders if each.id == joined.id)
    if whole.paid_at is None:
        raise NotFound
    return whole, found, key


async def _again(
    visit: Visit, order_id: int, form: Filled[RemoveForm], pieces: dict[int, int], way: str, *, trouble: str = ""
) -> Page:
    """The form once more, as things stand now."""
    [now] = await queries.of_ids(visit.db, [order_id])
    group = await queries.whole(visit.db, now.group_id)
    form.values["seen"] = refunds.mark(group)
    found = next(each for each in group.orders if each.id == order_id)
    return await _removal(visit, group, found, form, pieces, way, trouble=trouble)


async def _removal(
    visit: Visit,
    group: OrderGroup,
    order: Order,
    form: Filled[RemoveForm],
    pieces: dict[int, int],
    way: str,
    *,
    planned: Planned | None = None,
    trouble: str = "",
) -> Page:
    """planned: what was chosen comes to (none: it is still to be chosen). trouble: why nothing was done (409)."""
    seller = str(order.producer.get("name", ""))
    opened = (await queries.opened(visit.db, visit.shop, [order])).get(order.id)
    shown = [line_view(line) for line in order.lines if not line.snapshot.get("gift")]
    return Page(
        "additions/remove.html",
        status_code=409 if trouble else 422 if form.errors else 200,
        private=True,
        headers=UNLISTED,
        order=order.number,
        seller=seller,
        lines=shown,
        choices={line.id: [(str(n), str(n)) for n in range(line.pieces + 1)] for line in shown},
        pieces=pieces,
        form=form,
        planned=planned,
        until=words.until(visit.shop, opened, seller) if opened else "",
        is_added=order.joins_order_id is not None,
        is_all=all(pieces.get(line.id, 0) >= line.pieces for line in shown),
        currency=group.currency,
        way=way,
        here=_below(way, f"togli/{order.number}"),
        trouble=trouble,
    )


async def _merger(visit: Visit, group: OrderGroup, order: Order, way: str, *, trouble: str = "") -> Page | Go:
    pair = await merging.partner(visit.db, visit.shop, order)
    if pair is None and not trouble:
        return Go(way)
    earlier, later = pair or (order, order)
    merger = await merging.reckoned(visit.db, earlier, later) if pair else None
    return Page(
        "additions/merge.html",
        status_code=409 if trouble else 200,
        private=True,
        headers=UNLISTED,
        earlier=earlier.number,
        later=later.number,
        is_possible=pair is not None,
        seller=str(order.producer.get("name", "")),
        back_minor=merger.back_minor if merger else 0,
        heavier=words.together(merger.step, group.currency) if merger else "",
        currency=group.currency,
        way=way,
        here=_below(way, f"insieme/{order.number}"),
        trouble=trouble,
    )


def _way(number: str, key: str) -> str:
    return f"/ordini/{number}" + (f"?chiave={key}" if key else "")


def _below(way: str, what: str) -> str:
    path, mark, query = way.partition("?")
    return f"{path}/{what}{mark}{query}"


ROUTES = [show_removal, remove, show_merger, merge]
