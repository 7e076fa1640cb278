"""A producer's stock and products."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.catalog import desk_forms, desk_queries, editor_queries, shelf
from app.catalog.desk_forms import PriceRow, Sheet, ShownRow, StockRow
from app.catalog.desk_parts import Part, PartForm
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.i18n import ngettext
from app.web import desk
from app.web.access import at_a_producer
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
KINDS = {  # of stock movements
    "initial": _l("Prima giacenza"),
    "count": _l("Conteggio"),
    "hold": _l("Promesso a chi sta pagando"),
    "release": _l("Pagamento non arrivato"),
    "sale": _l("Venduto"),
    "return": _l("Reso"),
    "refill": _l("Rifornito"),
    "expired": _l("Avanzato, tolto dalla vendita"),
}


@get("/banco/magazzino", access=at_a_producer, name="desk.stock.show")
async def show_stock(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await _stock(visit, _part(request), Sheet())


@post("/banco/magazzino", access=at_a_producer, name="desk.stock.update")
async def update_stock(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id, sent = visit.who, visit.producer_id, await request.form()
    part, sheet = _part(request), Sheet.read(StockRow, sent, "was")
    counted = desk_forms.counted(sheet)
    if sheet.is_right:
        try:
            async with transaction(visit.db):
                changed = await shelf.take_stock(visit.db, producer_id, person, counted)
        except shelf.RowsRefused as no:
            sheet.refused(no)
        else:
            return _saved(visit, changed, "/banco/magazzino" + part.query(_next(part, sent)))
    return await _stock(visit, part, sheet)


@get("/banco/magazzino/{sku:str}", access=at_a_producer, name="desk.movements.show")
async def show_movements(visit: CurrentVisit, sku: FromPath[str]) -> Page:
    line, found = await desk_queries.movements(visit.db, visit.producer_id, sku)
    return Page("stock/movements.html", private=True, desk=desk.of_producer(), line=line, movements=found, kinds=KINDS)


@get("/banco/prodotti", access=at_a_producer, name="desk.products.show")
async def show_products(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await _products(visit, _part(request), Sheet(), Sheet())


@post("/banco/prodotti", access=at_a_producer, name="desk.products.update")
async def update_products(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id, sent = visit.who, visit.producer_id, await request.form()
    part = _part(request)
    prices, goods = Sheet.read(PriceRow, sent, "was"), Sheet.read(ShownRow, sent, "shown")
    priced = desk_forms.priced(prices, visit.shop.currency, _("Scrivi un prezzo più alto di zero e fino a 100.000"))
    if prices.is_right and goods.is_right:
        try:
            async with transaction(visit.db):
                changed = await shelf.set_offers(visit.db, producer_id, person, priced, desk_forms.shown(goods))
        except shelf.RowsRefused as no:
            prices.refused(no)
            goods.refused(no)
        else:
            return _saved(visit, changed, "/banco/prodotti" + part.query(_next(part, sent)))
    return await _products(visit, part, prices, goods)


def _part(request: AnyRequest) -> Part:
    return Part.of(PartForm.read(request.query_params).data)


def _next(part: Part, sent: Mapping[str, Any]) -> int:
    """The page to show after saving: the next one, if that was the button."""
    return part.page + 1 if sent.get("poi") == "avanti" else part.page


def _saved(visit: Visit, changed: int, path: str) -> Go:
    if changed:
        visit.tell(ngettext("Fatto: %(num)s riga cambiata.", "Fatto: %(num)s righe cambiate.", changed))
    else:
        visit.tell(_("Non c’era niente da cambiare."))
    return Go(path)


async def _stock(visit: Visit, part: Part, sheet: Sheet[StockRow]) -> Page:
    lines, part = await desk_queries.shelf(visit.db, visit.producer_id, part, sheet.rows)
    return Page(
        "stock/shelf.html",
        fragment="stock/_shelf.html",
        status_code=200 if sheet.is_right else 422,
        private=True,
        desk=desk.of_producer(),
        lines=lines,
        part=part,
        sheet=sheet,
    )


async def _products(visit: Visit, part: Part, prices: Sheet[PriceRow], goods: Sheet[ShownRow]) -> Page:
    offers, part = await desk_queries.offers(visit.db, visit.producer_id, visit.shop.currency, part, goods.rows)
    return Page(
        "stock/products.html",
        fragment="stock/_products.html",
        status_code=200 if prices.is_right and goods.is_right else 422,
        private=True,
        desk=desk.of_producer(),
        offers=offers,
        part=part,
        thrown=await editor_queries.thrown_away(visit.db, visit.producer_id),
        prices=prices,
        goods=goods,
        currency=visit.shop.currency,
    )


ROUTES = [show_stock, update_stock, show_movements, show_products, update_products]
