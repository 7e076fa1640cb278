"""Products and their variants: make them, change them, price them.

Every change that a page could show raises `Product.version`; every price a variant ever had is in the price log.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import PriceChange, Product, StockItem, StockMovement, Variant
from app.catalog.search import fold, text_of
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _

LOW_MEMORY = timedelta(days=30)  # art. 17-bis Codice del consumo (law.md L1)
MANDATORY = ("ingredients", "storage", "origin")  # of a food before the purchase (law.md L10, L15)


@dataclass(frozen=True)
class Draft:
    """A product with one variant, before it has ids. Fields are those of the models; price in minor units."""

    product: Mapping[str, Any]
    variant: Mapping[str, Any]
    stock: int
    low_at: int


def sort_name(name: Mapping[str, str]) -> str:
    """What listings are sorted by: the Italian name, folded."""
    return fold(name["it"])[:200]


def search_text(*parts: Mapping[str, str] | str | None) -> str:
    """What search finds a product by: names in all languages, producer, place, category, designation."""
    return text_of(*(text for part in parts if part for text in ([part] if isinstance(part, str) else part.values())))


def missing_particulars(food: Mapping[str, Any]) -> list[str]:
    """Which mandatory food information is not there yet; a product with a gap cannot be published."""
    return [name for name in MANDATORY if not (food.get(name) or {}).get("it")]


async def create(
    db: AsyncSession, drafts: Sequence[Draft], *, known: Mapping[str, int], actor_id: int | None
) -> list[Variant]:
    """New products; drafts of one slug become variants of one. Within a transaction; a few bulk statements.

    known: slug → id of products that are there already and get further variants.
    """
    now = clock.now()
    goods: dict[str, Product] = {}
    for draft in drafts:
        slug = draft.product["slug"]
        if slug not in goods and slug not in known:
            goods[slug] = Product(version=1, created_at=now, updated_at=now, **draft.product)
    shelves = [StockItem(on_hand=draft.stock, reserved=0, low_at=draft.low_at) for draft in drafts]
    db.add_all([*shelves, *goods.values()])
    await db.flush()  # the variants need their ids
    ids = {**known, **{slug: product.id for slug, product in goods.items()}}
    places = Counter(await db.scalars(select(Variant.product_id).where(Variant.product_id.in_(known.values()))))
    made: list[Variant] = []
    for draft, shelf in zip(drafts, shelves, strict=True):
        product_id = ids[draft.product["slug"]]
        made.append(
            Variant(product_id=product_id, stock_item_id=shelf.id, position=places[product_id], **draft.variant)
        )
        places[product_id] += 1
    db.add_all(made)
    await db.flush()  # the price log needs their ids
    for variant, shelf in zip(made, shelves, strict=True):
        log_price(db, variant, "initial", actor_id, now)
        if shelf.on_hand:
            db.add(_first_count(shelf, actor_id, now))
    return made


def _first_count(shelf: StockItem, actor_id: int | None, at: datetime) -> StockMovement:
    return StockMovement(
        stock_item_id=shelf.id,
        kind="initial",
        on_hand_change=shelf.on_hand,
        reserved_change=0,
        reference="",
        actor_id=actor_id,
        at=at,
    )


def log_price(db: AsyncSession, variant: Variant, reason: str, actor_id: int | None, at: datetime) -> None:
    """The price that a variant has from now on."""
    db.add(
        PriceChange(
            variant_id=variant.id, price_minor=variant.price_minor, valid_from=at, reason=reason, actor_id=actor_id
        )
    )


def change(row: Product | Variant, facts: Mapping[str, Any]) -> bool:
    """Set what differs; whether anything did. The caller raises the version (`touch`) and logs prices."""
    different = {name: value for name, value in facts.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


async def touch(db: AsyncSession, product_ids: Sequence[int]) -> None:
    """These products look different now. Within a transaction; rows in id order."""
    for product_id in sorted(set(product_ids)):
        await db.execute(
            update(Product)
            .where(Product.id == product_id)
            .values(version=Product.version + 1, updated_at=clock.now())
            .execution_options(synchronize_session=False)
        )


async def set_price(
    db: AsyncSession, variant_id: int, producer_id: int, price_minor: int, *, was: int, actor_id: int
) -> int | None:
    """A producer's new price; returns the one before, None if it has that price already. Within a transaction.

    was: the price that the person saw. Raises Refused if it has changed meanwhile, NotFound if it is another's variant.
    """
    variant = await _own_variant(db, variant_id, producer_id)
    before = variant.price_minor
    if before == price_minor:
        return None
    if before != was:
        raise Refused(_("Nel frattempo il prezzo è cambiato: ricontrolla."), "price")
    variant.price_minor = price_minor
    log_price(db, variant, "changed", actor_id, clock.now())
    await touch(db, [variant.product_id])
    return before


async def set_published(db: AsyncSession, product_id: int, producer_id: int, published: bool) -> bool:
    """Put a product up for sale or take it off; whether that changed anything. Within a transaction.

    Raises Refused while mandatory food information is missing, NotFound if it is another's product.
    """
    product = await db.scalar(
        select(Product)
        .where(Product.id == product_id, Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise NotFound
    if (product.published_at is not None) == published:
        return False
    if published and missing_particulars(product.food):
        raise Refused(_("Prima completa la scheda: ingredienti, conservazione e origine."), "published")
    product.published_at = clock.now() if published else None
    await touch(db, [product.id])
    return True


async def _own_variant(db: AsyncSession, variant_id: int, producer_id: int) -> Variant:
    variant = await db.scalar(
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == variant_id, Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .with_for_update(of=Variant)
        .execution_options(populate_existing=True)
    )
    if variant is None:
        raise NotFound
    return variant


def lowest_of_30_days(changes: Sequence[tuple[datetime, int]], at: datetime) -> int | None:
    """The lowest price in force during the 30 days before `at`. changes: (valid from, price), oldest first."""
    start = at - LOW_MEMORY
    before = [price for since, price in changes if since <= start]
    during = [price for since, price in changes if start < since <= at]
    return min([*before[-1:], *during], default=None)
