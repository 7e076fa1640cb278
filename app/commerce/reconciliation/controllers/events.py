"""What Stripe has told us, and the button that has it handled once more."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.payments import webhooks, words
from app.commerce.reconciliation import queries
from app.commerce.reconciliation.controllers.reports import page
from app.kernel.db import transaction
from app.kernel.errors import Forbidden
from app.kernel.i18n import gettext as _
from app.system import audit
from app.web import access
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/eventi"


@get(PATH, access=access.staff, name="office.events.list")
async def show_events(visit: CurrentVisit, request: AnyRequest) -> Page:
    search, state = (request.query_params.get(name, "").strip()[:80] for name in ("q", "stato"))
    asked = request.query_params.get("pagina", "1")
    number = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    state = state if state in words.EVENT_STATES else ""
    shown, has_more = queries.pages(await queries.events(visit.db, state, search, number))
    return await page(
        visit,
        "reconciliation/events.html",
        rows=shown,
        has_more=has_more,
        page=number,
        search=search,
        state=state,
        states=words.EVENT_STATES,
        may_act=access.admin(visit.person),
    )


@post(PATH + "/{event_id:int}/ripetizione", access=access.admin, name="office.event.replay")
async def replay(visit: CurrentVisit, event_id: FromPath[int]) -> Go:
    """Harmless: an event is a hint, and Stripe's present state decides."""
    if visit.person is None:
        raise Forbidden
    async with transaction(visit.db):
        event = await queries.event(visit.db, event_id)
        again = await webhooks.replay(visit.db, event_id)
        if again:
            audit.record(
                visit.db,
                action="event.replayed",
                entity="event",
                entity_id=event_id,
                actor_id=visit.person.id,
                actor_role=visit.person.role,
                after={"type": event.type, "object": event.object_id},
            )
    visit.tell(_("L’evento riparte adesso.") if again else _("È già in coda: aspetta un momento."))
    return Go(PATH)


ROUTES = [show_events, replay]
