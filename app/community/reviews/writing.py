"""What its author does with a review: writes it, changes it, takes it back.

Every way in goes through `queries.received`: there is no review without a line of an order that has arrived
(law.md L33). Within a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.models import Image, Product
from app.commerce.orders.models import Order
from app.community.reviews import queries
from app.community.reviews.models import Review, ReviewPhoto, ReviewSilence
from app.community.reviews.queries import Received
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _

EDITABLE = timedelta(days=30)
MOST_PHOTOS = 3
SOON = frozenset({"meal", "event"})  # kinds of goods that are reviewed within 30 days of use or not at all (law.md L34)
WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Draft:
    """What an author sends. by_name: signed with the first name and an initial, else with none.

    removed: ids of the review's photos that go; pictures: those that come.
    """

    rating: int
    title: str
    text: str
    by_name: bool
    locale: str
    removed: Sequence[int] = ()
    pictures: Sequence[Image] = ()


def signature(name: str) -> str:
    """ "Anna Maria Neri" → "Anna N."; what is shown of a buyer who signs."""
    first, _rest, others = " ".join(name.split()).partition(" ")
    last = others.rpartition(" ")[2]
    return f"{first[:40]} {last[0].upper()}." if last else first[:40]


async def refusal(db: AsyncSession, bought: Received, review: Review | None) -> str:
    """Why a line's buyer cannot write, or change, its review now; "" if he can."""
    now = clock.now()
    if await queries.is_insider(db, bought.producer_id, bought.user_id, bought.email):
        return _("Chi lavora da un produttore non può recensire i suoi prodotti.")
    if review is None and bought.kind in SOON and now > bought.delivered_at + WITHIN:
        return _("Un pasto o un evento si recensisce entro 30 giorni: sono passati.")
    if review is not None and not may_edit(review, now):
        return _("Sono passati più di 30 giorni da quando l’hai scritta: ora puoi solo ritirarla.")
    return ""


def may_edit(review: Review, now: datetime) -> bool:
    return now <= review.created_at + EDITABLE


async def write(db: AsyncSession, bought: Received, draft: Draft, *, at_once: bool) -> Review:
    """The review of a line as its author wants it from now on; the same again changes nothing.

    at_once: the shop publishes without reading first; not what was refused or waits already. Raises Refused.
    """
    await db.execute(
        select(Order.id).where(Order.id == bought.order_id).with_for_update(key_share=True)
    )  # one writer at a time
    review, now = await queries.of_line(db, bought.line_id), clock.now()
    if no := await refusal(db, bought, review):
        raise Refused(no)
    if review is None:
        review = _new(bought, now)
        db.add(review)
    was_public = review.state == "published"
    changed = _set(review, bought, draft)
    await db.flush()  # the photos need its id
    changed = await _set_photos(db, review, draft) or changed
    if changed or review.state == "withdrawn":
        _send_in(review, now, at_once=at_once and review.reason is None)
        if was_public or review.state == "published":
            await recount(db, review.product_id)
    return review


def _new(bought: Received, now: datetime) -> Review:
    return Review(
        order_line_id=bought.line_id,
        product_id=bought.product_id,
        producer_id=bought.producer_id,
        author_id=bought.user_id,
        rating=0,
        state="new",
        revision=0,
        delivered_at=bought.delivered_at,
        created_at=now,
        changed_at=now,
    )


def _set(review: Review, bought: Received, draft: Draft) -> bool:
    """Write what differs; whether anything did."""
    facts = {
        "rating": draft.rating,
        "title": draft.title,
        "text": draft.text,
        "signed": signature(bought.buyer) if draft.by_name else "",
    }
    different = {name: value for name, value in facts.items() if getattr(review, name) != value}
    for name, value in different.items():
        setattr(review, name, value)
    if different:
        review.locale = draft.locale
    return bool(different)


async def _set_photos(db: AsyncSession, review: Review, draft: Draft) -> bool:
    """Take out and put in; whether that changed anything. Raises Refused when there would be too many."""
    rows = await db.scalars(select(ReviewPhoto).where(ReviewPhoto.review_id == review.id))
    there = {photo.image_id: photo.id for photo in rows}
    gone = [photo_id for photo_id in there.values() if photo_id in draft.removed]
    kept = {image_id for image_id, photo_id in there.items() if photo_id not in gone}
    new = [image_id for image_id in dict.fromkeys(picture.id for picture in draft.pictures) if image_id not in kept]
    if len(kept) + len(new) > MOST_PHOTOS:
        raise Refused(_("Al massimo %(most)s foto in tutto: togline qualcuna.", most=MOST_PHOTOS), "pictures")
    if gone:
        await db.execute(delete(ReviewPhoto).where(ReviewPhoto.id.in_(gone)))
    db.add_all([ReviewPhoto(review_id=review.id, image_id=image_id) for image_id in new])
    return bool(gone or new)


def _send_in(review: Review, now: datetime, *, at_once: bool) -> None:
    """What was changed is read again before it is shown, unless the shop shows it first."""
    review.state = "published" if at_once and review.state != "pending" else "pending"
    review.published_at = (review.published_at or now) if review.state == "published" else None
    review.revision += 1
    review.changed_at = now


async def withdraw(db: AsyncSession, bought: Received) -> bool:
    """Take it back, at any time. False if that was done before. Raises NotFound if there is none."""
    await db.execute(select(Order.id).where(Order.id == bought.order_id).with_for_update(key_share=True))
    review = await queries.of_line(db, bought.line_id)
    if review is None:
        raise NotFound
    if review.state == "withdrawn":
        return False
    was_public = review.state == "published"
    review.state, review.published_at, review.changed_at = "withdrawn", None, clock.now()
    review.revision += 1
    await db.flush()  # the count must not see it
    if was_public:
        await recount(db, review.product_id)
    return True


async def silence(db: AsyncSession, email: str) -> None:
    """Never ask this buyer again what goods were like. The second time changes nothing."""
    address = email.lower()
    if await db.scalar(select(ReviewSilence.id).where(ReviewSilence.email == address)) is None:
        db.add(ReviewSilence(email=address, at=clock.now()))


async def recount(db: AsyncSession, product_id: int) -> None:
    """The stars of a product, from all of its published reviews. The lock lets the second of two deeds count both."""
    await db.flush()  # what this deed has changed counts
    await db.execute(select(Product.id).where(Product.id == product_id).with_for_update(key_share=True))
    public = select(func.count(), func.coalesce(func.sum(Review.rating), 0)).where(
        Review.product_id == product_id, Review.state == "published"
    )
    count, total = (await db.execute(public)).one()
    await products.rated(db, product_id, count, int(total))
