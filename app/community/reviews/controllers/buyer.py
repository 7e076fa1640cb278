"""The review of something that arrived: whoever may see the order may write it, change it and take it back."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from app.catalog import uploads
from app.catalog.pixels import MOST_BYTES
from app.commerce.orders.queries import group_for
from app.community.reviews import mails, queries, views, writing
from app.community.reviews.forms import ReviewForm
from app.community.reviews.models import Review
from app.community.reviews.queries import Received
from app.community.reviews.writing import MOST_PHOTOS, Draft
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.shops.rules import REVIEWS_AT_ONCE
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/ordini/{number:str}/recensioni/{line_id:int}"
Files = Sequence[UploadFile]
UNLISTED = {"X-Robots-Tag": "noindex"}
MOST_BODY = MOST_PHOTOS * MOST_BYTES + 1_000_000  # bytes
PHOTO_NAME = "recensione"  # what people call their files is not shown to others


@get(PATH, access=anyone, name="reviews.mine.show")
async def show_mine(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], line_id: FromPath[int]) -> Page:
    """By the order's private link, or as its signed-in owner; the same for the deeds below."""
    bought, key = await _bought(visit, request, number, line_id)
    return await _page(visit, bought, number, key)


@post(PATH, access=anyone, limit="careful", request_max_body_size=MOST_BODY, name="reviews.mine.save")
async def save_mine(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], line_id: FromPath[int]
) -> Page | Go:
    bought, key = await _bought(visit, request, number, line_id)
    sent = await request.form()
    form = ReviewForm.read(sent)
    try:
        async with uploads.files_of(sent, most=MOST_PHOTOS) as files:
            if form.data:
                review = await _write(visit, request, bought, form.data, files)
                visit.tell(_thanks(review))
                return Go(mails.path(number, line_id, key))
            if files:
                form.refused(_("Le foto vanno scelte di nuovo: il browser non le tiene."), "pictures")
    except Refused as no:
        form.refused(no.message, no.field)
    return await _page(visit, bought, number, key, form=form)


@post(f"{PATH}/ritiro", access=anyone, name="reviews.withdrawal.create")
async def withdraw_mine(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], line_id: FromPath[int]) -> Go:
    bought, key = await _bought(visit, request, number, line_id)
    async with transaction(visit.db):
        await writing.withdraw(visit.db, bought)
    visit.tell(_("La tua recensione è ritirata: non la vede più nessuno."))
    return Go(mails.path(number, line_id, key))


@get("/ordini/{number:str}/inviti", access=anyone, name="reviews.silence.show")
async def show_silence(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    return await _silence(visit, request, number)


@post("/ordini/{number:str}/inviti", access=anyone, name="reviews.silence.create")
async def silence(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """Answers with the page, not a redirect: mail programs press this button for their readers (RFC 8058)."""
    key = request.query_params.get("chiave", "")
    group = await group_for(visit.db, visit.settings, number, key, visit.person)
    email = group.email
    async with transaction(visit.db):
        await writing.silence(visit.db, email)
    return await _silence(visit, request, number, done=True)


async def _silence(visit: Visit, request: AnyRequest, number: str, *, done: bool = False) -> Page:
    key = request.query_params.get("chiave", "")
    group = await group_for(visit.db, visit.settings, number, key, visit.person)
    link = f"/ordini/{number}/inviti" + (f"?chiave={key}" if key else "")
    return Page("reviews/silence.html", private=True, headers=UNLISTED, email=group.email, link=link, done=done)


async def _bought(visit: Visit, request: AnyRequest, number: str, line_id: int) -> tuple[Received, str]:
    """The line, and the key of the private link if there is one. Raises NotFound alike for all that may not."""
    key = request.query_params.get("chiave", "")
    group = await group_for(visit.db, visit.settings, number, key, visit.person)
    return await queries.received(visit.db, group.id, line_id), key


async def _write(
    visit: Visit, request: AnyRequest, bought: Received, form: ReviewForm, files: Sequence[UploadFile]
) -> Review:
    made = await uploads.prepared(files, PHOTO_NAME) if files else []
    storage = request.app.state.storage
    async with (
        uploads.taken_in(visit.db, storage, visit.shop.slug, made, bought.names) as pictures,
        transaction(visit.db),
    ):
        draft = Draft(
            rating=form.rating,
            title=form.title,
            text=form.text,
            by_name=form.signed == "name",
            locale=visit.locale,
            removed=form.remove,
            pictures=pictures,
        )
        at_once = REVIEWS_AT_ONCE.of(visit.shop)
        return await writing.write(visit.db, bought, draft, at_once=at_once)


def _thanks(review: Review) -> str:
    if review.state == "published":
        return _("Grazie! La tua recensione è pubblicata.")
    return _("Grazie! La leggiamo e la pubblichiamo presto, anche se è critica.")


async def _page(
    visit: Visit, bought: Received, number: str, key: str, *, form: Filled[ReviewForm] | None = None
) -> Page:
    """form: as it was sent, with its mistakes (422)."""
    review = await queries.of_line(visit.db, bought.line_id)
    photos = (await queries.photos_of(visit.db, [review.id]))[review.id] if review else []
    mine = views.mine(review, photos, clock.now()) if review else None
    return Page(
        "reviews/mine.html",
        status_code=422 if form else 200,
        private=True,
        headers=UNLISTED,
        name=views.name_of(bought.names),
        product_url=f"/prodotti/{bought.slug}",
        seller=bought.seller,
        mine=mine,
        states=views.STATES,
        closed=await writing.refusal(visit.db, bought, review),
        form=form or _blank(review),
        stars=[(stars, str(views.LIKED[stars])) for stars in queries.STARS],
        names=[("name", writing.signature(bought.buyer), None), ("customer", _("Cliente"), _("senza nome"))],
        most_photos=MOST_PHOTOS,
        link=mails.path(number, bought.line_id, key),
        withdrawal=mails.path(number, bought.line_id, key, "/ritiro"),
        order_link=f"/ordini/{number}" + (f"?chiave={key}" if key else ""),
    )


def _blank(review: Review | None) -> Filled[ReviewForm]:
    if review is None:
        return ReviewForm.blank(signed="name")
    signed = "name" if review.signed else "customer"
    return ReviewForm.blank(rating=str(review.rating), title=review.title, text=review.text, signed=signed)


ROUTES = [show_mine, save_mine, withdraw_mine, show_silence, silence]
