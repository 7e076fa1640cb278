"""Scores of recommendations, as pure functions. Source: docs/algorithms/recommendations.md, whose tables run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log1p, sqrt
from typing import NamedTuple

from app.analytics.recommendations.weights import AlsoBought, Contextual, Personal, Similar, Trending


@dataclass(frozen=True, slots=True)
class Traits:
    """What two products are compared by. organic: certified. price_minor: of the cheapest variant."""

    product_id: int
    category_id: int
    producer_id: int
    organic: bool
    provinces: frozenset[str]
    price_minor: int


class Bought(NamedTuple):
    """So many pieces from a category, so many days ago."""

    category_id: int
    pieces: int
    days_ago: int


def nearness(one_minor: int, other_minor: int) -> float:
    """1 for the same price, 0.5 for the double; 0 if one of them is nothing."""
    if one_minor <= 0 or other_minor <= 0:
        return 0.0
    return min(one_minor, other_minor) / max(one_minor, other_minor)


def similar(one: Traits, other: Traits, w: Similar) -> float:
    """How alike two products are, 0 to the sum of the weights. What neither has is nothing in common."""
    return (
        w.category * (one.category_id == other.category_id)
        + w.organic * (one.organic and other.organic)
        + w.origin * bool(one.provinces & other.provinces)
        + w.price * nearness(one.price_minor, other.price_minor)
        + w.producer * (one.producer_id == other.producer_id)
    )


def also_bought(both: int, of_one: int, of_other: int, buyers: int, w: AlsoBought) -> float | None:
    """How much two products go together, 0 to 1: their common buyers by the geometric mean of each one's.

    All are numbers of buyers. None: too few in common, or no more than chance would bring (lift).
    """
    if both < w.least_buyers or not (of_one and of_other):
        return None
    if both * buyers < w.least_lift * of_one * of_other:
        return None
    return both / sqrt(of_one * of_other)


def preferences(history: Iterable[Bought], w: Personal) -> dict[int, float]:
    """How much of each category somebody buys, each piece faded by its age; the favourite category is 1."""
    totals: dict[int, float] = {}
    for bought in history:
        faded = bought.pieces * w.recency ** (max(0, bought.days_ago) / w.recency_days)
        totals[bought.category_id] = totals.get(bought.category_id, 0.0) + faded
    most = max(totals.values(), default=0.0)
    return {category: total / most for category, total in totals.items()} if most else {}


def rating(count: int, total: int, w: Personal) -> float:
    """Stars as 0 to 1, drawn towards the prior while there are few. total: the sum of the stars."""
    mean = (total + w.prior_count * w.prior_rating) / (count + w.prior_count)
    return (mean - 1) / 4


def popularity(orders: int, most: int) -> float:
    """0 to 1 on a logarithmic scale. most: orders of the product that has most of them."""
    return log1p(orders) / log1p(most) if most > 0 else 0.0


class Parts(NamedTuple):
    """The four parts of a personal score, each 0 to 1, or weighed."""

    category: float
    rating: float
    popularity: float
    featured: float


def weighed(parts: Parts, w: Personal) -> Parts:
    return Parts(
        w.category * parts.category,
        w.rating * parts.rating,
        w.popularity * parts.popularity,
        w.featured * parts.featured,
    )


def personal(parts: Parts, w: Personal) -> float:
    return sum(weighed(parts, w))


def trending(orders: int, views: int, w: Trending) -> float | None:
    """How much a product is in demand. None: not enough to say so."""
    score = w.order * orders + w.view * min(views, w.most_views)
    return score if score >= w.least else None


def liked_at(here: int, of_part: int, of_category: int, orders: int, w: Contextual) -> float:
    """How typical a category is for a part of the day: 0.5 as often as ever, towards 1 more often, towards 0 less.

    here: its orders in that part; of_part: all orders in it; of_category: its orders at any time; orders: all.
    """
    if orders < w.least_orders or not (of_part and of_category):
        return 0.5
    lift = here * orders / (of_part * of_category)
    return lift / (1 + lift)


def contextual(season: float, time: float, w: Contextual) -> float:
    return w.season * season + w.time * time


def spread(products: Iterable[int], category_of: Mapping[int, int], most: int) -> list[int]:
    """The same products in the same order, but of each category only the first `most`."""
    taken: dict[int, int] = {}
    kept = []
    for product_id in products:
        category = category_of[product_id]
        taken[category] = taken.get(category, 0) + 1
        if taken[category] <= most:
            kept.append(product_id)
    return kept


def in_order(scores: Mapping[int, float], most: int) -> list[tuple[int, float]]:
    """The best (product id, score); among equals the lower id, so that a run twice is the same."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
