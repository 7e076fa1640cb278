"""«Per te», and the page that tells how everything is put in order."""

from typing import Any

from litestar import Request, get, post

from app.analytics.recommendations import choices, queries, weights
from app.analytics.recommendations.contextual import part_of_day
from app.analytics.recommendations.forms import UseForm
from app.analytics.recommendations.queries import Pick
from app.analytics.recommendations.reasons import sentence
from app.analytics.recommendations.told import told
from app.analytics.recommendations.views import ForYou, Reasoned
from app.catalog import drawing
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.system import pages
from app.web import access
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
SHOWN = {"personal": 8, "trending": 8, "contextual": 4}


@get("/per-te", access=access.anyone, name="recommendations.show")
async def show(visit: CurrentVisit) -> Page:
    user_id = visit.person.id if visit.person else None
    found = await queries.for_person(visit.db, user_id, part_of_day(clock.now(), visit.shop.time_zone))
    state = await _state(visit, known=bool(found["personal"]))
    kinds = ["personal", "contextual"] if found["personal"] else ["trending", "contextual"]
    bands = [band for kind in kinds if (band := await _band(visit, kind, found[kind][: SHOWN[kind]])) is not None]
    shown = ForYou(state, bands, weights.WEIGHTS.personal.days)
    return Page("recommendations/for_you.html", private=True, for_you=shown)


async def _state(visit: Visit, *, known: bool) -> str:
    if visit.person is None:
        return "guest"
    if known:
        return "known"
    return "new" if await choices.uses_purchases(visit.db, visit.person.id) else "refused"


async def _band(visit: Visit, kind: str, picks: list[Pick]) -> Reasoned | None:
    if not picks:
        return None
    title, why = {
        "personal": (_("Scelti per te"), _("Partono dai reparti da cui hai comprato. Quello che conosci già non c’è.")),
        "trending": (_("Più richiesti questa settimana"), _("Per tutti gli stessi: gli ordini e le visite recenti.")),
        "contextual": (_("Adesso"), _("Per tutti gli stessi: la stagione e l’ora.")),
    }[kind]
    await drawing.ready(visit.db, visit.shop, [(pick.product_id, pick.version) for pick in picks])  # all at once
    entries = [
        (card, sentence(pick.reason, pick.arguments))
        for pick in picks
        for card in await drawing.ready(visit.db, visit.shop, [(pick.product_id, pick.version)])
    ]
    return Reasoned(kind, title, why, entries)


@post("/per-te/acquisti", access=access.signed_in, name="recommendations.purchases.choose")
async def choose(visit: CurrentVisit, request: AnyRequest) -> Go:
    form = UseForm.read(await request.form())
    uses = bool(form.data and form.data.uses == "si")  # what we cannot read is no consent
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    async with transaction(visit.db):
        await choices.choose(visit.db, visit.person.id, uses)
    visit.tell(
        _("Da adesso i tuoi acquisti contano. I primi consigli arrivano fra poco.")
        if uses
        else _("Fatto: i tuoi acquisti non contano più, e i consigli fatti con loro li abbiamo cancellati.")
    )
    return Go("/per-te")


@get("/come-ordiniamo", access=access.anyone, name="ranking.show")
async def show_ranking(visit: CurrentVisit) -> Page:
    info = pages.page("come-ordiniamo", visit.locale, visit.shop)
    return Page("recommendations/ranking.html", info=info, told=told())


ROUTES = [show, choose, show_ranking]
