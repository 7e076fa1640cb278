"""«Per te»: from what somebody bought in half a year, what he does not know yet. Only with his leave (choices.py).

All purchases fade alike, so time alone changes no list: only who has bought since is computed anew, and everybody once
a week, because popularity and stars move.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import choices, purchases, scoring, weights
from app.analytics.recommendations.lists import Lists, Row, Subject, Sweep, Window
from app.analytics.recommendations.scoring import Bought, Parts
from app.catalog.listings import NOW, visible
from app.catalog.models import Category, Product
from app.commerce.orders.models import OrderGroup, OrderLine
from app.kernel import clock
from app.producers.models import Producer

KEPT = 24
CATEGORIES = 5  # of somebody's favourites
OF_CATEGORY = 40  # candidates: the most popular, then the best liked


@dataclass(frozen=True, slots=True)
class Candidate:
    """name: of the category, by locale. orders: of the last days; most: of the product that has most of them."""

    product_id: int
    category_id: int
    category: dict[str, str]
    rating_count: int
    rating_sum: int
    is_featured: bool
    orders: int


async def due(db: AsyncSession, window: Window, after: Subject, most: int) -> list[Subject]:
    """The next people, by id, who have bought in the window."""
    since = window.since or window.until - timedelta(days=weights.WEIGHTS.personal.days)
    wanted = purchases.of(OrderGroup.user_id, since=since, until=window.until)
    wanted = wanted.where(OrderGroup.user_id > after[0]).distinct().order_by(OrderGroup.user_id).limit(most)
    return [(user_id, 0) for user_id in await db.scalars(wanted)]


async def make(db: AsyncSession, window: Window, subjects: Sequence[Subject]) -> Lists:
    """An empty list for whoever does not want his purchases used: nothing of them is even read."""
    asked = [user_id for user_id, _ in subjects]
    refused = await choices.refused(db, asked)
    willing = [user_id for user_id in asked if user_id not in refused]
    history, known = await _history(db, willing, window)
    liked = {user_id: scoring.preferences(bought, weights.WEIGHTS.personal) for user_id, bought in history.items()}
    favourites = {user_id: dict(scoring.in_order(of, CATEGORIES)) for user_id, of in liked.items()}
    candidates = await _candidates(db, {category for of in favourites.values() for category in of}, window)
    return {user_id: _list(favourites.get(user_id, {}), known[user_id], candidates) for user_id in asked}


def _list(favourites: dict[int, float], known: set[int], candidates: Sequence[Candidate]) -> list[Row]:
    most = max((candidate.orders for candidate in candidates), default=0)
    offered = {c.product_id: c for c in candidates if c.category_id in favourites and c.product_id not in known}
    parts = {
        product_id: Parts(
            favourites[c.category_id],
            scoring.rating(c.rating_count, c.rating_sum, weights.WEIGHTS.personal),
            scoring.popularity(c.orders, most),
            1.0 if c.is_featured else 0.0,
        )
        for product_id, c in offered.items()
    }
    scores = {product_id: scoring.personal(of, weights.WEIGHTS.personal) for product_id, of in parts.items()}
    best = [product_id for product_id, _ in scoring.in_order(scores, len(scores))]
    category_of = {product_id: c.category_id for product_id, c in offered.items()}
    spread = scoring.spread(best, category_of, weights.WEIGHTS.personal.most_of_category)
    chosen = list(dict.fromkeys([*spread, *best]))[:KEPT]  # the others after, for who has one favourite
    return [_row(offered[product_id], scores[product_id], parts[product_id]) for product_id in chosen]


def _row(candidate: Candidate, score: float, parts: Parts) -> Row:
    """The reason is the part that weighs most. Stars that nobody gave are none."""
    by_category, by_rating, by_popularity, by_shop = scoring.weighed(parts, weights.WEIGHTS.personal)
    weighed = {
        "category": by_category,
        "rating": by_rating if candidate.rating_count else 0.0,
        "popular": by_popularity,
        "featured": by_shop,
    }
    reason = max(weighed, key=lambda name: weighed[name])
    return Row(candidate.product_id, score, reason, {"category": candidate.category} if reason == "category" else {})


async def _history(
    db: AsyncSession, user_ids: Sequence[int], window: Window
) -> tuple[dict[int, list[Bought]], dict[int, set[int]]]:
    """Who bought how much of which category when, and which products he knows by it."""
    since = window.until - timedelta(days=weights.WEIGHTS.personal.days)
    lines = purchases.of(
        OrderGroup.user_id,
        OrderLine.product_id,
        OrderLine.quantity,
        OrderGroup.paid_at,
        Product.category_id,
        since=since,
        until=window.until,
    )
    rows = await db.execute(
        lines.join(Product, Product.id == OrderLine.product_id).where(OrderGroup.user_id.in_(user_ids))
    )
    history: dict[int, list[Bought]] = defaultdict(list)
    known: dict[int, set[int]] = defaultdict(set)
    for user_id, product_id, pieces, paid_at, category_id in rows:
        history[user_id].append(Bought(category_id, pieces, (window.until - paid_at).days))
        known[user_id].add(product_id)
    return history, known


async def _candidates(db: AsyncSession, categories: Collection[int], window: Window) -> list[Candidate]:
    """The first of each of these categories, by orders, then by stars."""
    orders = purchases.orders_of_each(
        window.until - timedelta(days=weights.WEIGHTS.personal.popular_days), window.until
    )
    n = func.coalesce(orders.c.n, 0)
    by = (n.desc(), Product.rating_sum.desc(), Product.is_featured.desc(), Product.id)
    place = func.row_number().over(partition_by=Product.category_id, order_by=by).label("place")
    first = (
        select(Product.id, n.label("orders"), place)
        .join(Producer, Producer.id == Product.producer_id)
        .outerjoin(orders, orders.c.product_id == Product.id)
        .where(Product.category_id.in_(sorted(categories)), visible())
        .subquery("first")
    )
    columns: tuple[Any, ...] = (Product.rating_count, Product.rating_sum, Product.is_featured, first.c.orders)
    rows = await db.execute(
        select(Product.id, Product.category_id, Category.name, *columns)
        .join(first, first.c.id == Product.id)
        .join(Category, Category.id == Product.category_id)
        .where(first.c.place <= OF_CATEGORY),
        {NOW.key: clock.now()},
    )
    return [Candidate(*row) for row in rows]


async def without_refused(db: AsyncSession, made: Lists) -> Lists:
    """The same lists, emptied for whoever has said no while they were computed."""
    refused = await choices.refused(db, sorted(made))
    return {user_id: [] if user_id in refused else rows for user_id, rows in made.items()}


SWEEP = Sweep("personal", "user_id", 200, due, make, without_refused)
