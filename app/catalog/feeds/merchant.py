"""The feed for Google Merchant Center: every variant that is on sale, in batches.

Attributes as in Google's product data specification (support.google.com/merchants/answer/7052112). Delivery prices,
returns and tax are settings of the Merchant account, not of the feed. Wine and spirits are in it under their own
category, as its policy on alcohol asks; `adult` means something else there, and is no.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Integer, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards, sheets
from app.catalog.feeds import plain
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW, visible
from app.catalog.models import Category, Image, Product, StockItem, Variant
from app.catalog.views import Picture
from app.kernel import clock
from app.kernel.db import Database
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer
from app.web.freshness import Stamp

BATCH = 100  # products held in memory, and written without a pause for others
LONGEST_TITLE, LONGEST_DESCRIPTION = 150, 5000
ALCOHOL = "Food, Beverages & Tobacco > Beverages > Alcoholic Beverages"  # of Google's own tree
MEASURES = {"g": ("g", "1kg"), "ml": ("ml", "1l"), "piece": ("ct", "1ct")}
_FORMAT = 3  # raised when the same rows are written in another way
_AFTER: BindParameter[int] = bindparam("after", type_=Integer)
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)


@dataclass(frozen=True, slots=True)
class Item:
    """One variant. group: shared by the variants of a product, "" when it has only one. measure, base: "" if none.

    sale_price: what it costs when that may be announced as reduced, else ""; price is then the reference (law.md L1).
    """

    id: str
    group: str
    title: str
    description: str
    path: str
    image: Picture
    is_available: bool
    price: str
    sale_price: str
    measure: str
    base: str
    brand: str
    size: str
    weight: str
    kind: str
    is_alcohol: bool


async def stamp(db: AsyncSession, shop: ShopFacts) -> Stamp:
    """Which state of the feed this is: one pass over the products, a small part of what writing them takes."""
    facts = (await db.execute(_state(), {NOW.key: clock.now()})).one()
    names = (await db.execute(_names())).all()
    told = (_FORMAT, current_locale(), shop.name, shop.currency, *facts, *map(tuple, names))
    return Stamp.of(*told, changed_at=facts.changed_at)


@cache
def _state() -> Select[int, int, int, datetime]:
    return (
        select(
            func.count(Product.id),
            func.sum(Product.version),
            func.max(Product.id),
            func.max(Product.updated_at).label("changed_at"),
        )
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible())
    )


@cache
def _names() -> Select[int, str]:
    """What the feed says of those who make, whose rows know no version."""
    return select(Producer.id, Producer.name).order_by(Producer.id)


async def batches(database: Database, shop: ShopFacts) -> AsyncIterator[Sequence[Item]]:
    """All items, in the order of their products. Each batch has a session of its own: a slow reader holds none."""
    after = 0
    while True:
        async with database.session(shop.id, reads_alone=True) as db:
            rows = (await db.execute(_rows(), {NOW.key: clock.now(), "after": after, "rows": BATCH})).all()
        if not rows:
            return
        after = rows[-1].id
        yield _items(rows, shop.currency)


@cache
def _rows() -> Select[Any]:
    few = (
        select(IndexedProduct.product_id)
        .where(IndexedProduct.product_id > _AFTER, IndexedProduct.published_at <= NOW)
        .order_by(IndexedProduct.product_id)
        .limit(_ROWS)
        .subquery("few")
    )
    return (
        select(
            Product.id,
            Product.slug,
            Product.name,
            Product.designation,
            Product.description,
            Product.food,
            Producer.name.label("producer_name"),
            Category.name.label("category_name"),
            *cards.IMAGE,
            Variant.id.label("variant_id"),
            Variant.sku,
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            Variant.drained_amount,
            Variant.weight_g,
            Variant.price_minor,
            *cards.REFERENCE,
            (StockItem.on_hand - StockItem.reserved).label("left"),
        )
        .join(few, few.c.product_id == Product.id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Variant.retired_at.is_(None))
        .order_by(Product.id, Variant.position, Variant.id)
    )


def _items(rows: Sequence[Any], currency: str) -> list[Item]:
    """What costs nothing is not for sale there."""
    siblings: dict[int, int] = {}
    for row in rows:
        siblings[row.id] = siblings.get(row.id, 0) + 1
    return [_item(row, currency, alone=siblings[row.id] == 1) for row in rows if row.price_minor > 0]


def _item(row: Any, currency: str, *, alone: bool) -> Item:
    locale = current_locale()
    name = plain.text(f"{in_language(row.name, locale)} {row.designation or ''}")
    size = plain.text(in_language(row.format, locale))
    amount = row.drained_amount or row.net_amount
    is_bare = row.food.get("unit_price_exempt") or (row.net_unit == "piece" and amount == 1)
    unit, base = ("", "") if is_bare else MEASURES[row.net_unit]
    price = f"{plain.price(row.price_minor, currency)} {currency}"
    reduction = cards.reduction(row)
    before = reduction.reference_minor if reduction else None
    return Item(
        id=plain.short_id(row.sku),
        group="" if alone else plain.short_id(row.slug),
        title=plain.text(f"{name}, {size}" if size else name, LONGEST_TITLE),
        description=plain.text(in_language(row.description, locale), LONGEST_DESCRIPTION) or name,
        path=sheets.path_of(row.slug, None if alone else row.variant_id),
        image=cards.picture(row, name),
        is_available=row.left > 0,
        price=f"{plain.price(before, currency)} {currency}" if before else price,
        sale_price=price if before else "",
        measure=f"{amount}{unit}" if unit else "",
        base=base,
        brand=plain.text(row.producer_name, 70),
        size="" if alone else plain.text(size, 100),
        weight=f"{row.weight_g} g" if row.weight_g > 0 else "",
        kind=plain.text(in_language(row.category_name, locale), 750),
        is_alcohol=bool(row.food.get("alcohol_abv")),
    )
