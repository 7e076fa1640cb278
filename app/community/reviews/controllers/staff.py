"""Staff read what waits and what was reported, and decide."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.community.reviews import desk_queries, moderation, queries, views
from app.community.reviews.desk_queries import PAGE, REPORTED
from app.community.reviews.forms import DecisionForm, RefusalForm
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/recensioni"


@get(PATH, access=staff, name="office.reviews.list")
async def show_reviews(visit: CurrentVisit, request: AnyRequest) -> Page:
    state, page = request.query_params.get("stato", ""), visit.page
    state = state if state in views.STATES or state == REPORTED else "pending"
    rows = await desk_queries.at_staff(visit.db, state, page)
    shown = [row.Review.id for row in rows[:PAGE]]
    photos, reports = await queries.photos_of(visit.db, shown), await desk_queries.reports_of(visit.db, shown)
    return await _page(
        visit,
        "reviews/staff_list.html",
        reviews=[views.judged(row, photos[row.Review.id], reports[row.Review.id]) for row in rows[:PAGE]],
        counts=await desk_queries.counts_at_staff(visit.db),
        state=state,
        page=page,
        has_more=len(rows) > PAGE,
    )


@get(PATH + "/{review_id:int}", access=staff, name="office.review.show")
async def show_review(visit: CurrentVisit, review_id: FromPath[int]) -> Page:
    return await _review(visit, review_id)


@post(PATH + "/{review_id:int}/approvazione", access=staff, name="office.review.approve")
async def approve(visit: CurrentVisit, request: AnyRequest, review_id: FromPath[int]) -> Page | Go:
    form = DecisionForm.read(await request.form())
    if form.data is None:
        return await _review(visit, review_id, trouble=_("Rileggi la recensione e decidi di nuovo."))
    try:
        async with transaction(visit.db):
            done = await moderation.approve(visit.db, review_id, visit.who, form.data.revision)
    except Conflict as no:
        return await _review(visit, review_id, trouble=no.message)
    visit.tell(_("La recensione è pubblicata.") if done else _("Era già pubblicata."))
    return Go(PATH)


@post(PATH + "/{review_id:int}/rifiuto", access=staff, name="office.review.refuse")
async def refuse(visit: CurrentVisit, request: AnyRequest, review_id: FromPath[int]) -> Page | Go:
    form = RefusalForm.read(await request.form())
    if form.data is None:
        return await _review(visit, review_id, form=form)
    try:
        async with transaction(visit.db):
            done = await moderation.refuse(
                visit.db, review_id, visit.who, form.data.revision, form.data.reason, form.data.text
            )
    except Conflict as no:
        return await _review(visit, review_id, form=form, trouble=no.message)
    visit.tell(_("Non la vede nessuno: all’autore scriviamo il perché.") if done else _("Era già rifiutata."))
    return Go(PATH)


async def _review(visit: Visit, review_id: int, *, form: Filled[RefusalForm] | None = None, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was decided (409)."""
    row = await desk_queries.one_at_staff(visit.db, review_id)
    photos = await queries.photos_of(visit.db, [review_id])
    reports = await desk_queries.reports_of(visit.db, [review_id])
    return await _page(
        visit,
        "reviews/staff_one.html",
        409 if trouble else 422 if form else 200,
        review=views.judged(row, photos[review_id], reports[review_id]),
        reasons=[(code, str(words), None) for code, words in moderation.REASONS.items()],
        form=form or RefusalForm.blank(),
        trouble=trouble,
    )


async def _page(visit: Visit, template: str, status_code: int = 200, **context: Any) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, states=views.STATES, **context)


ROUTES = [show_reviews, show_review, approve, refuse]
