"""The desk's button «È pronto: chiedi il saldo»."""

from litestar import post
from litestar.params import FromPath

from app.commerce.deposits import asking
from app.commerce.orders import queries as orders
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.web.access import at_a_producer
from app.web.pages import Go
from app.web.visit import CurrentVisit


@post("/banco/ordini/{number:str}/saldo", access=at_a_producer, name="desk.balance.ask")
async def ask_for_balance(visit: CurrentVisit, number: FromPath[str]) -> Go:
    person, producer_id = visit.who, visit.producer_id
    try:
        async with transaction(visit.db):
            order = await orders.at_desk(visit.db, producer_id, number)
            asked = await asking.ask(visit.db, order, person)
    except Conflict as no:
        visit.tell(no.message, "bad")
    else:
        said = _("Abbiamo scritto a chi ha comprato: appena paga il saldo puoi spedire.")
        visit.tell(said if asked else _("Il saldo era già stato chiesto."))
    return Go(f"/banco/ordini/{number}")


ROUTES = [ask_for_balance]
