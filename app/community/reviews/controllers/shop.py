"""What everybody reads of reviews, and may say to them."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.community.reviews import queries, views, voices
from app.community.reviews.forms import BackForm, ReportForm
from app.community.reviews.queries import SORTS, STARS
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.shops.rules import REVIEWS_AT_ONCE
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
LAST_PAGE = 10_000
KEPT_SECONDS = 180 * 24 * 3600  # the cookie of a guest who pressed a button


@get("/prodotti/{slug:str}/recensioni", access=anyone, name="reviews.list")
async def show_reviews(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    named = await queries.product(visit.db, slug)
    sort = request.query_params.get("ordine", "")
    sort = sort if sort in SORTS else SORTS[0]
    stars = _stars(request.query_params.get("stelle", ""))
    score = views.score_of(await queries.spread(visit.db, named.id)) if named.rating_count else None
    count = views.counted(score, stars)
    page = _number(request, last=views.pages_of(count))
    rows = await queries.published(visit.db, named.id, sort=sort, page=page, stars=stars) if count else []
    path = visit.href(f"/prodotti/{slug}/recensioni")
    shown = views.reviews(named, rows, score, views.Wanted(sort, page, stars), path)
    return Page("reviews/list.html", fragment="reviews/_results.html", it=shown)


@get("/recensioni/come-funzionano", access=anyone, name="reviews.how.show")
async def show_how(visit: CurrentVisit) -> Page:
    """Whether and how we see to it that reviews are genuine. Source: law.md L33 (art. 22 c. 5-bis)."""
    at_once = REVIEWS_AT_ONCE.of(visit.shop)
    return Page("reviews/how.html", at_once=at_once)


@post("/recensioni/{review_id:int}/utile", access=anyone, limit="careful", name="reviews.vote.create")
async def vote(visit: CurrentVisit, request: AnyRequest, review_id: FromPath[int]) -> Page | Go:
    form = BackForm.read(await request.form())
    async with transaction(visit.db):
        helpful, counts = await voices.help_vote(visit.db, review_id, _voter(visit), visit.person)
    thanks = _("Grazie: lo diciamo a chi legge.")
    said = thanks if counts else _("Il voto di chi l’ha scritta, o vende il prodotto, non conta.")
    if visit.is_fragment:
        return Page("reviews/_helped.html", private=True, helpful=helpful if counts else 0, said=said)
    visit.tell(said)
    return Go(await _back(visit, review_id, form.data or BackForm()))


@get("/recensioni/{review_id:int}/segnalazione", access=anyone, name="reviews.report.show")
async def show_report(visit: CurrentVisit, review_id: FromPath[int]) -> Page:
    return await _report(visit, review_id, ReportForm.blank())


@post("/recensioni/{review_id:int}/segnalazione", access=anyone, limit="careful", name="reviews.report.create")
async def report(visit: CurrentVisit, request: AnyRequest, review_id: FromPath[int]) -> Page | Go:
    known = await queries.public(visit.db, review_id)
    form = ReportForm.read(await request.form())
    if form.data is None:
        return await _report(visit, review_id, form)
    async with transaction(visit.db):
        await voices.report(visit.db, review_id, _voter(visit), form.data.reason, form.data.text)
    visit.tell(_("Grazie: la rileggiamo noi. Se è contro le regole, la togliamo."))
    return Go(f"/prodotti/{known.slug}/recensioni")


async def _report(visit: Visit, review_id: int, form: Filled[ReportForm]) -> Page:
    known = await queries.public(visit.db, review_id)
    return Page(
        "reviews/report.html",
        status_code=422 if form.errors else 200,
        private=True,
        headers={"X-Robots-Tag": "noindex"},
        review=known,
        name=views.name_of(known.names),
        signed=views.signed(known.signed),
        reasons=[(code, str(words), None) for code, words in voices.REPORT_REASONS.items()],
        form=form,
    )


def _voter(visit: Visit) -> str:
    """Who presses: the person, or the cookie of a guest. One without any is given one, now and not before."""
    if visit.person:
        return voices.voter(visit.shop.id, "user", visit.person.id)
    known = visit.cookie("voter")
    if known is None and (cart := visit.cookie("cart")):
        return voices.voter(visit.shop.id, "cart", cart)
    if known is None:
        known = ids.token()
        visit.set_cookie("voter", known, max_age=KEPT_SECONDS)
    return voices.voter(visit.shop.id, "voter", known)


async def _back(visit: Visit, review_id: int, came_from: BackForm) -> str:
    """The page on which a button was pressed, at the review."""
    url = f"/prodotti/{(await queries.public(visit.db, review_id)).slug}"
    if came_from.da != "prodotto":
        sort = came_from.ordine if came_from.ordine in SORTS[1:] else None
        page = came_from.pagina if came_from.pagina > 1 else None
        url += "/recensioni" + visit.query_of(stelle=_stars(came_from.stelle), ordine=sort, pagina=page)
    return f"{url}#recensione-{review_id}"


def _stars(text: str) -> int | None:
    """1 to 5; whatever is not is all."""
    return next((stars for stars in STARS if text == str(stars)), None)


def _number(request: AnyRequest, last: int) -> int:
    """The page asked for, as far as there is one; whatever is no page number is the first."""
    asked = request.query_params.get("pagina", "1")
    return min(max(1, int(asked)), last) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


ROUTES = [show_reviews, show_how, vote, show_report, report]
