"""«Simili»: what is alike by what it is, for every product that changed, and for those it has become alike to.

A product is not compared with all others, but with the nearest in price of its category, those of its category from the
same province, and some of its producer: at most a few hundred, however many there are.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import scoring, weights
from app.analytics.recommendations.lists import Lists, Row, Subject, Sweep, Window
from app.analytics.recommendations.scoring import Traits
from app.catalog.listings import NOW, visible
from app.catalog.models import Product, Variant
from app.kernel import clock
from app.producers.models import Producer

KEPT = 8
NEAREST = 60  # by price, within a category, and again within a category and province
OF_PRODUCER = 30
MOST_OF_CATEGORY = 20_000
NEAR = 0.8  # from here on, a price is near enough to say so


async def due(db: AsyncSession, window: Window, after: Subject, most: int) -> list[Subject]:
    """The next (category id, product id) that changed in the window."""
    category, product = after
    further = or_(Product.category_id > category, and_(Product.category_id == category, Product.id > product))
    wanted = select(Product.category_id, Product.id).where(Product.deleted_at.is_(None), further)
    if window.since is not None:
        wanted = wanted.where(Product.updated_at > window.since, Product.updated_at <= window.until)
    rows = await db.execute(wanted.order_by(Product.category_id, Product.id).limit(most))
    return [(category_id, product_id) for category_id, product_id in rows]


async def make(db: AsyncSession, window: Window, subjects: Sequence[Subject]) -> Lists:
    ids = {product_id for _, product_id in subjects}
    made = await _lists_of(db, ids)
    if window.since is not None:  # else everything is swept anyway
        met = {row.product_id for rows in made.values() for row in rows}
        made |= await _lists_of(db, met - ids)
    return made


async def _lists_of(db: AsyncSession, ids: Collection[int]) -> dict[int, list[Row]]:
    """A list for each of these; an empty one for what cannot be seen."""
    own = await _traits(db, Product.id.in_(sorted(ids)))
    pool = await _pool(db, {t.category_id for t in own}, {t.producer_id for t in own})
    shelves = Shelves(pool)
    made: dict[int, list[Row]] = {product_id: [] for product_id in ids}
    for one in own:
        near = {other.product_id: other for other in shelves.near(one) if other.product_id != one.product_id}
        scores = {
            product_id: scoring.similar(one, other, weights.WEIGHTS.similar) for product_id, other in near.items()
        }
        made[one.product_id] = [
            Row(product_id, score, reason(one, near[product_id]))
            for product_id, score in scoring.in_order(scores, KEPT)
        ]
    return made


def reason(one: Traits, other: Traits) -> str:
    """What to say of the likeness: the rarest thing they share."""
    same_place = bool(one.provinces & other.provinces)
    if one.category_id != other.category_id:
        return "producer" if one.producer_id == other.producer_id else "neighbour"
    if one.producer_id == other.producer_id:
        return "twin"
    if same_place:
        return "origin"
    if one.organic and other.organic:
        return "organic"
    return "price" if scoring.nearness(one.price_minor, other.price_minor) >= NEAR else "kind"


class Shelves:
    """Products by category, province and producer, each shelf in the order of prices."""

    def __init__(self, pool: Iterable[Traits]) -> None:
        self._by: dict[tuple[str | int, ...], list[Traits]] = defaultdict(list)
        for one in sorted(set(pool), key=lambda t: (t.price_minor, t.product_id)):
            self._by["category", one.category_id].append(one)
            self._by["producer", one.producer_id].append(one)
            for province in one.provinces:
                self._by["place", one.category_id, province].append(one)

    def near(self, one: Traits) -> Iterable[Traits]:
        """Candidates; some come more than once."""
        yield from self._cheapest_first(("category", one.category_id), one, NEAREST)
        yield from self._cheapest_first(("producer", one.producer_id), one, OF_PRODUCER)
        for province in one.provinces:
            yield from self._cheapest_first(("place", one.category_id, province), one, NEAREST)

    def _cheapest_first(self, shelf: tuple[str | int, ...], one: Traits, most: int) -> Sequence[Traits]:
        """Those on both sides of a price."""
        goods = self._by.get(shelf, [])
        place = bisect_left(goods, one.price_minor, key=lambda t: t.price_minor)
        return goods[max(0, place - most // 2) : place + most // 2 + 1]


async def _pool(db: AsyncSession, categories: Collection[int], producers: Collection[int]) -> list[Traits]:
    """What the products of these categories and producers may be compared with."""
    pool = []
    for category_id in sorted(categories):
        pool += await _traits(db, Product.category_id == category_id, most=MOST_OF_CATEGORY)
    place = func.row_number().over(partition_by=Product.producer_id, order_by=Product.id.desc()).label("place")
    newest = (
        select(Product.id, place)
        .where(Product.producer_id.in_(sorted(producers)), Product.published_at.is_not(None))
        .where(Product.deleted_at.is_(None))
        .subquery("newest")
    )
    return pool + await _traits(db, Product.id.in_(select(newest.c.id).where(newest.c.place <= OF_PRODUCER)))


async def _traits(db: AsyncSession, *conditions: ColumnElement[bool], most: int | None = None) -> list[Traits]:
    """Of products that can be seen; the newest, where there are more than `most`."""
    rows = await db.execute(
        _statement().where(*conditions).order_by(Product.id.desc()).limit(most), {NOW.key: clock.now()}
    )
    return [
        Traits(
            product_id=row.id,
            category_id=row.category_id,
            producer_id=row.producer_id,
            organic="bio" in row.certifications,
            provinces=frozenset(row.food.get("provinces") or [row.province]),
            price_minor=row.price_minor or 0,
        )
        for row in rows
    ]


def _statement() -> Select[Any]:
    of_it = (Variant.product_id == Product.id, Variant.retired_at.is_(None))
    cheapest = select(func.min(Variant.price_minor)).where(*of_it).scalar_subquery()
    return (
        select(
            Product.id,
            Product.category_id,
            Product.producer_id,
            Product.food,
            Product.certifications,
            Producer.province,
            cheapest.label("price_minor"),
        )
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible())
    )


SWEEP = Sweep("similar", "beside_id", 200, due, make)
