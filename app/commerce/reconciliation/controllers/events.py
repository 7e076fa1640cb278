"""What Stripe has told us, and the button that has it handled once more."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.payments import webhooks, words
from app.commerce.reconciliation import queries
from app.commerce.reconciliation.controllers.reports import page
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.system import audit
from app.web import access
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/eventi"


@get(PATH, access=access.staff, name="office.events.list")
async def show_events(visit: CurrentVisit, request: AnyRequest) -> Page:
    search, state, kind = (request.query_params.get(name, "").strip()[:80] for name in ("q", "stato", "tipo"))
    state = state if state in words.EVENT_STATES else ""
    kind = kind if kind in words.EVENT_KINDS else ""
    shown, has_more = queries.pages(await queries.events(visit.db, state, search, visit.page, kind))
    return await page(
        visit,
        "reconciliation/events.html",
        rows=shown,
        has_more=has_more,
        page=visit.page,
        search=search,
        state=state,
        kind=kind,
        states=words.EVENT_STATES,
        kinds=words.EVENT_KINDS,
        kind_of=words.event_kind,
        note_of=words.event_note,
        may_act=access.admin(visit.person),
    )


@post(PATH + "/{event_id:int}/ripetizione", access=access.admin, name="office.event.replay")
async def replay(visit: CurrentVisit, request: AnyRequest, event_id: FromPath[int]) -> Go:
    """Harmless: an event is a hint, and Stripe's present state decides. Back to the list as it was narrowed."""
    async with transaction(visit.db):
        event = await queries.event(visit.db, event_id)
        again = await webhooks.replay(visit.db, event_id)
        if again:
            audit.by(
                visit.db,
                visit.who,
                "event.replayed",
                ("event", event_id),
                {},
                {"type": event.type, "object": event.object_id},
            )
    visit.tell(_("L’evento riparte adesso.") if again else _("È già in coda: aspetta un momento."))
    narrowed = {name: request.query_params.get(name) for name in ("q", "tipo", "stato", "pagina")}
    return Go(PATH + visit.query_of(**narrowed))


ROUTES = [show_events, replay]
