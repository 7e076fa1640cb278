"""What others say to a review: visitors that it helped, anybody that it should not be there, the producer an answer.

Within a transaction; the second time changes nothing.
"""

import hashlib

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.community.reviews import queries
from app.community.reviews.models import Review, ReviewAnswer, ReviewReport, ReviewVote
from app.identity import news
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.tenancy import Person, in_language
from app.system import audit

REPORT_REASONS = {
    "offence": _l("Offende o minaccia qualcuno"),
    "personal": _l("Contiene dati personali, miei o di altri"),
    "off_topic": _l("Non parla del prodotto o dell’ordine"),
    "spam": _l("È pubblicità o un testo ripetuto"),
    "false": _l("Penso che sia falsa"),
    "illegal": _l("È illegale per un altro motivo"),
}


def voter(shop_id: int, kind: str, known_by: str | int) -> str:
    """A visitor as votes keep him: a hash of what we know him by. kind: user | voter | cart."""
    return hashlib.sha256(f"{shop_id}:{kind}:{known_by}".encode()).hexdigest()


async def help_vote(db: AsyncSession, review_id: int, by: str, person: Person | None) -> tuple[int, bool]:
    """Somebody found it helpful; (how many have, whether he counts). Raises NotFound for what is not published.

    Who wrote it, and who sells what it is about, do not count.
    """
    review = await _public(db, review_id)
    if person and (person.id == review.author_id or person.producer_id == review.producer_id):
        return review.helpful, False
    known = select(ReviewVote.id).where(ReviewVote.review_id == review_id, ReviewVote.voter == by)
    if await db.scalar(known) is None:
        db.add(ReviewVote(review_id=review_id, voter=by, at=clock.now()))
        review.helpful += 1
        await products.touch(db, [review.product_id])
    return review.helpful, True


async def report(db: AsyncSession, review_id: int, by: str, reason: str, text: str) -> bool:
    """It should not be there, says somebody. False if he has said so before. Raises NotFound as above."""
    await _public(db, review_id)
    known = select(ReviewReport.id).where(ReviewReport.review_id == review_id, ReviewReport.voter == by)
    if await db.scalar(known) is not None:
        return False
    db.add(ReviewReport(review_id=review_id, voter=by, reason=reason, text=text, at=clock.now()))
    return True


async def answer(db: AsyncSession, review_id: int, person: Person, producer_id: int, text: str) -> bool:
    """The producer's answer, which he may change. False if it says that already. Raises NotFound for another's."""
    review = await _public(db, review_id)
    if review.producer_id != producer_id:
        raise NotFound
    said = await db.scalar(select(ReviewAnswer).where(ReviewAnswer.review_id == review_id))
    before = said.text if said else None
    if before == text:
        return False
    now = clock.now()
    if said is None:
        said = ReviewAnswer(review_id=review_id, created_at=now)
        db.add(said)
    said.text, said.author_id, said.changed_at = text, person.id, now
    audit.by(db, person, "review.answered", ("review", review_id), {"answer": before}, {"answer": text})
    await products.touch(db, [review.product_id])
    if before is None:
        await _tell_author(db, review)
    return True


async def _tell_author(db: AsyncSession, review: Review) -> None:
    """In the shop, once: an answer that is changed later is no news."""
    about = await queries.public(db, review.id)
    await news.tell(
        db,
        review.author_id,
        "review",
        str(review.id),
        f"/prodotti/{about.slug}/recensioni",
        lambda: _("Hanno risposto alla tua recensione: %(name)s", name=in_language(about.names, current_locale())),
    )


async def _public(db: AsyncSession, review_id: int) -> Review:
    """Locked, so that of two who say the same at once one is second."""
    review = await db.scalar(
        select(Review)
        .where(Review.id == review_id, Review.state == "published")
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if review is None:
        raise NotFound
    return review
