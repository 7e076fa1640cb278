"""«Chi l’ha comprato ha preso anche»: what the buyers of a product bought besides, in half a year of paid orders.

Recomputed for what somebody bought who has bought again since, or whose purchases have become too old to count. How
many buyers there are in all, and of each other product, drifts with everybody's purchases: the weekly sweep of
everything takes that in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import purchases, scoring, weights
from app.analytics.recommendations.lists import Lists, Row, Subject, Sweep, Window
from app.catalog.listings import NOW, visible
from app.catalog.models import Product
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.kernel import clock
from app.producers.models import Producer

KEPT = 8


async def due(db: AsyncSession, window: Window, after: Subject, most: int) -> list[Subject]:
    """The next products, by id, whose buyers have changed."""
    memory = timedelta(days=weights.WEIGHTS.also_bought.days)
    oldest = (window.since or window.until) - memory
    wanted = purchases.of(OrderLine.product_id, since=oldest, until=window.until)
    if window.since is not None:
        bought = purchases.emails(window.since, window.until)
        faded = purchases.emails(window.since - memory, window.until - memory)
        wanted = wanted.where(or_(OrderGroup.email.in_(bought), OrderGroup.email.in_(faded)))
    wanted = wanted.where(OrderLine.product_id > after[0]).distinct().order_by(OrderLine.product_id).limit(most)
    return [(product_id, 0) for product_id in await db.scalars(wanted)]


async def make(db: AsyncSession, window: Window, subjects: Sequence[Subject]) -> Lists:
    ids = [product_id for product_id, _ in subjects]
    since = window.until - timedelta(days=weights.WEIGHTS.also_bought.days)
    common = await _in_common(db, ids, since, window.until)
    involved = {*ids, *(other for _, other in common)}
    each = await _buyers_of_each(db, sorted(involved), since, window.until)
    everybody = await db.scalar(purchases.how_many_buyers(since, window.until))
    scores: dict[int, dict[int, float]] = {product_id: {} for product_id in ids}
    for (one, other), both in common.items():
        score = scoring.also_bought(both, each[one], each[other], everybody or 0, weights.WEIGHTS.also_bought)
        if score is not None:
            scores[one][other] = score
    return {
        one: [Row(other, score, "together") for other, score in scoring.in_order(found, KEPT)]
        for one, found in scores.items()
    }


async def _in_common(
    db: AsyncSession, ids: Sequence[int], since: datetime, until: datetime
) -> dict[tuple[int, int], int]:
    """How many bought both, for each pair of one of these products and another that can be seen."""
    bought = purchases.of(OrderLine.product_id, OrderGroup.email, since=since, until=until)
    mine = bought.where(OrderLine.product_id.in_(ids)).distinct().subquery("mine")
    both = func.count(OrderGroup.email.distinct())
    rows = await db.execute(
        select(mine.c.product_id, OrderLine.product_id, both)
        .select_from(mine)
        .join(OrderGroup, OrderGroup.email == mine.c.email)
        .join(Order, Order.group_id == OrderGroup.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(
            *purchases.counts(since, until),
            visible(),
            OrderLine.product_id != mine.c.product_id,
        )
        .group_by(mine.c.product_id, OrderLine.product_id)
        .having(both >= weights.WEIGHTS.also_bought.least_buyers),
        {NOW.key: clock.now()},
    )
    return {(one, other): n for one, other, n in rows}


async def _buyers_of_each(db: AsyncSession, ids: Sequence[int], since: datetime, until: datetime) -> dict[int, int]:
    bought = purchases.of(OrderLine.product_id, since=since, until=until).where(OrderLine.product_id.in_(ids))
    rows = await db.execute(bought.add_columns(func.count(OrderGroup.email.distinct())).group_by(OrderLine.product_id))
    return dict(rows.all())


SWEEP = Sweep("also_bought", "beside_id", 100, due, make)
