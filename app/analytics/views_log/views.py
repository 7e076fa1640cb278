"""Read the counts of views."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.views_log.models import ProductViews
from app.system.schedules import HOME


async def most_viewed(db: AsyncSession, since: datetime, most: int) -> dict[int, int]:
    """Views of the most viewed products, by product id, on the days after the one of `since`."""
    total = func.sum(ProductViews.views)
    rows = await db.execute(
        select(ProductViews.product_id, total)
        .where(ProductViews.day > since.astimezone(HOME).date())
        .group_by(ProductViews.product_id)
        .order_by(total.desc(), ProductViews.product_id)
        .limit(most)
    )
    return {product_id: int(n) for product_id, n in rows}
