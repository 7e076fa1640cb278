"""Ready cards: each rendered once per product version, language, month and promotions, and kept in the process.

Listings are put together from them (design: performance), each with its day put in (card_days.py). The version is
raised by every change that a card could show, so nothing has to be dropped: a new version is another key, and what
nobody asks for falls out at the end of the queue.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import by_weight, card_days, deposits, offered, packs, reductions, refill_plan, seasons, weight_words
from app.catalog.by_weight import ByWeight
from app.catalog.models import Image, Product, StockItem, Variant
from app.catalog.offered import EverybodysPrice, Piece
from app.catalog.views import Card, Offered, Picture, Reduction, UnitPrice
from app.delivery.days import Parcel
from app.kernel import money
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer
from app.web import visit as visits

MOST_KEPT = 20_000
SEEN_FIRST = 4  # cards of a row on a wide screen, and of the first view of a phone
LAZY, PRIORITY = ' loading="lazy"', ' fetchpriority="high"'
PLAIN = "warm"
COLD = frozenset({"fresco", "refrigerato", "surgelato"})

Key = tuple[int, int, int, str, int, Hashable]
_kept: OrderedDict[Key, Markup] = OrderedDict()


IMAGE = (Image.key, Image.width, Image.height, Image.alt, Image.color)
REFERENCE = (
    Variant.reference_kind,
    Variant.reference_minor,
    Variant.reference_days,
    Variant.campaign_ends_at,
)
# With price_minor, net_amount and net_unit, what `by_weight.of` asks.
WEIGHT = (Variant.kg_price_minor, Variant.weight_tolerance)
# Of a piece with a deposit: its own days, else its producer's.
MAKING_DAYS = func.coalesce(Product.making_days, Producer.making_days).label("making_days")


async def ready(
    db: AsyncSession, shop: ShopFacts, wanted: Sequence[tuple[int, int]], month: int, draw: Callable[[Card], str]
) -> list[Markup]:
    """The cards of (product id, version), in that order. One statement for those that are not ready, and those of
    `offered` and of `card_days`.
    """
    locale, running = current_locale(), await offered.running(db)
    keys = [(shop.id, product_id, version, locale, month, running) for product_id, version in wanted]
    missing = [key for key in keys if key not in _kept]
    fresh = await _read(db, shop, [key[1] for key in missing], month) if missing else {}
    for key in missing:
        if key[1] in fresh:
            _kept[key] = Markup(draw(fresh[key[1]]))  # noqa: S704  (a template of ours)
    shown = [_kept[key] for key in keys if key in _kept]
    visits.shows(*(f"p{key[1]}" for key in keys))
    _let_go(keys)
    return await card_days.put_in(db, shop, shown)


def seen_first(ready: Sequence[Markup]) -> list[Markup]:
    """The cards of a list whose first row is on the screen at once: its pictures do not wait, the first comes first."""
    eager = [str(card).replace(LAZY, "" if place else PRIORITY, 1) for place, card in enumerate(ready[:SEEN_FIRST])]
    return [*map(Markup, eager), *ready[SEEN_FIRST:]]


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
            Product.producer_id,
            Product.deposit_percent,
            Producer.name.label("producer_name"),
            Producer.city,
            Producer.province,
            *IMAGE,
            Variant.id.label("variant_id"),
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            Variant.drained_amount,
            Variant.weight_g,
            Variant.price_minor,
            *REFERENCE,
            *WEIGHT,
            *packs.COLUMNS,
            (StockItem.on_hand - StockItem.reserved).label("left"),
            StockItem.low_at,
            StockItem.refills_at,
        )
        .join(Producer, Producer.id == Product.producer_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Product.id.in_(bindparam("ids", expanding=True)), Variant.retired_at.is_(None))
        .order_by(Product.id, Variant.position, Variant.id)
    )


async def _read(db: AsyncSession, shop: ShopFacts, product_ids: Sequence[int], month: int) -> dict[int, Card]:
    rows = (await db.execute(_cards(), {"ids": product_ids})).all()
    everybody = await offered.prices(db, [Piece(row.variant_id, row.price_minor) for row in rows])
    cards: dict[int, Card] = {}
    for product_id, formats in groupby(rows, key=lambda row: row.id):
        row, is_from = shown(list(formats))
        cards[product_id] = replace(
            _card(row, shop.currency, month, everybody.get(row.variant_id)),
            is_from=is_from,
            shrunk=packs.said(row, shop),
            returns=refill_plan.returns(row.refills_at, shop.time_zone, by_day=True),
        )
    return cards


def shown(formats: Sequence[Any]) -> tuple[Any, bool]:
    """(the cheapest format that can be had, else the cheapest; whether there are dearer ones to choose from).

    formats: rows with a price_minor and what is left, in their order. What lists sort and narrow by is the same
    format's price (index._shown).
    """
    there = [row for row in formats if row.left > 0] or formats
    cheapest = min(there, key=lambda row: row.price_minor)  # the first of several
    return cheapest, any(row.price_minor > cheapest.price_minor for row in there)


def _card(row: Any, currency: str, month: int, everybodys: EverybodysPrice | None) -> Card:
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
        unit_price=unit_price_of(row),
        format=in_language(row.format, locale),
        season=seasons.season_of(row.season_mask, month, locale),
        stock_state=stock_state(row.left, row.low_at),
        left=row.left,
        variant_id=row.variant_id,
        min_age=min_age(row.food),
        reduction=None if everybodys else reduction(row),
        offered=offer(row, everybodys) if everybodys else None,
        weight=said_of_weight(row, currency),
        day=card_days.mark(_parcel(row)) if row.left > 0 else "",
    )


def _parcel(row: Any) -> Parcel:
    """What one piece of a row is as a parcel."""
    waits = weight(row) is None and deposits.deposit([(row.price_minor, row.deposit_percent)], row.price_minor) > 0
    return Parcel(row.producer_id, row.weight_g, needs_cold(row.food), min_age(row.food) is not None, waits)


def offer(row: Any, made: EverybodysPrice) -> Offered:
    """What everybody pays of a row with the columns of a variant."""
    price, reference = made.price_minor, made.reference_minor
    terms = by_weight.of(price, row.net_amount, row.net_unit, row.kg_price_minor, row.weight_tolerance)
    unit = UnitPrice(terms.kg_price_minor, "kg") if terms else None
    percent = Decimal(reductions.percent_off(reference, price) if reference else 0)
    return Offered(
        price,
        unit or _unit_price(row, price),
        Reduction(made.kind, reference, percent, made.days) if made.kind else None,
        reference,
        terms is not None,
    )


def reduction(row: Any) -> Reduction | None:
    """What a row with a price and the columns of REFERENCE says of it."""
    if row.reference_kind is None:
        return None
    reference: int | None = row.reference_minor
    percent = reductions.percent_off(reference, row.price_minor) if reference else 0
    until = row.campaign_ends_at - timedelta(seconds=1) if row.campaign_ends_at else None
    return Reduction(row.reference_kind, reference, Decimal(percent), row.reference_days, until)


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


def weight(row: Any) -> ByWeight | None:
    """What a row with a price and the columns of WEIGHT is sold by; None for a fixed price."""
    return by_weight.of(row.price_minor, row.net_amount, row.net_unit, row.kg_price_minor, row.weight_tolerance)


def said_of_weight(row: Any, currency: str) -> str:
    """What is said of a weight that is only about right; "" for a fixed price."""
    terms = weight(row)
    return weight_words.piece(terms, currency) if terms else ""


def unit_price_of(row: Any) -> UnitPrice | None:
    """The same of a row: by weight, the price per kilogram is the one that counts."""
    if terms := weight(row):
        return UnitPrice(terms.kg_price_minor, "kg")
    return _unit_price(row, row.price_minor)


def _unit_price(row: Any, price_minor: int) -> UnitPrice | None:
    """None where the label says why none is due (art. 16 Codice del consumo)."""
    if row.food.get("unit_price_exempt"):
        return None
    return unit_price(price_minor, row.drained_amount or row.net_amount, row.net_unit)


def stock_state(left: int, low_at: int) -> str:
    """law.md L31: what is shown is what there is."""
    if left <= 0:
        return "out"
    return "low" if left <= low_at else "in"


def needs_cold(food: Mapping[str, Any]) -> bool:
    return food.get("ship_temp") in COLD


def min_age(food: Mapping[str, Any]) -> int | None:
    return int(food["min_age"]) if food.get("min_age") else None
