"""What somebody has put aside, with an account or without."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.catalog import drawing
from app.engagement.watches import queries, wishes
from app.engagement.watches.forms import WishForm
from app.engagement.watches.queries import Owner
from app.engagement.watches.views import WishesView, WishView
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
COOKIE_SECONDS = int(wishes.KEPT.total_seconds())


@get("/preferiti", access=access.anyone, name="wishes.show")
async def show_wishes(visit: CurrentVisit, request: AnyRequest) -> Page:
    form = WishForm.read({"product_id": request.query_params.get("tolto", "")})
    return await _page(visit, undo=form.data.product_id if form.data else None)


@post("/preferiti", access=access.anyone, limit="careful", name="wishes.create")
async def add_wish(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = WishForm.read(await request.form())
    if form.data is None:
        return await _not_added(visit, form, _("Questo prodotto non è più in vendita."))
    try:
        async with transaction(visit.db):
            list_id, token = await wishes.open_list(visit.db, _owner(visit))
            name, url = await wishes.add(visit.db, list_id, form.data.product_id)
    except Refused as no:
        return await _not_added(visit, form, no.message)
    _keep(visit, token)
    said = _("Salvato nei tuoi preferiti: %(name)s.", name=name)
    if visit.is_fragment and form.data.elenco:
        return await _page(visit, said=said)
    if visit.is_fragment:
        return Page("watches/_saved.html", private=True, said=said)
    visit.tell(said)
    return Go("/preferiti" if form.data.elenco else url)


@post("/preferiti/{product_id:int}/rimozione", access=access.anyone, name="wishes.remove")
async def remove_wish(visit: CurrentVisit, product_id: FromPath[int]) -> Page | Go:
    async with transaction(visit.db):
        await wishes.remove(visit.db, _owner(visit), product_id)
    if not visit.is_fragment:
        return Go(f"/preferiti?tolto={product_id}")
    return await _page(visit, undo=product_id, said=_("Tolto dai preferiti."))


ROUTES = [show_wishes, add_wish, remove_wish]


def _owner(visit: Visit) -> Owner:
    return Owner(visit.person.id) if visit.person else Owner(None, visit.cookie("wishes"))


def _keep(visit: Visit, token: str | None) -> None:
    """The guest's cookie lives as long as the list: 180 days from the last time something was put aside."""
    kept = token or visit.cookie("wishes")
    if kept and visit.person is None:
        visit.set_cookie("wishes", kept, max_age=COOKIE_SECONDS)


async def _not_added(visit: Visit, form: Filled[WishForm], problem: str) -> Page:
    if visit.is_fragment and not form.chosen("elenco", "1"):
        return Page("watches/_saved.html", private=True, status_code=422, said=problem)
    return await _page(visit, problem=problem, said=problem)


async def _page(visit: Visit, *, undo: int | None = None, problem: str | None = None, said: str = "") -> Page:
    mine = await queries.wished(visit.db, _owner(visit))
    sold = [(wish.product_id, wish.version) for wish in mine if wish.is_sold]
    ready = await drawing.ready(visit.db, visit.shop, sold) if sold else []
    card_of = dict(zip((product_id for product_id, _version in sold), ready, strict=True))
    gone = await queries.wishable(visit.db, undo) if undo else None
    shown = WishesView(
        [WishView(wish.product_id, wish.name, card_of.get(wish.product_id)) for wish in mine],
        (undo, gone[0]) if undo and gone else None,
        problem,
    )
    return Page(
        "watches/wishes.html",
        fragment="watches/_wishes.html",
        private=True,
        status_code=422 if problem else 200,
        mine=shown,
        said=said,
    )
