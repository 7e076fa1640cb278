"""«Più richiesti questa settimana»: orders and looks of the last seven days, the same for everybody."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import lists, purchases, scoring, weights
from app.analytics.recommendations.lists import Row
from app.analytics.views_log import views
from app.catalog.listings import NOW, visible
from app.catalog.models import Product
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer

KEPT = 24
CANDIDATES = 200  # by orders, and by views


async def compute(db: AsyncSession) -> None:
    """Make the list anew, in a transaction of its own. An empty one is as true as any."""
    rows = await _rows(db)
    async with transaction(db):
        await lists.replace_for_all(db, "trending", {"": rows})


async def _rows(db: AsyncSession) -> list[Row]:
    w, now = weights.WEIGHTS.trending, clock.now()
    looked_at = await views.most_viewed(db, now - timedelta(days=w.days), CANDIDATES)
    ordered = purchases.orders_of_each(now - timedelta(days=w.days), now)
    most = select(ordered.c.product_id, ordered.c.n).order_by(ordered.c.n.desc(), ordered.c.product_id)
    orders: dict[int, int] = dict((await db.execute(most.limit(CANDIDATES))).all())
    scores = {
        product_id: score
        for product_id in await _can_be_seen(db, {*looked_at, *orders})
        if (score := scoring.trending(orders.get(product_id, 0), looked_at.get(product_id, 0), w)) is not None
    }
    return [
        Row(product_id, score, "ordered" if w.order * orders.get(product_id, 0) * 2 >= score else "viewed")
        for product_id, score in scoring.in_order(scores, KEPT)
    ]


async def _can_be_seen(db: AsyncSession, ids: set[int]) -> set[int]:
    found = await db.scalars(
        select(Product.id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(Product.id.in_(sorted(ids)), visible()),
        {NOW.key: clock.now()},
    )
    return set(found)
