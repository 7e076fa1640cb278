"""The product page: everything that is shown and said before the purchase."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Row, Select, String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import (
    allergens,
    cards,
    deposits,
    designations,
    gallery_queries,
    offered,
    packs,
    proofs,
    refill_plan,
    seasons,
    tagging,
)
from app.catalog.classes import ProductClass, class_of
from app.catalog.labels import Label, label_of
from app.catalog.listings import NOW, visible
from app.catalog.models import Category, Image, Product, StockItem, Variant
from app.catalog.offered import EverybodysPrice, Piece
from app.catalog.particulars import TEMPERATURES
from app.catalog.queries import MAKER, maker_view
from app.catalog.views import Choice, Link, Maker, Net, Part, Sheet
from app.kernel import clock, formats
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers import closures, selling
from app.producers.models import Producer

MOST_AT_ONCE = 99
_ALLERGEN = re.compile(r"\*([^*]+)\*")


async def preview(db: AsyncSession, shop: ShopFacts, product_id: int, month: int) -> tuple[Sheet, Maker]:
    """The same for a product that the public need not see yet. Raises NotFound while it has no variant."""
    rows = (await db.execute(_preview(), {"product": product_id})).all()
    return await _shown(db, shop, rows, month)


async def sheet(
    db: AsyncSession, shop: ShopFacts, slug: str, month: int, variant_id: int | None = None
) -> tuple[Sheet, Maker]:
    """A product and who sells it, in one statement, one more each for a gallery and for tags.

    variant_id: the format that is chosen; without one, or for one that is not offered, the first that can be had.
    Raises NotFound for what the public may not see.
    """
    rows = (await db.execute(_statement(), {"slug": slug, NOW.key: clock.now()})).all()
    return await _shown(db, shop, rows, month, variant_id)


async def _shown(
    db: AsyncSession, shop: ShopFacts, rows: Sequence[Row[Any]], month: int, variant_id: int | None = None
) -> tuple[Sheet, Maker]:
    if not rows:
        raise NotFound
    everybodys = await offered.prices(db, [Piece(row.variant_id, row.price_minor) for row in rows])
    shown = _sheet(rows, shop, month, everybodys, variant_id)
    if rows[0].has_more:
        shown = replace(shown, gallery=[shown.image, *await gallery_queries.more(db, shown.id, shown.name)])
    if rows[0].tag_mask:
        shown = replace(shown, tags=await _tags(db, rows[0].tag_mask))
    return shown, maker_view(rows[0], bare=True)


async def _tags(db: AsyncSession, mask: int) -> list[Link]:
    locale = current_locale()
    found = tagging.of(mask, await tagging.shown(db))
    return [Link(in_language(tag.name, locale), f"/prodotti?etichetta={tag.slug}") for tag in found]


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
            Product.tag_mask,
            Product.seo,
            Product.proofs,
            Product.season_mask,
            Product.deposit_percent,
            cards.MAKING_DAYS,
            Product.category_id,
            Product.rating_count,
            Product.rating_sum,
            Category.slug.label("category_slug"),
            Category.name.label("category_name"),
            Category.product_class.label("category_class"),
            *MAKER,
            Producer.daily_orders,
            selling.may_sell().label("may_sell"),
            *cards.IMAGE,
            gallery_queries.has_more().label("has_more"),
            Variant.id.label("variant_id"),
            Variant.sku,
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            Variant.drained_amount,
            Variant.weight_g,
            Variant.price_minor,
            *cards.REFERENCE,
            *cards.WEIGHT,
            *packs.COLUMNS,
            (StockItem.on_hand - StockItem.reserved).label("left"),
            StockItem.low_at,
            StockItem.refills_at,
        )
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Variant.retired_at.is_(None))
        .order_by(Variant.position, Variant.id)
    )


def path_of(slug: str, variant_id: int | None) -> str:
    """The page of a product; with a format, that one is chosen on it."""
    return f"/prodotti/{slug}" if variant_id is None else f"/prodotti/{slug}?formato={variant_id}"


def _sheet(
    rows: Sequence[Row[Any]],
    shop: ShopFacts,
    month: int,
    everybodys: Mapping[int, EverybodysPrice],
    variant_id: int | None,
) -> Sheet:
    first, locale = rows[0], current_locale()
    food: Mapping[str, Any] = first.food
    name = in_language(first.name, locale)
    choices = _choices(rows, shop, everybodys)
    there = next((choice for choice in choices if choice.stock_state != "out"), choices[0])
    chosen = next((choice for choice in choices if choice.id == variant_id), there)
    row, kind_of = rows[choices.index(chosen)], class_of(first.product_class, first.category_class, food)
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
        season=seasons.season_of(first.season_mask, month, locale),
        legal_name=said("legal_name") or name,
        ingredients=parts(said("ingredients")),
        allergens=allergens.names(food.get("allergens") or []),
        storage=said("storage"),
        shelf_life_days=life,
        date_type=kind if kind in {"tmc", "scadenza"} and life else None,
        origin=said("origin"),
        format=chosen.label,
        net=Net(row.net_amount, row.net_unit),
        drained=Net(row.drained_amount, row.net_unit) if row.drained_amount else None,
        registered=_registered(first, kind_of.key),
        transport=str(TEMPERATURES.get(str(food.get("ship_temp")), TEMPERATURES["ambiente"])),
        proofs=proofs.shown(first.proofs, clock.today(shop.time_zone)),
        cold=cards.needs_cold(food),
        abv=_abv(food, locale),
        withdrawal=str(food.get("withdrawal") or "standard"),
        category_id=first.category_id,
        producer_id=first.producer_id,
        rating_count=first.rating_count,
        rating_sum=first.rating_sum,
        label=_label(row, kind_of),
        closed=closures.spans(first.closed),
        has_full_days=bool(first.daily_orders),
        waits="" if first.may_sell else selling.told(first.producer_name),
        seo_title=in_language(first.seo.get("title") or {}, locale),
        seo_description=in_language(first.seo.get("description") or {}, locale),
    )


def _label(row: Row[Any], product_class: ProductClass) -> Label:
    return label_of(
        product_class,
        {**row.safety, **row.food},
        unit=row.net_unit,
        packed=row.packaging,
        certified=row.certifications,
        is_small=row.legal.get("is_small") is True,
    )


def _registered(row: Row[Any], product_class: str) -> str:
    """The protected name that a European mark stands for, as it is registered."""
    if row.designation not in designations.EUROPEAN:
        return ""
    said = str(row.food.get("designation_name") or "")
    named = (each.name for each in designations.named_in(row.name["it"], product_class) if each.mark == row.designation)
    return said or next(named, "")


def _trail(row: Row[Any], shop: ShopFacts, name: str) -> list[tuple[str, str | None]]:
    locale = current_locale()
    department = in_language(row.category_name, locale)
    return [
        (shop.name, shop.href("/", locale)),
        (department, shop.href(f"/categorie/{row.category_slug}", locale)),
        (name, None),
    ]


def _choices(rows: Sequence[Row[Any]], shop: ShopFacts, everybodys: Mapping[int, EverybodysPrice]) -> list[Choice]:
    """The formats. Where there are several, each has an address of its own."""
    choices = [_offered(_also(_choice(row, shop.currency), row, shop), row, everybodys) for row in rows]
    if len(choices) > 1:
        choices = [replace(choice, url=path_of(rows[0].slug, choice.id)) for choice in choices]
    return choices


def _choice(row: Row[Any], currency: str) -> Choice:
    return Choice(
        id=row.variant_id,
        label=in_language(row.format, current_locale()),
        price_minor=row.price_minor,
        unit_price=cards.unit_price_of(row),
        stock_state=cards.stock_state(row.left, row.low_at),
        left=row.left,
        sku=row.sku,
        net=Net(row.drained_amount or row.net_amount, row.net_unit),
        holds=Net(row.net_amount, row.net_unit),
        url=path_of(row.slug, None),
        reduction=cards.reduction(row),
        has_offer=row.campaign_ends_at is not None,
        weight=cards.said_of_weight(row, currency),
        deposit="" if cards.weight(row) else _deposit(row, currency),
        weight_g=row.weight_g,
    )


def _deposit(row: Row[Any], currency: str) -> str:
    return deposits.said(row.price_minor, row.deposit_percent, currency, row.making_days)


def _also(choice: Choice, row: Row[Any], shop: ShopFacts) -> Choice:
    """With what is said of a smaller pack, and of when more comes."""
    shrunk, returns = packs.said(row, shop), refill_plan.returns(row.refills_at, shop.time_zone)
    return replace(choice, shrunk=shrunk, returns=returns)


def _offered(choice: Choice, row: Row[Any], everybodys: Mapping[int, EverybodysPrice]) -> Choice:
    made = everybodys.get(choice.id)
    return replace(choice, reduction=None, offered=cards.offer(row, made)) if made else choice


def _abv(food: Mapping[str, Any], locale: str) -> str | None:
    strength = food.get("alcohol_abv")
    return formats.number(Decimal(str(strength)), locale) if strength else None


def parts(ingredients: str) -> list[Part]:
    """The ingredients as pieces; what stands between *asterisks* is an allergen."""
    found = []
    for index, text in enumerate(_ALLERGEN.split(ingredients)):
        if text:
            found.append(Part(text, allergen=index % 2 == 1))
    return found
