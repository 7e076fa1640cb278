"""Ready cards: each rendered once per product version, language and month, and kept in the process.

Listings are put together from them (design: performance). The version is raised by every change that a card could show,
so nothing has to be dropped: a new version is another key, and what nobody asks for falls out at the end of the queue.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import seasons
from app.catalog.models import Image, Product, StockItem, Variant
from app.catalog.views import Card, Picture, UnitPrice
from app.kernel import money
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer
from app.web import visit as visits

MOST_KEPT = 20_000
PLAIN = "warm"

Key = tuple[int, int, int, str, int]
_kept: OrderedDict[Key, Markup] = OrderedDict()


IMAGE = (Image.key, Image.width, Image.height, Image.alt, Image.color)


async def ready(
    db: AsyncSession, shop: ShopFacts, wanted: Sequence[tuple[int, int]], month: int, draw: Callable[[Card], str]
) -> list[Markup]:
    """The cards of (product id, version), in that order. At most one statement, for those that are not ready."""
    locale = current_locale()
    keys = [(shop.id, product_id, version, locale, month) for product_id, version in wanted]
    missing = [key for key in keys if key not in _kept]
    fresh = await _read(db, shop.currency, [key[1] for key in missing], month) if missing else {}
    for key in missing:
        if key[1] in fresh:
            _kept[key] = Markup(draw(fresh[key[1]]))  # noqa: S704  (a template of ours)
    shown = [_kept[key] for key in keys if key in _kept]
    visits.shows(*(f"p{key[1]}" for key in keys))
    _let_go(keys)
    return shown


def _let_go(used: Sequence[Key]) -> None:
    """What was used last stays longest."""
    for key in used:
        if key in _kept:
            _kept.move_to_end(key)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)


@cache
def _cards() -> Select[Any]:
    return (
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
            *IMAGE,
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
        .where(Product.id.in_(bindparam("ids", expanding=True)))
        .order_by(Product.id, Variant.position, Variant.id)
    )


async def _read(db: AsyncSession, currency: str, product_ids: Sequence[int], month: int) -> dict[int, Card]:
    rows = await db.execute(_cards(), {"ids": product_ids})
    cards: dict[int, Card] = {}
    for row in rows:
        shown = cards.get(row.id)
        if shown is None or (shown.stock_state == "out" and row.left > 0):  # the first variant that can be had
            cards[row.id] = _card(row, currency, month)
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
