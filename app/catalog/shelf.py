"""A producer's sheet of stock, and the sheet of prices: many rows in one form, and all of them or none are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products, stock
from app.catalog.models import Product, StockItem, Variant
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit


@dataclass(frozen=True)
class Counted:
    """One row of the stock sheet. was: the pieces that the sheet showed when the person began to count."""

    variant_id: int
    on_hand: int
    low_at: int
    was: int


@dataclass(frozen=True)
class Priced:
    """One row of the price sheet, minor units. was: the price that the sheet showed."""

    variant_id: int
    price_minor: int
    was: int


@dataclass(frozen=True)
class Shown:
    """Whether a product is for sale, and whether the sheet said so before."""

    product_id: int
    is_published: bool
    was: bool


class RowsRefused(Refused):
    """Some rows cannot be; nothing was written. rows: row id → (field, sentence)."""

    def __init__(self, rows: Mapping[int, tuple[str, str]]) -> None:
        super().__init__(_("Qualche riga non va: non abbiamo cambiato niente."))
        self.rows = dict(rows)


async def take_stock(db: AsyncSession, producer_id: int, person: Person, sheet: Sequence[Counted]) -> int:
    """Write what was counted; returns how many rows changed. Within a transaction, which a refusal must undo.

    A row that nobody edited stays as it is, even if pieces were sold meanwhile. Raises RowsRefused for rows where the
    count is below what is promised, or where pieces moved during the count; NotFound for somebody else's row.
    """
    items = await _items(db, producer_id, [row.variant_id for row in sheet])
    by_id = {row.variant_id: row for row in sheet}
    refused: dict[int, tuple[str, str]] = {}
    changed = 0
    for variant_id, item in items.items():
        row = by_id[variant_id]
        before = {"on_hand": item.on_hand, "low_at": item.low_at}
        item.low_at = row.low_at  # what was counted is measured by the new mark
        try:
            await _count(db, item, row, person)
        except Refused as no:
            refused[variant_id] = ("on_hand", no.message)
            continue
        after = {"on_hand": item.on_hand, "low_at": item.low_at}
        if after != before:
            changed += 1
            audit.by(db, person, "stock.count", ("variant", variant_id), before, after)
    if refused:
        raise RowsRefused(refused)
    return changed


async def _items(db: AsyncSession, producer_id: int, variant_ids: Sequence[int]) -> dict[int, StockItem]:
    """A producer's stock by variant, locked in the order of the items' ids. Raises NotFound if one is another's."""
    found = await db.execute(
        select(Variant.id, StockItem)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variant_ids), Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .order_by(StockItem.id)
        .with_for_update(of=StockItem, key_share=True)
        .execution_options(populate_existing=True)
    )
    items: dict[int, StockItem] = dict(found.all())
    if len(items) != len(set(variant_ids)):
        raise NotFound
    return items


async def _count(db: AsyncSession, item: StockItem, row: Counted, person: Person) -> None:
    if row.on_hand in {row.was, item.on_hand}:
        return
    if item.on_hand != row.was:
        raise Refused(_("Mentre contavi i pezzi sono diventati %(now)s: riconta.", now=item.on_hand))
    await stock.count(db, item.id, row.on_hand, actor_id=person.id)


async def set_offers(
    db: AsyncSession, producer_id: int, person: Person, prices: Sequence[Priced], shown: Sequence[Shown]
) -> int:
    """Write prices and what is for sale; returns how many rows changed. Within a transaction, which a refusal undoes.

    Raises RowsRefused; its ids are those of variants for the field `price`, of products for `published`.
    """
    refused: dict[int, tuple[str, str]] = {}
    changed = 0
    for row in sorted(prices, key=lambda row: row.variant_id):
        if row.price_minor == row.was:
            continue
        try:
            before = await products.set_price(
                db, row.variant_id, producer_id, row.price_minor, was=row.was, actor_id=person.id
            )
        except Refused as no:
            refused[row.variant_id] = ("price", no.message)
            continue
        if before is not None:
            changed += 1
            after = {"price_minor": row.price_minor}
            audit.by(db, person, "variant.price", ("variant", row.variant_id), {"price_minor": before}, after)
    if refused:
        raise RowsRefused(refused)
    return changed + await _publish(db, producer_id, person, shown)


async def _publish(db: AsyncSession, producer_id: int, person: Person, shown: Sequence[Shown]) -> int:
    refused: dict[int, tuple[str, str]] = {}
    changed = 0
    for row in sorted(shown, key=lambda row: row.product_id):
        if row.is_published == row.was:
            continue
        try:
            differs = await products.set_published(db, row.product_id, producer_id, row.is_published)
        except Refused as no:
            refused[row.product_id] = ("published", no.message)
            continue
        if differs:
            changed += 1
            before, after = {"published": row.was}, {"published": row.is_published}
            audit.by(db, person, "product.published", ("product", row.product_id), before, after)
    if refused:
        raise RowsRefused(refused)
    return changed
