"""The product page: everything that is shown and said before the purchase."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Row, Select, String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import allergens, cards, gallery_queries, seasons
from app.catalog.classes import class_of
from app.catalog.labels import label_of
from app.catalog.listings import NOW, visible
from app.catalog.models import Category, Image, Product, StockItem, Variant
from app.catalog.queries import MAKER, maker_view
from app.catalog.views import Choice, Estimate, Maker, Net, Part, Sheet
from app.delivery import quotes
from app.identity import addresses
from app.kernel import clock, formats
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer

MOST_AT_ONCE = 99
COLD = frozenset({"fresco", "refrigerato", "surgelato"})
_ALLERGEN = re.compile(r"\*([^*]+)\*")


async def preview(db: AsyncSession, shop: ShopFacts, product_id: int, month: int) -> tuple[Sheet, Maker]:
    """The same for a product that the public need not see yet. Raises NotFound while it has no variant."""
    rows = (await db.execute(_preview(), {"product": product_id})).all()
    return await _shown(db, shop, rows, month)


async def sheet(db: AsyncSession, shop: ShopFacts, slug: str, month: int) -> tuple[Sheet, Maker]:
    """A product and who sells it, in one statement, or two when there is a gallery.

    Raises NotFound for what the public may not see.
    """
    rows = (await db.execute(_statement(), {"slug": slug, NOW.key: clock.now()})).all()
    return await _shown(db, shop, rows, month)


async def _shown(db: AsyncSession, shop: ShopFacts, rows: Sequence[Row[Any]], month: int) -> tuple[Sheet, Maker]:
    if not rows:
        raise NotFound
    shown = _sheet(rows, shop, month)
    if rows[0].has_more:
        shown = replace(shown, gallery=[shown.image, *await gallery_queries.more(db, shown.id, shown.name)])
    return shown, maker_view(rows[0], bare=True)


@cache
def _statement() -> Select[Any]:
    return _facts().where(Product.slug == bindparam("slug", type_=String), visible())


@cache
def _preview() -> Select[Any]:
    return _facts().where(Product.id == bindparam("product", type_=BigInteger), Product.deleted_at.is_(None))


def _facts() -> Select[Any]:
    return (
        select(
            Product.id,
            Product.slug,
            Product.name,
            Product.description,
            Product.designation,
            Product.food,
            Product.safety,
            Product.product_class,
            Product.packaging,
            Product.certifications,
            Product.seo,
            Product.season_mask,
            Product.category_id,
            Product.rating_count,
            Product.rating_sum,
            Category.slug.label("category_slug"),
            Category.name.label("category_name"),
            Category.product_class.label("category_class"),
            *MAKER,
            *cards.IMAGE,
            gallery_queries.has_more().label("has_more"),
            Variant.id.label("variant_id"),
            Variant.sku,
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            Variant.drained_amount,
            Variant.price_minor,
            (StockItem.on_hand - StockItem.reserved).label("left"),
            StockItem.low_at,
        )
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .order_by(Variant.position, Variant.id)
    )


def _sheet(rows: Sequence[Row[Any]], shop: ShopFacts, month: int) -> Sheet:
    first, locale = rows[0], current_locale()
    food: Mapping[str, Any] = first.food
    name = in_language(first.name, locale)
    choices = [_choice(row) for row in rows]
    chosen = next((choice for choice in choices if choice.stock_state != "out"), choices[0])
    row = rows[choices.index(chosen)]
    now = bool(first.season_mask & seasons.bit(month))
    life, kind = int(food.get("shelf_life_days") or 0), str(food.get("date_type") or "").lower()

    def said(text: str) -> str:
        return in_language(food.get(text) or {}, locale)

    return Sheet(
        id=first.id,
        name=name,
        url=f"/prodotti/{first.slug}",
        mark=first.designation,
        image=cards.picture(first, name),
        description=in_language(first.description, locale),
        trail=_trail(first, shop, name),
        currency=shop.currency,
        variants=choices,
        chosen=chosen,
        max_quantity=max(1, min(MOST_AT_ONCE, chosen.left)),
        min_age=cards.min_age(food),
        in_season=seasons.is_seasonal(first.season_mask) and now,
        back_text=None if now else _back_text(first.season_mask, month, locale),
        lowest_minor=None,  # prices are never shown as reduced (law.md L1)
        legal_name=said("legal_name") or name,
        ingredients=parts(said("ingredients")),
        allergens=allergens.names(food.get("allergens") or []),
        storage=said("storage"),
        shelf_life_days=life,
        date_type=kind if kind in {"tmc", "scadenza"} and life else None,
        origin=said("origin"),
        format=chosen.label,
        net=Net(row.net_amount, row.net_unit),
        cold=needs_cold(food),
        abv=_abv(food, locale),
        withdrawal=str(food.get("withdrawal") or "standard"),
        category_id=first.category_id,
        producer_id=first.producer_id,
        rating_count=first.rating_count,
        rating_sum=first.rating_sum,
        label=label_of(
            class_of(first.product_class, first.category_class, food),
            {**first.safety, **food},
            unit=row.net_unit,
            packed=first.packaging,
            certified=first.certifications,
            is_small=first.legal.get("is_small") is True,
        ),
        seo_title=in_language(first.seo.get("title") or {}, locale),
        seo_description=in_language(first.seo.get("description") or {}, locale),
    )


def _trail(row: Row[Any], shop: ShopFacts, name: str) -> list[tuple[str, str | None]]:
    locale = current_locale()
    department = in_language(row.category_name, locale)
    return [
        (shop.name, shop.href("/", locale)),
        (department, shop.href(f"/categorie/{row.category_slug}", locale)),
        (name, None),
    ]


def _choice(row: Row[Any]) -> Choice:
    return Choice(
        id=row.variant_id,
        label=in_language(row.format, current_locale()),
        price_minor=row.price_minor,
        unit_price=cards.unit_price(row.price_minor, row.drained_amount or row.net_amount, row.net_unit),
        stock_state=cards.stock_state(row.left, row.low_at),
        left=row.left,
        sku=row.sku,
        net=Net(row.drained_amount or row.net_amount, row.net_unit),
    )


def _back_text(mask: int, month: int, locale: str) -> str:
    back = seasons.month_name(seasons.next_month(mask, month), locale)
    return _("È fuori stagione: torna a %(month)s.", month=back)


def _abv(food: Mapping[str, Any], locale: str) -> str | None:
    strength = food.get("alcohol_abv")
    return formats.number(Decimal(str(strength)), locale) if strength else None


def needs_cold(food: Mapping[str, Any]) -> bool:
    return food.get("ship_temp") in COLD


def parts(ingredients: str) -> list[Part]:
    """The ingredients as pieces; what stands between *asterisks* is an allergen."""
    found = []
    for index, text in enumerate(_ALLERGEN.split(ingredients)):
        if text:
            found.append(Part(text, allergen=index % 2 == 1))
    return found


async def estimate(db: AsyncSession, shop: ShopFacts, sheet: Sheet, typed: str) -> Estimate:
    """When and for how much one parcel with this product gets to a postal code of the shop's country."""
    try:
        code = addresses.postal_code(typed, shop.country)
    except ValueError as mistake:
        return Estimate(cap=typed[:10], error=str(mistake))
    quote = await quotes.quote(db, shop.country, code)
    if quote is None:
        return Estimate(cap=code, refused=_("Qui non consegniamo."))
    if refused := quote.refusal(fresh=sheet.cold, alcohol=sheet.min_age is not None):
        return Estimate(cap=code, refused=refused)
    locale = current_locale()
    earliest, latest = quote.arrival(clock.now(), shop.time_zone)
    how = [in_language(quote.carrier, locale), in_language(quote.cold_chain, locale) if sheet.cold else ""]
    return Estimate(
        cap=code,
        when=_("Arriva %(when)s", when=formats.days(earliest, latest, locale)),
        how=" · ".join(text for text in how if text),
        fee_minor=quote.fee(sheet.chosen.price_minor),
        free_from_minor=quote.free_over_minor,
    )
