"""What staff decide about a review. A bad review is no reason: every reason below is about lawfulness (law.md L33).

Within a transaction. Each decision leaves its line, with the reason, in the audit trail.
"""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.community.reviews import writing
from app.community.reviews.models import Review, ReviewReport
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit

REASONS = {
    "offence": _l("Offende o minaccia qualcuno"),
    "personal": _l("Contiene dati personali"),
    "off_topic": _l("Non parla del prodotto o dell’ordine"),
    "spam": _l("È pubblicità o un testo ripetuto"),
    "illegal": _l("Viola la legge in un altro modo"),
}


async def approve(db: AsyncSession, review_id: int, person: Person, revision: int) -> bool:
    """Publish it, and settle what was said against it. False if there was nothing to do.

    revision: the one that was read. Raises Conflict if its author has changed it since, NotFound if there is none.
    """
    review = await _read(db, review_id, revision)
    reported = await _settle(db, review_id)
    if review.state == "published" and not reported:
        return False
    before = {"state": review.state}
    if review.state != "published":
        review.state, review.published_at = "published", clock.now()
        review.reason, review.reason_text = None, ""
        await writing.recount(db, review.product_id)
    _record(db, person, "review.approved", review, before, {"state": "published", "reports_settled": reported})
    return True


async def refuse(db: AsyncSession, review_id: int, person: Person, revision: int, reason: str, text: str) -> bool:
    """Do not show it (any more), and write to its author why. False if that was done before.

    reason: of REASONS. text: in the words of who decides. Raises as `approve`.
    """
    review = await _read(db, review_id, revision)
    if review.state == "refused":
        return False
    reported = await _settle(db, review_id)
    before = {"state": review.state}
    review.state, review.published_at, review.reason, review.reason_text = "refused", None, reason, text
    if before["state"] == "published":
        await writing.recount(db, review.product_id)
    after = {"state": "refused", "reason": reason, "explanation": text, "reports_settled": reported}
    _record(db, person, "review.refused", review, before, after)
    add_job(db, "reviews.tell_refused", review_id=review.id, revision=review.revision)
    return True


async def _read(db: AsyncSession, review_id: int, revision: int) -> Review:
    review = await db.scalar(
        select(Review)
        .where(Review.id == review_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if review is None:
        raise NotFound
    if review.revision != revision:
        raise Conflict(_("Mentre leggevi l’autore l’ha cambiata o ritirata: rileggila."))
    if review.state == "withdrawn":
        raise Conflict(_("L’autore l’ha ritirata: non c’è niente da decidere."))
    return review


async def _settle(db: AsyncSession, review_id: int) -> int:
    """What was said against it has been looked at; how much it was."""
    settled = await db.execute(
        update(ReviewReport)
        .where(ReviewReport.review_id == review_id, ReviewReport.settled_at.is_(None))
        .values(settled_at=clock.now())
        .returning(ReviewReport.id)
        .execution_options(synchronize_session=False)
    )
    return len(settled.all())


def _record(
    db: AsyncSession,
    person: Person,
    action: str,
    review: Review,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    audit.by(db, person, action, ("review", review.id), before, {"revision": review.revision, **after})
