"""«Adesso»: what has its season and is bought at this hour. The same for everybody; a list per part of the day."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row as Record
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import lists, purchases, scoring, weights
from app.analytics.recommendations.lists import Row
from app.catalog import seasons
from app.catalog.listings import NOW, visible
from app.catalog.models import Product
from app.commerce.orders.models import OrderGroup, OrderLine
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer

KEPT = 12
CANDIDATES = 400
PARTS = {"morning": range(5, 11), "noon": range(11, 15), "afternoon": range(15, 19)}  # the rest is evening
TYPICAL = 0.6  # from here on, the hour is worth saying


def part_of_day(moment: datetime, time_zone: str) -> str:
    hour = moment.astimezone(ZoneInfo(time_zone)).hour
    return next((part for part, hours in PARTS.items() if hour in hours), "evening")


async def compute(db: AsyncSession, time_zone: str) -> None:
    """Make the lists of today anew, in a transaction of their own."""
    month = clock.today(time_zone).month
    bought = await _bought(db, time_zone)
    goods = await _goods(db, month)
    made = {part: _list(part, goods, bought, month) for part in (*PARTS, "evening")}
    async with transaction(db):
        await lists.replace_for_all(db, "contextual", made)


def _list(part: str, goods: list[Record[Any]], bought: Counter[tuple[str, int]], month: int) -> list[Row]:
    """Of one category only a few, so that a season is not one shelf."""
    w = weights.WEIGHTS.contextual
    liked = {category: _liked(part, category, bought) for category in {one.category_id for one in goods}}
    found: dict[int, Row] = {}
    for one in goods:
        season, time = season_of(one.season_mask, month), liked[one.category_id]
        reason = "ending" if season == w.ending else "season"
        if not seasons.is_seasonal(one.season_mask):
            if time < TYPICAL:
                continue  # all year, at any hour: nothing speaks for now
            reason = "hour"
        arguments = {} if reason == "hour" else {"month": month}
        found[one.id] = Row(one.id, scoring.contextual(season, time, w), reason, arguments)
    category_of = {one.id: one.category_id for one in goods}
    best = scoring.in_order({key: row.score for key, row in found.items()}, len(found))
    spread = scoring.spread((product_id for product_id, _ in best), category_of, w.most_of_category)
    return [found[product_id] for product_id in spread[:KEPT]]


def season_of(mask: int, month: int) -> float:
    """How much of the season's weight a product gets that is sold in `month`."""
    w = weights.WEIGHTS.contextual
    if not seasons.is_seasonal(mask):
        return w.always
    return w.now if mask & seasons.bit(month % 12 + 1) else w.ending


def _liked(part: str, category: int, bought: Counter[tuple[str, int]]) -> float:
    of_part = sum(n for (at, _), n in bought.items() if at == part)
    of_category = sum(n for (_, of), n in bought.items() if of == category)
    return scoring.liked_at(bought[part, category], of_part, of_category, bought.total(), weights.WEIGHTS.contextual)


async def _bought(db: AsyncSession, time_zone: str) -> Counter[tuple[str, int]]:
    """Orders of each (part of the day, category). Counted by the hour in the database, in UTC as of today."""
    now = clock.now()
    hour = func.extract("hour", OrderGroup.placed_at)
    lines = purchases.of(Product.category_id, since=now - timedelta(days=weights.WEIGHTS.contextual.days), until=now)
    rows = await db.execute(
        lines.add_columns(hour, func.count(OrderGroup.id.distinct()))
        .join(Product, Product.id == OrderLine.product_id)
        .group_by(Product.category_id, hour)
    )
    bought: Counter[tuple[str, int]] = Counter()
    for category, at, n in rows:
        bought[part_of_day(now.replace(hour=int(at), minute=0), time_zone), category] += n
    return bought


async def _goods(db: AsyncSession, month: int) -> list[Record[Any]]:
    """What is sold this month, the seasonal first: (id, category_id, season_mask)."""
    always = Product.season_mask == seasons.ALWAYS
    rows = await db.execute(
        select(Product.id, Product.category_id, Product.season_mask)
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible(), Product.season_mask.op("&")(seasons.bit(month)) != 0)
        .order_by(always, Product.is_featured.desc(), Product.rating_sum.desc(), Product.id)
        .limit(CANDIDATES),
        {NOW.key: clock.now()},
    )
    return [*rows]
