"""The cart's pages."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.additions.joining import NOTHING, Joins
from app.commerce.cart import adding, delivering, delivery_views, discount_views, discounts, lines, queries, views
from app.commerce.cart.basket import Basket
from app.commerce.cart.discounts import Discounts
from app.commerce.cart.forms import AddForm, CodeForm, PartForm, PlaceForm, QuantityForm
from app.commerce.cart.lines import Added
from app.commerce.cart.views import CartView, Mistake, Undo
from app.commerce.orders.models import OrderGroup
from app.delivery import remembered
from app.delivery.quotes import Quote
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.producers.vat import rates as vat
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
COOKIE_SECONDS = int(lines.KEPT.total_seconds())


@get("/carrello", access=access.anyone, name="cart.show")
async def show_cart(visit: CurrentVisit, request: AnyRequest) -> Page:
    return _page(await _view(visit, undo=await _undo(visit, request)))


@post("/carrello/righe", access=access.anyone, finds_cart=True, name="cart.line.add")
async def add_line(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = AddForm.read(await request.form())
    added: Added | None = None
    if form.data:
        try:
            async with transaction(visit.db):
                added, cart_id, token = await lines.add(
                    visit.db, _mine(visit), _user_id(visit), form.data.variant_id, form.data.quantity
                )
        except Refused as no:
            form.refused(no.message)
        else:
            _keep(visit, cart_id, token)
            visit.count_cart(added.count)
    return await _after_add(visit, form, added)


@post("/carrello/righe/{line_id:int}", access=access.anyone, name="cart.line.change")
async def change_line(visit: CurrentVisit, request: AnyRequest, line_id: FromPath[int]) -> Page | Go:
    form = QuantityForm.read(await request.form())
    if form.data:
        try:
            async with transaction(visit.db):
                await lines.change(visit.db, visit.cart_id, line_id, form.data.quantity)
        except Refused as no:
            form.refused(no.message, no.field)
    elif await queries.line_variant(visit.db, visit.cart_id, line_id) is None:
        raise NotFound
    if form.errors:
        mistake = Mistake(form.value("quantity"), form.errors["quantity"], line_id)
        return _page(await _view(visit, mistake=mistake), 422, mistake.sentence)
    return await _changed(visit, _("Quantità aggiornata."))


@post("/carrello/righe/{line_id:int}/rimozione", access=access.anyone, name="cart.line.remove")
async def remove_line(visit: CurrentVisit, line_id: FromPath[int]) -> Page | Go:
    async with transaction(visit.db):
        variant_id, quantity = await lines.remove(visit.db, visit.cart_id, line_id)
    if not visit.is_fragment:
        return Go(f"/carrello?tolto={variant_id}&pezzi={quantity}")
    undo = Undo(await queries.name_of(visit.db, variant_id), variant_id, quantity)
    return _page(await _view(visit, undo=undo), said=_("Tolto dal carrello: %(name)s.", name=undo.name))


@post("/carrello/cap", access=access.anyone, name="cart.place.remember")
async def remember_place(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    sent = await request.form()
    form = PlaceForm.read({"cap": sent.get("cap", ""), "country": sent.get("country") or visit.shop.country})
    if not form.data:
        mistake = Mistake(form.value("cap"), next(iter(form.errors.values())))
        return _page(await _view(visit, mistake=mistake), 422, mistake.sentence)
    async with transaction(visit.db):
        cart_id, token = await _open(visit)
        await lines.remember_place(visit.db, cart_id, form.data.country, form.data.cap)
    _keep(visit, cart_id, token)
    if form.data.country == visit.shop.country:
        remembered.remember(visit, form.data.cap)
    return await _changed(visit, _("Consegna calcolata per %(cap)s.", cap=form.data.cap))


@post("/carrello/visto", access=access.anyone, name="cart.prices.accept")
async def accept_prices(visit: CurrentVisit) -> Page | Go:
    async with transaction(visit.db):
        await lines.accept_prices(visit.db, visit.cart_id)
    return await _changed(visit, _("I prezzi sono quelli di oggi."))


@post("/carrello/codice", access=access.anyone, limit="careful", name="cart.code.keep")
async def keep_code(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = CodeForm.read(await request.form())
    basket, place = await _basket(visit)
    if basket.cart_id is None or not basket.lines:
        return Go("/carrello")
    wrong = form.errors.get("promo_code") or await _code_refusal(visit, basket, place, form.value("promo_code"))
    if wrong:
        mistake = Mistake(form.value("promo_code"), wrong, is_code=True)
        return _page(await _view(visit, mistake=mistake), 422, mistake.sentence)
    async with transaction(visit.db):
        await lines.remember_code(visit.db, basket.cart_id, form.value("promo_code"))
    return await _changed(visit, _("Il codice è nel carrello."))


@post("/carrello/codice/rimozione", access=access.anyone, name="cart.code.remove")
async def remove_code(visit: CurrentVisit) -> Page | Go:
    if visit.cart_id is not None:
        async with transaction(visit.db):
            await lines.remember_code(visit.db, visit.cart_id, None)
    return await _changed(visit, _("Codice tolto."))


@post("/carrello/parte", access=access.anyone, name="cart.part.choose")
async def choose_part(visit: CurrentVisit, request: AnyRequest) -> Go:
    """A piece with a deposit is ordered by itself: it goes first, or the other goods do. The rest stays in the cart."""
    form = PartForm.read(await request.form())
    if form.data is None or visit.cart_id is None:
        return Go("/carrello")
    async with transaction(visit.db):
        await lines.remember_part(visit.db, visit.cart_id, form.data.ordering)
    return Go("/cassa")


ROUTES = [
    show_cart,
    add_line,
    change_line,
    remove_line,
    remember_place,
    accept_prices,
    keep_code,
    remove_code,
    choose_part,
]


async def _open(visit: Visit) -> tuple[int, str | None]:
    visit.cart_id, token = await lines.open_cart(visit.db, _mine(visit), _user_id(visit))
    return visit.cart_id, token


def _mine(visit: Visit) -> dict[str, int | str]:
    return lines.whose(visit.cart_id, _user_id(visit), visit.cookie("cart"))


def _user_id(visit: Visit) -> int | None:
    return visit.person.id if visit.person else None


def _keep(visit: Visit, cart_id: int, token: str | None) -> None:
    """The guest's cookie lives as long as the cart: 30 days from the last time something was put in."""
    visit.cart_id = cart_id
    kept = token or visit.cookie("cart")
    if kept and visit.person is None:
        visit.set_cookie("cart", kept, max_age=COOKIE_SECONDS)


async def _view(visit: Visit, *, mistake: Mistake | None = None, undo: Undo | None = None) -> CartView:
    basket, place = await _basket(visit)
    joins = await adding.joins(visit.db, visit.shop, basket, _user_id(visit))
    if joins and joins.group and not _is_at(basket, joins.group):  # it goes where that order goes
        basket = replace(basket, country=joins.group.country, postal_code=joins.group.postal_code)
        place = await delivering.zone(visit.db, visit.shop, basket, joins.group.country, joins.group.postal_code)
    found = await _discounts(visit, basket, place, joins)
    is_net, home = visit.shop.prices_are_net, visit.shop.country
    rates = await vat.noted(visit.db, home, {basket.country}) if is_net else None
    return views.cart(visit.shop, basket, place, found, mistake=mistake, undo=undo, joins=joins, rates=rates)


def _is_at(basket: Basket, group: OrderGroup) -> bool:
    return (basket.country, basket.postal_code) == (group.country, group.postal_code)


async def _basket(visit: Visit) -> tuple[Basket, Quote | None]:
    basket = delivering.placed(visit, await queries.basket(visit.db, visit.cart_id))
    visit.count_cart(basket.count)
    if not basket.postal_code or not basket.lines:
        return basket, None
    return basket, await delivering.zone(visit.db, visit.shop, basket, basket.country, basket.postal_code)


async def _discounts(visit: Visit, basket: Basket, place: Quote | None, joins: Joins = NOTHING) -> Discounts:
    person, fees = visit.person, delivery_views.fees(basket, place, joins)
    email = person.email if person else ""
    return await discounts.find(visit.db, visit.shop, basket, fees, zone=place, user_id=_user_id(visit), email=email)


async def _code_refusal(visit: Visit, basket: Basket, place: Quote | None, typed: str) -> str | None:
    found = await _discounts(visit, replace(basket, code=typed), place)
    return discount_views.refusal(visit.shop, found)


async def _undo(visit: Visit, request: AnyRequest) -> Undo | None:
    """What was just taken out, from the address that a removal leads to."""
    with suppress(ValueError, KeyError):
        form = AddForm.read({"variant_id": request.query_params["tolto"], "quantity": request.query_params["pezzi"]})
        if form.data and (name := await queries.name_of(visit.db, form.data.variant_id)):
            return Undo(name, form.data.variant_id, form.data.quantity)
    return None


async def _changed(visit: Visit, said: str) -> Page | Go:
    return _page(await _view(visit), said=said) if visit.is_fragment else Go("/carrello")


def _page(cart: CartView, status_code: int = 200, said: str = "") -> Page:
    return Page(
        "commerce/cart.html",
        fragment="commerce/_cart.html",
        status_code=status_code,
        private=True,
        cart=cart,
        said=said,
    )


async def _after_add(visit: Visit, form: Filled[AddForm], added: Added | None) -> Page | Go:
    """htmx: the drawer. Else the cart, or the form again with what is wrong."""
    status_code = 200 if added else 422
    problem = added.warning if added else next(iter(form.errors.values()))
    if not visit.is_fragment and added:
        visit.tell(added.warning or _("Nel carrello: %(name)s.", name=added.name))
        return Go("/carrello")
    if not visit.is_fragment:
        name = await queries.name_of(visit.db, form.data.variant_id) if form.data else ""
        return Page("commerce/cart_add.html", status_code=status_code, private=True, form=form, name=name)
    said = problem or (_("Nel carrello: %(name)s.", name=added.name) if added else "")
    totals = {"count": visit.cart_count, "goods_minor": 0, "currency": visit.shop.currency}
    totals["goods_minor"] = added.goods_minor if added else (await queries.basket(visit.db, visit.cart_id)).goods_minor
    return Page(
        "commerce/_drawer.html",
        status_code=status_code,
        private=True,
        added=added,
        problem=problem,
        cart=totals,
        said=said,
    )
