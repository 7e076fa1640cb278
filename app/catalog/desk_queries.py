"""What a producer sees at the desk of stock and products."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards, packs, reductions, waiting
from app.catalog.desk_parts import AT_ONCE, RUNS_SHORT, Part
from app.catalog.models import PriceChange, Product, StockItem, StockMovement, Variant
from app.catalog.views import UnitPrice
from app.identity.models import User
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.money import exponent
from app.kernel.tenancy import in_language

MOVEMENTS_SHOWN = 100


@dataclass(frozen=True)
class ShelfLine:
    """One variant on the shelf. state: in | low | out."""

    id: int
    sku: str
    name: str
    format: str
    on_hand: int
    reserved: int
    low_at: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def state(self) -> str:
        if self.available <= 0:
            return "out"
        return "low" if self.available <= self.low_at else "in"


@dataclass(frozen=True)
class Movement:
    """A change of one shelf. actor: who made it, "" for the shop itself."""

    at: datetime
    kind: str
    on_hand: int
    reserved: int
    reference: str
    actor: str


@dataclass(frozen=True)
class OfferLine:
    """One variant with its price. typed: the price as an input has it. lowest_minor: of the last 30 days."""

    id: int
    sku: str
    format: str
    price_minor: int
    typed: str
    unit_price: UnitPrice | None
    lowest_minor: int | None


@dataclass(frozen=True)
class Offer:
    """A product and its variants. is_complete: the gate found nothing missing. waiting: how many people wait for it.

    sold_from: a moment to come, from which on it is sold.
    """

    id: int
    name: str
    url: str
    mark: str | None
    is_published: bool
    is_complete: bool
    lines: Sequence[OfferLine]
    waiting: int = 0
    sold_from: datetime | None = None


async def shelf(
    db: AsyncSession, producer_id: int, part: Part, sent: Collection[int] = ()
) -> tuple[list[ShelfLine], Part]:
    """A part of a producer's shelf, and the part with its numbers; two statements.

    What runs short comes first if all fits on a page; else by name, so that nothing moves to another page while it is
    being counted. sent: ids of the rows of a sheet that came back with mistakes; these, and no others.
    """
    mine = [Product.producer_id == producer_id, Product.deleted_at.is_(None), Variant.retired_at.is_(None)]
    counted = (
        select(func.count(Variant.id), func.count(Variant.id).filter(RUNS_SHORT))
        .join(Product, Product.id == Variant.product_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(*mine, *part.matches())
    )
    total, short = (await db.execute(counted)).one()
    part = part.counted(total, short)
    if sent:
        return await _shelf(db, [*mine, Variant.id.in_(sent)], is_short_first=part.pages < 2), part
    chosen = [*mine, *part.matches(), *([RUNS_SHORT] if part.only_short else [])]
    return await _shelf(db, chosen, part.skipped, is_short_first=part.pages < 2), part


async def _shelf(
    db: AsyncSession, chosen: Sequence[ColumnElement[bool]], skipped: int = 0, *, is_short_first: bool = False
) -> list[ShelfLine]:
    by_name = (Product.sort_name, Product.id, Variant.position, Variant.id)
    rows = await db.execute(
        select(
            Variant.id,
            Variant.sku,
            Product.name,
            Variant.format,
            Variant.net_amount,
            Variant.net_unit,
            StockItem.on_hand,
            StockItem.reserved,
            StockItem.low_at,
        )
        .join(Product, Product.id == Variant.product_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(*chosen)
        .order_by(*((~RUNS_SHORT, *by_name) if is_short_first else by_name))
        .limit(AT_ONCE)
        .offset(skipped)
    )
    locale = current_locale()
    return [
        ShelfLine(id_, code, in_language(name, locale), packs.named(*pack), on_hand, reserved, low_at)
        for id_, code, name, *pack, on_hand, reserved, low_at in rows
    ]


async def movements(db: AsyncSession, producer_id: int, sku: str) -> tuple[ShelfLine, list[Movement]]:
    """One shelf of a producer and its last movements, newest first. Raises NotFound for somebody else's."""
    mine = [Product.producer_id == producer_id, Product.deleted_at.is_(None), Variant.sku == sku]
    lines = await _shelf(db, mine)
    if not lines:
        raise NotFound
    rows = await db.execute(
        select(StockMovement, User.name)
        .join(Variant, Variant.stock_item_id == StockMovement.stock_item_id)
        .outerjoin(User, User.id == StockMovement.actor_id)
        .where(Variant.id == lines[0].id)
        .order_by(StockMovement.id.desc())
        .limit(MOVEMENTS_SHOWN)
    )
    return lines[0], [
        Movement(row.at, row.kind, row.on_hand_change, row.reserved_change, row.reference, name or "")
        for row, name in rows
    ]


async def offers(
    db: AsyncSession, producer_id: int, currency: str, part: Part, sent: Collection[int] = ()
) -> tuple[list[Offer], Part]:
    """A part of a producer's products by name, with prices, and the part with its numbers; four statements.

    sent: ids of the products of a sheet that came back with mistakes; these, and no others.
    """
    mine = [Product.producer_id == producer_id, Product.deleted_at.is_(None)]
    part = part.counted(await db.scalar(select(func.count(Product.id)).where(*mine, *part.matches_goods())) or 0)
    page = select(Product.id).where(*mine, *part.matches_goods()).order_by(Product.sort_name, Product.id)
    shown = Product.id.in_(list(sent) or page.limit(AT_ONCE).offset(part.skipped))
    rows = list(
        await db.execute(
            select(Product, Variant)
            .outerjoin(Variant, and_(Variant.product_id == Product.id, Variant.retired_at.is_(None)))
            .where(*mine, shown)
            .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
        )
    )
    log = await _price_log(db, [variant.id for _product, variant in rows if variant is not None])
    grouped: dict[int, list[OfferLine]] = defaultdict(list)
    goods = {product.id: product for product, _variant in rows}
    for product, variant in rows:
        if variant is not None:
            grouped[product.id].append(_offer_line(variant, log, currency))
    locale, now, waited_for = current_locale(), clock.now(), await waiting.numbers(db, list(goods))
    return [
        Offer(
            product.id,
            in_language(product.name, locale),
            f"/prodotti/{product.slug}",
            product.designation,
            product.published_at is not None,
            product.is_complete,
            grouped[product.id],
            waited_for.get(product.id, 0),
            product.published_at if product.published_at is not None and product.published_at > now else None,
        )
        for product in goods.values()
    ], part


async def _price_log(db: AsyncSession, variant_ids: Collection[int]) -> Mapping[int, list[tuple[datetime, int]]]:
    rows = await db.execute(
        select(PriceChange.variant_id, PriceChange.valid_from, PriceChange.price_minor)
        .where(PriceChange.variant_id.in_(variant_ids))
        .order_by(PriceChange.valid_from, PriceChange.id)
    )
    log: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for variant_id, since, price in rows:
        log[variant_id].append((since, price))
    return log


def _offer_line(variant: Variant, log: Mapping[int, list[tuple[datetime, int]]], currency: str) -> OfferLine:
    amount = variant.drained_amount or variant.net_amount
    return OfferLine(
        variant.id,
        variant.sku,
        packs.name_of(variant),
        variant.price_minor,
        f"{Decimal(variant.price_minor).scaleb(-exponent(currency))}".replace(".", ","),
        cards.unit_price(variant.price_minor, amount, variant.net_unit),
        reductions.lowest_of_30_days(log.get(variant.id, []), clock.now()),
    )
