"""Ready cards: each rendered once per product version, language and month, and kept in the process.

Listings are put together from them (design: performance). The version is raised by every change that a card could show,
so nothing has to be dropped: a new version is another key, and old ones fall out at the end of the queue.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import seasons
from app.catalog.models import Image, Product, StockItem, Variant
from app.catalog.views import Card, Picture, UnitPrice
from app.kernel import money
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer

MOST_KEPT = 20_000
PLAIN = "warm"

Key = tuple[int, int, int, str, int]
_kept: OrderedDict[Key, Markup] = OrderedDict()


async def ready(
    db: AsyncSession, shop: ShopFacts, wanted: Sequence[tuple[int, int]], month: int, render: Any
) -> list[Markup]:
    """The cards of (product id, version) in that order. render(card) makes one; at most one query for those missing."""
    locale = current_locale()
    keys = [(shop.id, product_id, version, locale, month) for product_id, version in wanted]
    missing = [key[1] for key in keys if key not in _kept]
    if missing:
        fresh = await _read(db, shop, missing, month)
        for key in keys:
            if key[1] in fresh and key not in _kept:
                _kept[key] = Markup(render(fresh[key[1]]))  # noqa: S704  (a template of ours)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return [_kept[key] for key in keys if key in _kept]


async def _read(db: AsyncSession, shop: ShopFacts, product_ids: Sequence[int], month: int) -> dict[int, Card]:
    rows = await db.execute(
        select(
            Product.id,
            Product.slug,
            Product.name,
            Product.designation,
            Product.food,
            Product.season_mask,
            Producer.name.label("producer_name"),
            Producer.city,
            Producer.province,
            Image.key,
            Image.width,
            Image.height,
            Image.alt,
            Image.color,
            Variant.id.label("variant_id"),
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            Variant.drained_amount,
            Variant.price_minor,
            (StockItem.on_hand - StockItem.reserved).label("left"),
            StockItem.low_at,
        )
        .join(Producer, Producer.id == Product.producer_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Product.id.in_(product_ids))
        .order_by(Product.id, Variant.position)
    )
    cards: dict[int, Card] = {}
    for row in rows:
        shown = cards.get(row.id)
        if shown is None or (shown.stock_state == "out" and row.left > 0):  # the first variant that can be had
            cards[row.id] = _card(row, shop.currency, month)
    return cards


def _card(row: Any, currency: str, month: int) -> Card:
    locale = current_locale()
    name = in_language(row.name, locale)
    return Card(
        name=name,
        url=f"/prodotti/{row.slug}",
        image=picture(row, name),
        mark=row.designation,
        producer_name=row.producer_name,
        place=place(row.city, row.province),
        price_minor=row.price_minor,
        currency=currency,
        unit_price=unit_price(row.price_minor, row.drained_amount or row.net_amount, row.net_unit),
        format=in_language(row.format, locale),
        in_season=seasons.is_seasonal(row.season_mask) and bool(row.season_mask & seasons.bit(month)),
        stock_state=stock_state(row.left, row.low_at),
        left=row.left,
        variant_id=row.variant_id,
        min_age=min_age(row.food),
    )


def picture(row: Any, name: str) -> Picture:
    """The picture of a row with the columns of an image, all null when there is none."""
    if row.key is None:
        return nothing(name)
    return Picture(row.key, in_language(row.alt, current_locale()), row.width, row.height, row.color, name[:1])


def nothing(name: str) -> Picture:
    """No picture: a tinted box with the initial."""
    return Picture(None, "", 1024, 1024, PLAIN, name[:1])


def place(city: str, province: str) -> str:
    return f"{city} ({province})"


def unit_price(price_minor: int, amount: int, unit: str) -> UnitPrice | None:
    """law.md L7; on the drained weight where there is one. None for single pieces: it would repeat the price."""
    if unit == "piece" and amount == 1:
        return None
    return UnitPrice(*money.unit_price(price_minor, amount, unit))


def stock_state(left: int, low_at: int) -> str:
    """law.md L31: what is shown is what there is."""
    if left <= 0:
        return "out"
    return "low" if left <= low_at else "in"


def min_age(food: Mapping[str, Any]) -> int | None:
    return int(food["min_age"]) if food.get("min_age") else None
