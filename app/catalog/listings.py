"""Lists of products: which, in what order, which page. Ids and versions only; cards.py has the rest.

Statements are made once per shape and kept: putting one together costs more than running it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import seasons
from app.catalog.models import Product, StockItem, Variant
from app.kernel import clock
from app.kernel.errors import NotFound
from app.producers.models import Producer

PER_PAGE = 24
LAST_PAGE = 10_000
DEFAULT_SORT = "consigliati"
SORTS = (DEFAULT_SORT, "nome", "prezzo", "prezzo-unitario", "novita")

NOW: BindParameter[datetime] = bindparam("now", type_=Product.published_at.type)
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)
_BIT: BindParameter[int] = bindparam("bit", type_=Integer)
_CATEGORY: BindParameter[int] = bindparam("category", type_=Product.category_id.type)
_PRODUCER: BindParameter[int] = bindparam("producer", type_=Product.producer_id.type)
_PRODUCT: BindParameter[int] = bindparam("product", type_=Product.id.type)


@dataclass(frozen=True)
class Wanted:
    """What a list is of: all that is visible, and all of these. words: folded."""

    category_id: int | None = None
    producer_id: int | None = None
    words: Sequence[str] = ()


@dataclass(frozen=True)
class Found:
    """ids: (product id, version) of the page; total over all pages."""

    ids: list[tuple[int, int]]
    total: int


def visible() -> ColumnElement[bool]:
    """What the public may see. Needs Product joined with Producer, and the parameter `now`."""
    return and_(is_published(), Producer.hidden_at.is_(None))


def is_published() -> ColumnElement[bool]:
    return and_(Product.published_at.is_not(None), Product.published_at <= NOW, Product.deleted_at.is_(None))


async def page(db: AsyncSession, wanted: Wanted, *, number: int, sort: str, month: int) -> Found:
    """One page of products, in one statement. Raises NotFound beyond the last page."""
    statement = _page(
        sort,
        of_category=wanted.category_id is not None,
        of_producer=wanted.producer_id is not None,
        words=len(wanted.words),
    )
    values = {
        "category": wanted.category_id,
        "producer": wanted.producer_id,
        "rows": PER_PAGE,
        "skipped": (number - 1) * PER_PAGE,
        "start": f"{' '.join(wanted.words)}%",
        **{f"word{place}": f"%{word}%" for place, word in enumerate(wanted.words)},
    }
    found = await _found(db, statement, month, **values)
    if not found.ids and number > 1:
        raise NotFound
    return found


async def in_season(db: AsyncSession, month: int, most: int) -> list[tuple[int, int]]:
    """What to show first this month, each day others: of what can be had now, what has its season; then the rest."""
    shown = await _first(db, _in_season(), month, most, turn=clock.now().toordinal())
    if shown:
        return shown
    statement = _page(DEFAULT_SORT, of_category=False, of_producer=False, words=0)  # the shelves are empty
    return (await _found(db, statement, month, rows=most, skipped=0)).ids


async def similar(
    db: AsyncSession, product_id: int, category_id: int, producer_id: int, month: int, most: int
) -> list[tuple[int, int]]:
    """What can be had beside a product: of its category first, then of its producer."""
    values = {"product": product_id, "category": category_id, "producer": producer_id}
    return await _first(db, _similar(), month, most, **values)


async def _first(
    db: AsyncSession, statement: Select[int, int, int], month: int, most: int, **values: Any
) -> list[tuple[int, int]]:
    return (await _found(db, statement, month, rows=most, candidates=most * 4, **values)).ids


async def _found(db: AsyncSession, statement: Select[int, int, int], month: int, **values: Any) -> Found:
    values |= {"now": clock.now(), "bit": seasons.bit(month)}
    rows = (await db.execute(statement, values)).all()
    return Found([(product_id, version) for product_id, version, _total in rows], rows[0][2] if rows else 0)


@cache
def _page(sort: str, *, of_category: bool, of_producer: bool, words: int) -> Select[int, int, int]:
    statement = (
        select(Product.id, Product.version, func.count().over())
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible())
        .limit(_ROWS)
        .offset(bindparam("skipped", type_=Integer))
    )
    if of_category:
        statement = statement.where(Product.category_id == _CATEGORY)
    if of_producer:
        statement = statement.where(Product.producer_id == _PRODUCER)
    named = []
    for place in range(words):
        word: BindParameter[str] = bindparam(f"word{place}", type_=Product.search_text.type)
        statement = statement.where(Product.search_text.like(word))
        named.append(Product.sort_name.like(word))
    return _sorted(statement, sort, named)


def _sorted(statement: Select[int, int, int], sort: str, named: Sequence[ColumnElement[bool]]) -> Select[int, int, int]:
    """In the order that the page «Come ordiniamo» tells. named: the words of a search, found in the name."""
    by_name = (Product.sort_name, Product.id)
    if sort == "nome":
        return statement.order_by(*by_name)
    if sort == "novita":
        return statement.order_by(Product.published_at.desc(), *by_name)
    if sort in {"prezzo", "prezzo-unitario"}:
        per_unit = Variant.price_minor * 1000 / func.coalesce(Variant.drained_amount, Variant.net_amount)
        figure: SQLColumnExpression[Any] = Variant.price_minor if sort == "prezzo" else per_unit
        least = select(func.min(figure)).where(Variant.product_id == Product.id).scalar_subquery()
        return statement.order_by(least, *by_name)
    starts = Product.sort_name.like(bindparam("start", type_=Product.sort_name.type))
    by_words = [case((starts, 0), (and_(*named), 1), else_=2)] if named else []
    return statement.order_by(*by_words, *_recommended())


def _recommended() -> tuple[SQLColumnExpression[Any], ...]:
    """What has its season now, then what is there all year, then what is out of season; nobody pays for a place."""
    sold_now = Product.season_mask.op("&")(_BIT) != 0
    seasonal = and_(Product.season_mask != seasons.ALWAYS, sold_now)
    rank = case((seasonal, 0), (sold_now, 1), else_=2)
    return (rank, Product.is_featured.desc(), Product.sort_name, Product.id)


def _of_shelves(order: Sequence[SQLColumnExpression[Any]], *conditions: ColumnElement[bool]) -> Select[int, int, int]:
    """The first in an order that can be had now. Only the first candidates are looked up on the shelves."""
    ranked = (
        select(Product.id, Product.version, func.row_number().over(order_by=order).label("place"))
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible(), *conditions)
        .order_by("place")
        .limit(bindparam("candidates", type_=Integer))
        .subquery("ranked")
    )
    left = (
        select(func.max(StockItem.on_hand - StockItem.reserved))
        .join(Variant, Variant.stock_item_id == StockItem.id)
        .where(Variant.product_id == ranked.c.id)
        .scalar_subquery()
    )
    return select(ranked.c.id, ranked.c.version, ranked.c.place).where(left > 0).order_by(ranked.c.place).limit(_ROWS)


@cache
def _in_season() -> Select[int, int, int]:
    rank, featured, *_by_name = _recommended()
    turn = (Product.id * 7 + bindparam("turn", type_=Integer)) % 31
    order = (rank, Product.image_id.is_(None), featured, turn, Product.id)
    return _of_shelves(order, Product.season_mask.op("&")(_BIT) != 0)


@cache
def _similar() -> Select[int, int, int]:
    near = or_(Product.category_id == _CATEGORY, Product.producer_id == _PRODUCER)
    kin = case((Product.category_id == _CATEGORY, 0), else_=1)
    return _of_shelves((kin, *_recommended()), near, Product.id != _PRODUCT)
