"""Lists of products: which, in what order, which page. Ids and versions only; cards.py has the rest.

Read from the narrow rows of catalog/indexed.py. Statements are made once per shape and kept: putting one together costs
more than running it.
"""

import heapq
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import facets, ranking, seasons, seeking
from app.catalog.facets import Choices, Counts, Shape
from app.catalog.indexed import IndexedProduct
from app.catalog.models import Product
from app.catalog.ranking import Criterion
from app.catalog.seeking import Sought
from app.kernel import clock
from app.kernel.errors import NotFound
from app.producers.models import Producer

PER_PAGE = 24
LAST_PAGE = facets.CAP // PER_PAGE  # who has read so far narrows the list instead
DEFAULT_SORT = "consigliati"
SORTS = (DEFAULT_SORT, "nome", "prezzo", "prezzo-unitario", "novita", "valutazione")
_AHEAD = 3  # pages of a search that are found with its counts
_LOOKED_AT = 200  # candidates for the few that a band shows

NOW: BindParameter[datetime] = bindparam("now", type_=Product.published_at.type)
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)
_BIT: BindParameter[int] = bindparam("bit", type_=Integer)


@dataclass(frozen=True)
class Wanted:
    """What a list is of: all that is for sale, and all of these."""

    category_id: int | None = None
    producer_id: int | None = None
    sought: Sought | None = None
    choices: Choices = field(default_factory=Choices)

    @property
    def of(self) -> tuple[Hashable, ...]:
        """What it is, besides the choices."""
        return self.category_id, self.producer_id, self.sought.stems if self.sought else None

    @property
    def shape(self) -> Shape:
        words = self.sought.shape if self.sought else ()
        category, producer = self.category_id is not None, self.producer_id is not None
        return facets.shape_of(self.choices, category=category, producer=producer, words=words)

    def values(self, month: int) -> dict[str, Any]:
        return {
            "category": self.category_id,
            "producer": self.producer_id,
            "now": clock.now(),
            "bit": seasons.bit(month),
            **facets.values_of(self.choices),
            **(self.sought.values if self.sought else {}),
        }


def visible() -> ColumnElement[bool]:
    """What the public may see. Needs Product joined with Producer, and the parameter `now`."""
    return and_(is_published(), Producer.hidden_at.is_(None))


def is_published() -> ColumnElement[bool]:
    return and_(Product.published_at.is_not(None), Product.published_at <= NOW, Product.deleted_at.is_(None))


async def page(
    db: AsyncSession, wanted: Wanted, counted: Counts, *, number: int, sort: str, month: int, upto: int | None = None
) -> list[tuple[int, int]]:
    """(product id, version) of one page, or of all up to another. Raises NotFound beyond the last.

    One statement; none where counting found what comes first.
    """
    if number > LAST_PAGE:
        raise NotFound
    first, last = (number - 1) * PER_PAGE, (upto or number) * PER_PAGE
    known = counted.best if sort == DEFAULT_SORT else ()
    if last <= len(known) or len(known) == counted.total:
        found = list(known[first:last])
    else:
        searched = wanted.sought is not None
        order = ranking.ORDERS.searched if searched else ranking.ORDERS.listed
        values = {**wanted.values(month), "rows": last - first, "skipped": first}
        rows = await db.execute(_page(wanted.shape, sort, order), values)
        found = [(product_id, version) for product_id, version in rows]
    if not found and number > 1:
        raise NotFound
    return found


async def counts(db: AsyncSession, wanted: Wanted, month: int) -> Counts:
    """How many there are, and how many each choice would leave; of a search also the first pages. One statement."""
    statement = _found(wanted.shape, ranking.ORDERS.searched) if wanted.sought else _counts(wanted.shape)
    rows = await db.execute(statement, {**wanted.values(month), "rows": PER_PAGE * _AHEAD, "skipped": 0})
    return Counts.of((tuple(row) for row in rows), month)


@dataclass(frozen=True)
class Unnamed:
    """Of which categories and producers a page needs the names, by ids and by slugs."""

    categories_ids: tuple[int, ...]
    categories_slugs: tuple[str, ...]
    producers_ids: tuple[int, ...]
    producers_slugs: tuple[str, ...]


def unnamed(counted: Counts, choices: Choices) -> Unnamed:
    """Those with most products, and those chosen."""

    def most(name: str) -> tuple[int, ...]:
        found = heapq.nlargest(facets.MOST_SHOWN, counted.by[name].items(), key=lambda entry: entry[1])
        return tuple(sorted(int(key) for key, _n in found))

    return Unnamed(most("categories"), choices.categories, most("producers"), choices.producers)


async def labels(db: AsyncSession, asked: Unnamed) -> Mapping[str, Mapping[str, tuple[str, Any]]]:
    """(slug, name) of these categories and producers and of all tags, by facet and id (a tag's bit) as text."""
    values = {name: list(getattr(asked, name)) for name in Unnamed.__dataclass_fields__}
    found: dict[str, dict[str, tuple[str, Any]]] = {"categories": {}, "producers": {}, "tags": {}}
    for name, row_id, slug, text in await db.execute(facets.labels(), values):
        found[name][str(row_id)] = (slug, text if name == "producers" else json.loads(text))
    return found


@cache
def _counts(shape: Shape) -> Select[Any]:
    return select(union_all(*facets.counted(shape)).subquery())


@cache
def _found(shape: Shape, order: tuple[Criterion, ...]) -> Select[Any]:
    """What a search counts and what it shows first: looking up what the words found is most of the cost of both."""
    row, found = IndexedProduct, seeking.candidates(shape.words)
    goods = (
        select(found.c.weight, *facets.looked_at(), *_recommended(order))
        .join(found, found.c.product_id == row.product_id)
        .where(*facets.limits(shape))
        .cte("goods")
    )
    by = [goods.c.weight.desc(), *_recommended(order, goods.c)]
    best = select(goods.c.product_id).where(*facets.conditions(shape, goods.c).values())
    few, again = _few(best, by)
    what = cast(Product.id, String) + facets.JOINT + cast(Product.version, String)
    place = func.row_number().over(order_by=again)
    first = select(literal(facets.BEST), what, place).select_from(Product).join(few, few.c.product_id == Product.id)
    return select(union_all(*facets.counted(shape, goods), first).subquery())


@cache
def _page(shape: Shape, sort: str, order: tuple[Criterion, ...]) -> Select[int, int]:
    row = IndexedProduct
    by = _sorted(sort, order)
    statement = select(row.product_id).where(*facets.limits(shape), *facets.conditions(shape).values())
    if shape.words:
        found = seeking.candidates(shape.words)
        statement = statement.join(found, found.c.product_id == row.product_id)
        if sort == DEFAULT_SORT:
            by = [found.c.weight.desc(), *by]
    few, again = _few(statement, by)
    return select(Product.id, Product.version).join(few, few.c.product_id == Product.id).order_by(*again)


def _few(statement: Select[Any], by: Sequence[Any]) -> tuple[Any, list[Any]]:
    """As many rows as asked for in an order, and how that order is called there: for joining only these."""
    columns = [column.label(f"by{place}") for place, column in enumerate(_bare(by))]
    skipped = bindparam("skipped", type_=Integer)
    few = statement.add_columns(*columns).order_by(*by).limit(_ROWS).offset(skipped).subquery("few")
    return few, [_same_way(few.c[f"by{place}"], expression) for place, expression in enumerate(by)]


def _bare(by: Sequence[Any]) -> list[Any]:
    """The columns of an order, without their direction."""
    return [getattr(one, "element", one) if _falls(one) else one for one in by]


def _falls(expression: Any) -> bool:
    return getattr(getattr(expression, "modifier", None), "__name__", "") == "desc_op"


def _same_way(column: Any, expression: Any) -> Any:
    return column.desc() if _falls(expression) else column


def _sorted(sort: str, order: tuple[Criterion, ...]) -> list[Any]:
    """In the order that the page «Come ordiniamo» tells; the id decides between equals. Nobody pays for a place."""
    row = IndexedProduct
    by_name: list[SQLColumnExpression[Any]] = [row.sort_name, row.product_id]
    orders: dict[str, list[Any]] = {
        "nome": by_name,
        "prezzo": [row.price_minor, *by_name],
        "prezzo-unitario": [row.unit_price_minor, *by_name],
        "novita": [row.published_at.desc(), row.product_id.desc()],
        "valutazione": [row.rating.desc(), *by_name],
    }
    return orders.get(sort) or _recommended(order)


def _recommended(order: tuple[Criterion, ...], row: Any = IndexedProduct) -> list[Any]:
    criteria: dict[str, SQLColumnExpression[Any]] = {
        "season": row.season_rank,
        "featured": row.featured_rank,
        "name": row.sort_name,
    }
    return [*(criteria[one] for one in order if one in criteria), row.product_id]


async def in_season(db: AsyncSession, month: int, most: int) -> tuple[list[tuple[int, int]], bool]:
    """What to show first this month, each day others: of what can be had now, what has its season; then the rest.

    And whether anything has: a kitchen's goods are there all year, and nothing of it may be called seasonal.
    """
    now = clock.now()
    values = {"now": now, "bit": seasons.bit(month), "rows": _LOOKED_AT}
    rows = (await db.execute(_in_season(), values)).all()
    turn = now.toordinal()
    keys = {"season": 2, "picture": 3, "featured": 4}

    def place(row: Any) -> tuple[Any, ...]:
        turned = (row[0] * 7 + turn) % 31
        return (*(row[keys[c]] if c in keys else turned for c in ranking.ORDERS.home if c != "name"), row[0])

    first = sorted(rows, key=place)[:most]
    return [(row[0], row[1]) for row in first], any(row[keys["season"]] == 0 for row in first)


@cache
def _in_season() -> Select[int, int, int, bool, int]:
    row = IndexedProduct
    return (
        select(Product.id, Product.version, row.season_rank, Product.image_id.is_(None), row.featured_rank)
        .join(Product, Product.id == row.product_id)
        .where(row.published_at <= NOW, row.season_mask.op("&")(_BIT) != 0, row.is_available)
        .order_by(row.season_rank, row.featured_rank, row.sort_name, row.product_id)
        .limit(_ROWS)
    )


async def similar(
    db: AsyncSession, product_id: int, category_id: int, producer_id: int, most: int
) -> list[tuple[int, int]]:
    """What can be had beside a product: of its category first, then of its producer."""
    values = {"product": product_id, "category": category_id, "producer": producer_id}
    rows = (await db.execute(_similar(ranking.ORDERS.beside), {**values, "now": clock.now(), "rows": most})).all()
    return [(found, version) for _kin, found, version in rows][:most]


@cache
def _similar(order: tuple[Criterion, ...]) -> Select[Any]:
    """First of the same category, then of the same producer; in that, by the other criteria of the order."""
    row = IndexedProduct
    columns = {"season": row.season_rank, "featured": row.featured_rank, "name": row.sort_name}
    by = [columns[one] for one in order if one in columns]
    parts = []
    for kin, near in enumerate((row.category_id == bindparam("category"), row.producer_id == bindparam("producer"))):
        part = select(row.product_id, *by)
        part = part.where(near, row.product_id != bindparam("product"), row.is_available, row.published_at <= NOW)
        if kin:
            part = part.where(row.category_id != bindparam("category"))
        few = part.order_by(*by).limit(_ROWS).subquery(f"kin{kin}")
        parts.append(select(bindparam(f"kin{kin}", kin, type_=Integer, unique=True).label("kin"), *few.c))
    both = union_all(*parts).subquery()
    again = [both.c[column.key] for column in by]
    return (
        select(both.c.kin, Product.id, Product.version)
        .join(Product, Product.id == both.c.product_id)
        .order_by(both.c.kin, *again, Product.id)
    )
