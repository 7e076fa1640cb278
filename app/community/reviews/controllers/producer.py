"""What a producer's customers say, and his answers."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.community.reviews import desk_queries, queries, views, voices
from app.community.reviews.desk_queries import PAGE
from app.community.reviews.forms import AnswerForm
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


@get("/banco/recensioni", access=at_a_producer, name="desk.reviews.list")
async def show_reviews(visit: CurrentVisit) -> Page:
    producer_id, page = visit.producer_id, visit.page
    rows = await desk_queries.at_producer(visit.db, producer_id, page)
    photos = await queries.photos_of(visit.db, [row.Review.id for row in rows[:PAGE]])
    average = await queries.producer_average(visit.db, producer_id)
    return Page(
        "reviews/desk_list.html",
        private=True,
        desk=desk.of_producer(),
        reviews=[views.judged(row, photos[row.Review.id]) for row in rows[:PAGE]],
        score=views.score(average.count, average.total) if average else None,
        unanswered=await desk_queries.unanswered(visit.db, producer_id),
        page=page,
        has_more=len(rows) > PAGE,
    )


@get("/banco/recensioni/{review_id:int}", access=at_a_producer, name="desk.review.show")
async def show_review(visit: CurrentVisit, review_id: FromPath[int]) -> Page:
    return await _review(visit, review_id)


@post("/banco/recensioni/{review_id:int}/risposta", access=at_a_producer, name="desk.answer.save")
async def save_answer(visit: CurrentVisit, request: AnyRequest, review_id: FromPath[int]) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = AnswerForm.read(await request.form())
    if form.data is None:
        return await _review(visit, review_id, form=form)
    async with transaction(visit.db):
        await voices.answer(visit.db, review_id, person, producer_id, form.data.text)
    visit.tell(_("La tua risposta è sotto la recensione, la leggono tutti."))
    return Go("/banco/recensioni")


async def _review(visit: Visit, review_id: int, *, form: Filled[AnswerForm] | None = None) -> Page:
    """form: as it was sent, with its mistakes (422)."""
    row = await desk_queries.one_at_producer(visit.db, visit.producer_id, review_id)
    photos = await queries.photos_of(visit.db, [review_id])
    return Page(
        "reviews/desk_one.html",
        status_code=422 if form else 200,
        private=True,
        desk=desk.of_producer(),
        review=views.judged(row, photos[review_id]),
        form=form or AnswerForm.blank(text=row.answer or ""),
    )


ROUTES = [show_reviews, show_review, save_answer]
