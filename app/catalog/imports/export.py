"""The shop's goods as our own CSV: what comes out goes in again, and comes out the same, byte for byte.

UTF-8 with its mark, semicolons and decimal commas, so that spreadsheets open it; one row per format, by address.
"""

import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import seasons, tagging
from app.catalog.imports import escaping, label
from app.catalog.imports.columns import OF_WEIGHT, ORDER
from app.catalog.models import Category, Image, Product, ProductImage, StockItem, Variant
from app.catalog.vocabulary import Tag
from app.kernel.i18n import LOCALES
from app.producers.models import Producer

PAGE = 300  # products
MARK = "\ufeff"


async def lines(db: AsyncSession, owner: int | None) -> AsyncIterator[bytes]:
    """The file, a page at a time. owner: whose goods, None for all. Without what was thrown away or has no format."""
    yield _encoded([dict(zip(ORDER, ORDER, strict=True))], first=MARK)
    tags = await tagging.kept(db)
    last = ""
    while True:
        mine = [] if owner is None else [Product.producer_id == owner]
        page = list(
            await db.execute(
                select(Product.id, Product.slug)
                .where(Product.deleted_at.is_(None), Product.slug > last, *mine)
                .order_by(Product.slug)
                .limit(PAGE)
            )
        )
        if not page:
            return
        last = page[-1].slug
        rows = (await db.execute(_goods([row.id for row in page]))).all()
        galleries = await _galleries(db, [row.id for row in page])
        yield _encoded([_cells(row, galleries[row.Product.id], tags) for row in rows])
        db.expunge_all()


def _goods(ids: Sequence[int]) -> Select[Any, Any, Any, str, str, str]:
    return (
        select(
            Product,
            Variant,
            StockItem,
            Producer.slug.label("producer_slug"),
            Category.slug.label("category_slug"),
            Image.key.label("image_key"),
        )
        .join(Variant, Variant.product_id == Product.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Product.id.in_(ids), Variant.retired_at.is_(None))
        .order_by(Product.slug, Variant.position, Variant.id)
    )


async def _galleries(db: AsyncSession, ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Keys of the pictures in each gallery, in order."""
    rows = await db.execute(
        select(ProductImage.product_id, Image.key)
        .join(Image, Image.id == ProductImage.image_id)
        .where(ProductImage.product_id.in_(ids), ProductImage.removed_at.is_(None))
        .order_by(ProductImage.position, ProductImage.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for product_id, key in rows:
        found[product_id].append(key)
    return found


def _cells(row: Row[Any], gallery: Sequence[str], tags: Sequence[Tag]) -> dict[str, str]:
    product, variant, stock = row.Product, row.Variant, row.StockItem
    food: Mapping[str, Any] = product.food
    pictures = list(dict.fromkeys([*([row.image_key] if row.image_key else []), *gallery]))
    months = [str(month) for month in range(1, 13) if product.season_mask & seasons.bit(month)]
    cells: dict[str, Any] = {
        "sku": variant.sku,
        "slug": product.slug,
        "producer": row.producer_slug,
        "category": row.category_slug,
        "designation": product.designation,
        "product_class": product.product_class,
        "certifications": " ".join(product.certifications),
        "tags": " ".join(sorted(tag.slug for tag in tagging.of(product.tag_mask, tags))),
        "net_quantity": variant.net_amount,
        "net_unit": variant.net_unit,
        "drained_quantity": variant.drained_amount,
        "weight_g": variant.weight_g,
        "price_eur": _amount(variant.price_minor),
        "vat_rate": _comma(variant.vat_rate),
        **_of_weight(variant),
        "allergens": " ".join(food.get("allergens") or []),
        "alcohol_abv": _comma(food.get("alcohol_abv")),
        "omnibus_perishable": "0" if food.get("omnibus_protected") else ("1" if food.get("omnibus_perishable") else ""),
        "withdrawal": "" if food.get("withdrawal") == "standard" else food.get("withdrawal"),
        "season_months": "" if product.season_mask == seasons.ALWAYS else " ".join(months),
        "provinces": " ".join(food.get("provinces") or []),
        "label": label.write(food, product.safety),
        "packaging": "|".join(f"{each['part']}:{each['code']}" for each in product.packaging),
        "image": "|".join(pictures),
        "stock": stock.on_hand,
        "low_stock_at": stock.low_at,
        "featured": "1" if product.is_featured else "0",
        "published": "1" if product.published_at is not None else "0",
    }
    for name in ("shelf_life_days", "min_residual_days", "date_type", "min_age"):
        cells[name] = food.get(name)
    cells["ship_temp"] = food.get("ship_temp") or "ambiente"
    for stem, texts in _texts(product, variant).items():
        cells |= {f"{stem}_{locale}": texts.get(locale) for locale in LOCALES}
    return {name: _cell(cells[name]) for name in ORDER}


def _of_weight(variant: Variant) -> dict[str, Any]:
    """As typed: a campaign makes another price of a piece, and leaves the kilogram's alone."""
    if variant.weight_tolerance is None or variant.kg_price_minor is None:
        return {"by_weight": "0", **dict.fromkeys(OF_WEIGHT)}
    figures = (_amount(variant.kg_price_minor), variant.net_amount, variant.weight_tolerance)
    return {"by_weight": "1", **dict(zip(OF_WEIGHT, figures, strict=True))}


def _amount(minor: int) -> str:
    return f"{minor // 100},{minor % 100:02}"


def _texts(product: Product, variant: Variant) -> dict[str, Mapping[str, str]]:
    return {
        "name": product.name,
        "description": product.description,
        "format": variant.format,
        **{name: product.food.get(name) or {} for name in ("ingredients", "storage", "origin")},
        **{f"seo_{part}": product.seo.get(part) or {} for part in ("title", "description")},
    }


def _comma(figure: Any) -> str:
    """An exact figure in its shortest writing."""
    text = "" if figure is None else str(figure)
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def _cell(value: Any) -> str:
    """Numbers as they are; text so that no spreadsheet runs it."""
    return escaping.out(value) if isinstance(value, str) else "" if value is None else str(value)


def _encoded(rows: Sequence[Mapping[str, str]], first: str = "") -> bytes:
    out = io.StringIO(newline="")
    out.write(first)
    csv.DictWriter(out, ORDER, delimiter=";").writerows(rows)
    return out.getvalue().encode()
