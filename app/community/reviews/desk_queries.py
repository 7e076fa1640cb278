"""What producers and staff read of reviews. Rows have the columns of `_whole`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.community.reviews.models import Review, ReviewAnswer, ReviewReport
from app.kernel.errors import NotFound
from app.producers.models import Producer

PAGE = 20
REPORTED = "reported"  # not a state: published ones that somebody has reported


async def at_staff(db: AsyncSession, state: str, page: int) -> list[Any]:
    """Reviews in a state, one page and one more: what waits, the oldest first; the rest, the newest first."""
    found = _whole()
    if state == REPORTED:
        found = found.where(Review.id.in_(_reported()), Review.state == "published").order_by(Review.id)
    else:
        found = found.where(Review.state == state).order_by(Review.id if state == "pending" else Review.id.desc())
    return list(await db.execute(found.limit(PAGE + 1).offset((page - 1) * PAGE)))


async def counts_at_staff(db: AsyncSession) -> dict[str, int]:
    """How many reviews there are in each state, and how many are reported."""
    rows = await db.execute(select(Review.state, func.count()).group_by(Review.state))
    found: dict[str, int] = dict(rows.all())
    reported = select(func.count()).where(Review.id.in_(_reported()), Review.state == "published")
    return found | {REPORTED: await db.scalar(reported) or 0}


def _reported() -> Select[int]:
    return select(ReviewReport.review_id).where(ReviewReport.settled_at.is_(None))


async def one_at_staff(db: AsyncSession, review_id: int) -> Any:
    """Raises NotFound."""
    found = (await db.execute(_whole().where(Review.id == review_id))).first()
    if found is None:
        raise NotFound
    return found


def _whole() -> Select[Any]:
    """A review with all that it takes to judge it."""
    return (
        select(
            Review,
            Product.slug,
            Product.name.label("names"),
            Producer.name.label("producer_name"),
            Order.number.label("order_number"),
            OrderGroup.number,
            OrderGroup.name.label("buyer"),
            ReviewAnswer.text.label("answer"),
        )
        .join(Product, Product.id == Review.product_id)
        .join(Producer, Producer.id == Review.producer_id)
        .join(OrderLine, OrderLine.id == Review.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .outerjoin(ReviewAnswer, ReviewAnswer.review_id == Review.id)
        .execution_options(populate_existing=True)
    )


async def reports_of(db: AsyncSession, review_ids: Sequence[int]) -> dict[int, list[ReviewReport]]:
    """Review id → what is said against it and not settled, oldest first."""
    found: dict[int, list[ReviewReport]] = {review_id: [] for review_id in review_ids}
    if review_ids:
        waiting = select(ReviewReport).where(ReviewReport.review_id.in_(review_ids), ReviewReport.settled_at.is_(None))
        for report in await db.scalars(waiting.order_by(ReviewReport.id)):
            found[report.review_id].append(report)
    return found


async def at_producer(db: AsyncSession, producer_id: int, page: int) -> list[Any]:
    """The published reviews of a producer's goods, the newest first, one page and one more."""
    found = await db.execute(
        _whole()
        .where(Review.producer_id == producer_id, Review.state == "published")
        .order_by(Review.published_at.desc(), Review.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return list(found)


async def one_at_producer(db: AsyncSession, producer_id: int, review_id: int) -> Any:
    """Raises NotFound for anybody else's, and for what is not published."""
    mine = _whole().where(Review.id == review_id, Review.producer_id == producer_id, Review.state == "published")
    found = (await db.execute(mine)).first()
    if found is None:
        raise NotFound
    return found


async def unanswered(db: AsyncSession, producer_id: int) -> int:
    """How many of a producer's published reviews have no answer yet."""
    waiting = (
        select(func.count())
        .select_from(Review)
        .outerjoin(ReviewAnswer, ReviewAnswer.review_id == Review.id)
        .where(Review.producer_id == producer_id, Review.state == "published", ReviewAnswer.id.is_(None))
    )
    return await db.scalar(waiting) or 0
