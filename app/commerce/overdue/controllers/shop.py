"""A buyer whose goods do not come chooses: a new term, or the end of the contract. By private link, or signed in."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderGroup
from app.commerce.overdue import choosing, queries, views
from app.commerce.overdue.forms import EndForm, TermForm
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
LATE = "/ordini/{number:str}/ritardo/{order:str}"
UNLISTED = {"X-Robots-Tag": "noindex"}


@get(LATE, access=anyone, name="overdue.choice.show")
async def show_choice(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page:
    return await _page(visit, request, number, order)


@post(LATE + "/termine", access=anyone, limit="careful", name="overdue.term.create")
async def grant(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page | Go:
    form = TermForm.read(await request.form())
    group, key = await _group(visit, request, number)
    if form.data is None:
        return await _page(visit, request, number, order, term=form)
    try:
        async with transaction(visit.db):
            await choosing.grant(visit.db, visit.shop, group.id, order, form.data.until, person=visit.person)
    except Refused as no:
        return await _page(visit, request, number, order, term=form.refused(no.message, no.field))
    except Conflict as no:
        return await _page(visit, request, number, order, trouble=no.message)
    visit.tell(_("Nuovo termine dato: l’abbiamo scritto a chi vende, e una copia arriva a te."))
    return Go(_link(number, key))


@post(LATE + "/risoluzione", access=anyone, limit="careful", name="overdue.end.create")
async def end(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Page | Go:
    form = EndForm.read(await request.form())
    group, key = await _group(visit, request, number)
    if form.data is None:
        return await _page(visit, request, number, order, ending=form)
    chosen = form.data
    try:
        async with transaction(visit.db):
            await choosing.end(
                visit.db, visit.shop, group.id, order, ground=chosen.ground, words=chosen.words, person=visit.person
            )
    except Refused as no:
        return await _page(visit, request, number, order, ending=form.refused(no.message, no.field))
    except Conflict as no:
        return await _page(visit, request, number, order, trouble=no.message)
    visit.tell(_("Contratto risolto: quello che hai pagato torna a te."))
    return Go(_link(number, key))


async def _page(
    visit: Visit,
    request: AnyRequest,
    number: str,
    order: str,
    *,
    term: Filled[TermForm] | None = None,
    ending: Filled[EndForm] | None = None,
    trouble: str = "",
) -> Page:
    """term, ending: as they were sent, with their mistakes (422). trouble: why nothing was done (409)."""
    group, key = await _group(visit, request, number)
    whole = await orders.with_orders(visit.db, group.id)
    mine = next((each for each in whole.orders if each.number == order), None)
    if mine is None or (whole.paid_at is None and whole.authorized_at is None):
        raise NotFound
    late = await queries.one(visit.db, mine.id, visit.shop.time_zone)
    shown = views.late_view(late) if late else None
    usual = shown.usual.isoformat() if shown else ""
    return Page(
        "overdue/choice.html",
        status_code=409 if trouble else 422 if term or ending else 200,
        private=True,
        headers=UNLISTED,
        it=shown,
        number=number,
        seller=str(mine.producer.get("name", "")),
        term=term or TermForm.blank(until=usual),
        ending=ending or EndForm.blank(ground="expired" if shown and shown.stage == queries.EXPIRED else ""),
        has_ended=await queries.ended(visit.db, mine.id),
        link=_link(number, key),
        here=f"/ordini/{number}/ritardo/{order}",
        asked=f"?chiave={key}" if key else "",
        trouble=trouble,
    )


async def _group(visit: Visit, request: AnyRequest, number: str) -> tuple[OrderGroup, str]:
    """The group and the key of its link. Raises NotFound for anybody else's."""
    key = request.query_params.get("chiave", "")
    return await orders.group_for(visit.db, visit.settings, number, key, visit.person), key


def _link(number: str, key: str) -> str:
    return f"/ordini/{number}" + (f"?chiave={key}" if key else "")


ROUTES = [show_choice, grant, end]
