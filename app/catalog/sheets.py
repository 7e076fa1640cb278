"""The product page: everything that is shown and said before the purchase."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import allergens, cards, seasons
from app.catalog.models import Category, Image, Product, StockItem, Variant
from app.catalog.queries import visible
from app.catalog.views import Choice, Estimate, Net, Part, Sheet
from app.delivery import quotes
from app.identity import addresses
from app.kernel import clock, formats
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer

MOST_AT_ONCE = 99
COLD = frozenset({"refrigerato", "fresco"})
_ALLERGEN = re.compile(r"\*([^*]+)\*")


async def sheet(db: AsyncSession, shop: ShopFacts, slug: str, month: int, href: Any) -> tuple[Sheet, str]:
    """(the product, its producer's slug), in one query. Raises NotFound for what the public may not see."""
    rows = (
        await db.execute(
            select(
                Product,
                Category.slug.label("category_slug"),
                Category.name.label("category_name"),
                Producer.slug.label("producer_slug"),
                Image.key,
                Image.width,
                Image.height,
                Image.alt,
                Image.color,
                Variant,
                (StockItem.on_hand - StockItem.reserved).label("left"),
                StockItem.low_at,
            )
            .join(Producer, Producer.id == Product.producer_id)
            .join(Category, Category.id == Product.category_id)
            .join(Variant, Variant.product_id == Product.id)
            .join(StockItem, StockItem.id == Variant.stock_item_id)
            .outerjoin(Image, Image.id == Product.image_id)
            .where(Product.slug == slug, visible())
            .order_by(Variant.position)
        )
    ).all()
    if not rows:
        raise NotFound
    return _sheet(rows, shop, month, href), rows[0].producer_slug


def _sheet(rows: Any, shop: ShopFacts, month: int, href: Any) -> Sheet:
    first, locale = rows[0], current_locale()
    product: Product = first.Product
    food: Mapping[str, Any] = product.food
    name = in_language(product.name, locale)
    choices = [_choice(row) for row in rows]
    chosen = next((choice for choice in choices if choice.stock_state != "out"), choices[0])
    variant: Variant = next(row.Variant for row in rows if row.Variant.id == chosen.id)
    now = bool(product.season_mask & seasons.bit(month))
    date_type = str(food.get("date_type") or "").lower()
    return Sheet(
        id=product.id,
        name=name,
        url=f"/prodotti/{product.slug}",
        mark=product.designation,
        image=cards.picture(first, name),
        description=in_language(product.description, locale),
        trail=[
            (shop.name, href("/")),
            (in_language(first.category_name, locale), href(f"/categorie/{first.category_slug}")),
            (name, None),
        ],
        currency=shop.currency,
        variants=choices,
        chosen=chosen,
        max_quantity=max(1, min(MOST_AT_ONCE, chosen.left)),
        min_age=cards.min_age(food),
        in_season=seasons.is_seasonal(product.season_mask) and now,
        back_text=None if now else _back_text(product.season_mask, month, locale),
        lowest_minor=None,
        legal_name=in_language(food.get("legal_name") or product.name, locale),
        ingredients=parts(in_language(food.get("ingredients") or {}, locale)),
        allergens=allergens.names(food.get("allergens") or []),
        storage=in_language(food.get("storage") or {}, locale),
        shelf_life_days=int(food.get("shelf_life_days") or 0),
        date_type=date_type if date_type in {"tmc", "scadenza"} and food.get("shelf_life_days") else None,
        origin=in_language(food.get("origin") or {}, locale),
        format=in_language(variant.format, locale),
        net=Net(variant.net_amount, variant.net_unit),
        cold=needs_cold(food),
        abv=_abv(food),
        withdrawal=str(food.get("withdrawal") or "standard"),
        category_id=product.category_id,
        producer_id=product.producer_id,
    )


def _choice(row: Row[Any]) -> Choice:
    variant: Variant = row.Variant
    return Choice(
        id=variant.id,
        label=in_language(variant.format, current_locale()),
        price_minor=variant.price_minor,
        unit_price=cards.unit_price(
            variant.price_minor, variant.drained_amount or variant.net_amount, variant.net_unit
        ),
        stock_state=cards.stock_state(row.left, row.low_at),
        left=row.left,
    )


def _back_text(mask: int, month: int, locale: str) -> str:
    back = seasons.month_name(seasons.next_month(mask, month), locale)
    return _("È fuori stagione: torna a %(month)s.", month=back)


def _abv(food: Mapping[str, Any]) -> str | None:
    value = food.get("alcohol_abv")
    return str(value).replace(".", ",") if value else None


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
        code = addresses.cap(typed)
    except ValueError as mistake:
        return Estimate(cap=typed[:10], error=str(mistake))
    quote = await quotes.quote(db, shop.country, code)
    if quote is None:
        return Estimate(cap=code, refused=_("Qui non consegniamo."))
    if refused := quote.refusal(fresh=sheet.cold, alcohol=sheet.min_age is not None):
        return Estimate(cap=code, refused=refused)
    locale = current_locale()
    earliest, latest = quote.arrival(clock.now(), shop.time_zone)
    how = [in_language(quote.carrier, locale), in_language(quote.cold_chain, locale)]
    return Estimate(
        cap=code,
        when=arrival_words(earliest, latest, locale),
        how=", ".join(text for text in how if text),
        fee_minor=quote.fee(sheet.chosen.price_minor),
        free_from_minor=quote.free_over_minor,
    )


def arrival_words(earliest: date, latest: date, locale: str) -> str:
    """«Arriva martedì 24 novembre», or between two days."""
    first = formats.date(earliest, locale, style="full")
    if earliest == latest:
        return _("Arriva %(day)s", day=first)
    return _("Arriva tra %(first)s e %(last)s", first=first, last=formats.date(latest, locale, style="full"))
