"""Whether a person wants his purchases used for recommendations. Said no, what was computed goes at once."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations.lists import locked
from app.analytics.recommendations.models import Recommendation, RecommendationChoice
from app.kernel import clock
from app.kernel.outbox import add_job


async def uses_purchases(db: AsyncSession, user_id: int) -> bool:
    chosen = await db.scalar(select(RecommendationChoice.uses_purchases).where(RecommendationChoice.user_id == user_id))
    return chosen is not False


async def refused(db: AsyncSession, user_ids: Sequence[int]) -> set[int]:
    """Those of these people who said no."""
    said_no = RecommendationChoice.uses_purchases.is_(False)
    mine = RecommendationChoice.user_id.in_(user_ids)
    return set(await db.scalars(select(RecommendationChoice.user_id).where(mine, said_no)))


async def choose(db: AsyncSession, user_id: int, uses: bool) -> None:
    """Write the choice down and follow it. Within a transaction; choosing the same again changes nothing.

    Locks the kind: a list that is being computed just now is written before, and goes, or after, and is left out.
    """
    await locked(db, "personal")
    row = await db.scalar(select(RecommendationChoice).where(RecommendationChoice.user_id == user_id))
    if row is None:
        row = RecommendationChoice(user_id=user_id, uses_purchases=True, changed_at=clock.now())
        db.add(row)
    if row.uses_purchases != uses:
        row.uses_purchases, row.changed_at = uses, clock.now()
    if uses:
        add_job(db, "recommendations.learn", user_id=user_id)
    else:
        mine = Recommendation.user_id == user_id
        await db.execute(delete(Recommendation).where(mine).execution_options(synchronize_session=False))
