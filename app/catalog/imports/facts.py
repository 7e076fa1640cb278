"""Rows as columns of models: what a new product begins with, and what differs in one that is there."""

import re
from collections.abc import Mapping
from typing import Any

from app.catalog import products
from app.catalog.imports.columns import OF_FOOD
from app.catalog.imports.rows import Row
from app.catalog.imports.shelves import Shelves, sources, texts
from app.catalog.models import Product, Variant

_ZEROS = re.compile(r"[0-9]+\.[0-9]*0")  # 12.0 is 12
# Our column → the column of the product that it fills, where nothing is kept from before.
_PLAIN = {
    "slug": "slug",
    "designation": "designation",
    "season_months": "season_mask",
    "featured": "is_featured",
    "product_class": "product_class",
    "packaging": "packaging",
    "certifications": "certifications",
}
_OF_VARIANT = {
    "net_quantity": "net_amount",
    "net_unit": "net_unit",
    "weight_g": "weight_g",
    "price_eur": "price_minor",
    "vat_rate": "vat_rate",
    "drained_quantity": "drained_amount",
}
# What a file of another shop may change in a product that is there: the rest of it was completed by hand.
_FROM_ELSEWHERE = frozenset({"name_it", "description_it", "price_eur"})


def given(row: Row, there: object | None) -> frozenset[str]:
    """Our columns that count for this row."""
    return row.given & _FROM_ELSEWHERE if there is not None and not row.is_ours else row.given


def of_product(row: Row, shelves: Shelves, there: Product | None = None) -> dict[str, Any]:
    """Columns of the product. What the file has no column for stays as it is `there`."""
    if there is not None and not row.is_ours:
        return {
            "name": texts(row, "name", row.name, there.name),
            "description": _described(row, there.description),
        }
    facts: dict[str, Any] = {
        column: getattr(row, column) for name, column in _PLAIN.items() if not there or name in row.given
    }
    facts |= {
        "producer_id": shelves.producers[row.producer].id,
        "category_id": shelves.categories[row.category].id,
        "name": texts(row, "name", row.name, there.name if there else {}),
        "description": _described(row, there.description if there else {}),
        "food": _food(row, there),
    }
    if not there or "tags" in row.given:
        facts["tag_mask"] = sum(shelves.tags[slug] for slug in row.tags)
    if not there or "label" in row.given:
        facts["safety"] = row.safety
    seo = {
        part: texts(row, f"seo_{part}", row.seo[part], (there.seo if there else {}).get(part, {})) for part in row.seo
    }
    facts["seo"] = {part: said for part, said in seo.items() if said}
    _wanted, images, _unknown = sources(row, shelves)
    if not there or images:
        facts["image_id"] = images[0] if images else None
    return facts


def _described(row: Row, old: Mapping[str, str]) -> dict[str, str]:
    """Another shop's empty cell takes nothing away."""
    if not row.is_ours and not row.description:
        return dict(old)
    return texts(row, "description", row.description, old)


def _food(row: Row, there: Product | None) -> dict[str, Any]:
    food = {key: value for key, value in row.food.items() if not there or _speaks_of(row, key)}
    for key in ("ingredients", "storage", "origin"):
        food[key] = texts(row, key, row.food[key], there.food.get(key, {}) if there else {})
    return {**_kept_food(row, there), **food}


def _kept_food(row: Row, there: Product | None) -> dict[str, Any]:
    """What the food sheet says already and the file does not speak about."""
    return {key: value for key, value in there.food.items() if not _speaks_of(row, key)} if there else {}


def _speaks_of(row: Row, key: str) -> bool:
    if key.startswith("omnibus_"):  # a file may only raise what buyers are told
        return row.food.get(key) is True
    if key in OF_FOOD:
        return key in row.given or f"{key}_it" in row.given
    return "label" in row.given


def derived(shelves: Shelves, facts: Mapping[str, Any], there: Product | None = None) -> dict[str, Any]:
    """What follows from the rest: the order in lists, and what search finds it by."""

    def now(column: str) -> Any:
        return facts[column] if column in facts else getattr(there, column)

    maker = next(maker for maker in shelves.producers.values() if maker.id == now("producer_id"))
    category = next(each for each in shelves.categories.values() if each.id == now("category_id"))
    designation = now("designation")
    return {
        "sort_name": products.sort_name(facts["name"]),
        "search_text": products.search_text(facts["name"], maker.name, maker.city, category.name, designation),
    }


def of_variant(row: Row, there: Variant | None = None) -> dict[str, Any]:
    """Columns of the variant, likewise."""
    counted = given(row, there)
    facts: dict[str, Any] = {
        column: getattr(row, column) for name, column in _OF_VARIANT.items() if not there or name in counted
    }
    if not there or row.is_ours:
        facts |= {"sku": row.sku, "format": texts(row, "format", row.format, there.format if there else {})}
    if not there or "by_weight" in counted:
        facts |= _of_weight(row, there)
    return facts


def _of_weight(row: Row, there: Variant | None) -> dict[str, Any]:
    """Where the file has another price per kilogram, and still the old price of a piece, the first one counts."""
    terms = row.by_weight
    if terms is None:
        return {"kg_price_minor": None, "weight_tolerance": None}
    facts = {"kg_price_minor": terms.kg_price_minor, "weight_tolerance": terms.tolerance}
    follows = there is not None and is_old_price(row, there)
    return {**facts, "price_minor": terms.estimate_minor} if follows else facts


def is_old_price(row: Row, there: Variant) -> bool:
    """Of goods by weight: what a kilogram or a piece is has changed in the file, the price of a piece has not."""
    terms = row.by_weight
    was = (there.kg_price_minor, there.net_amount)
    return terms is not None and row.price_minor == there.price_minor and was != (terms.kg_price_minor, row.net_amount)


def differences(there: Product | Variant, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that would change. What says nothing is the same as nothing: {"storage": {}} is {}."""
    return {
        name: value
        for name, value in facts.items()
        if getattr(there, name) != value and _bare(getattr(there, name)) != _bare(value)
    }


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _bare(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, "", [], {}, False)}
    if isinstance(value, str) and _ZEROS.fullmatch(value):
        return value.rstrip("0").rstrip(".")
    return value
