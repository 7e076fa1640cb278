"""«Aggiungi a questo ordine», and the way out of it."""

from typing import Any

from litestar import Request, post
from litestar.params import FromPath

from app.commerce.additions import joining
from app.commerce.cart import adding, lines
from app.commerce.checkout import drafts
from app.commerce.orders import queries as orders
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.pages import Go
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
COOKIE_SECONDS = int(lines.KEPT.total_seconds())


@post("/ordini/{number:str}/aggiunte", access=anyone, limit="careful", name="additions.start")
async def start(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Go:
    """From now on this shopper's basket adds to this order. By the private link, or as the signed-in owner."""
    key = request.query_params.get("chiave", "")
    shown = await orders.group_for(visit.db, visit.settings, number, key, visit.person)
    user_id, way = visit.person.id if visit.person else None, f"/ordini/{number}" + (f"?chiave={key}" if key else "")
    try:
        async with transaction(visit.db):
            group = await joining.start(visit.db, visit.shop, shown.id, user_id)
            mine = lines.whose(visit.cart_id, user_id, visit.cookie("cart"))
            cart_id, token = await lines.open_cart(visit.db, mine, user_id)
            await adding.remember(visit.db, cart_id, group.id)
            await drafts.take_over(visit.db, cart_id, group)
    except Conflict as no:
        visit.tell(no.message, "bad")
        return Go(way)
    if (kept := token or visit.cookie("cart")) and visit.person is None:
        visit.set_cookie("cart", kept, max_age=COOKIE_SECONDS)
    visit.tell(_("Quello che metti nel carrello viaggia nello stesso pacco dell’ordine %(number)s.", number=number))
    return Go("/carrello")


@post("/carrello/a-parte", access=anyone, name="additions.stop")
async def stop(visit: CurrentVisit) -> Go:
    """The basket is an ordinary one again."""
    if visit.cart_id is not None:
        async with transaction(visit.db):
            await adding.remember(visit.db, visit.cart_id, None)
    visit.tell(_("Questo carrello viaggia a parte, con la sua consegna."))
    return Go("/carrello")


ROUTES = [start, stop]
