"""What pages and jobs read of wishes and alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.listings import NOW, visible
from app.catalog.models import PriceChange, Product, StockItem, Variant
from app.catalog.views import Reduction
from app.engagement.watches.models import Alert, Wish, WishList
from app.kernel import clock, ids
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.producers.models import Producer
from app.system.models import OutgoingMail


@dataclass(frozen=True)
class Owner:
    """Whose wishes: a person's, else those behind a guest's cookie; neither has none."""

    user_id: int | None
    token: str | None = None


@dataclass(frozen=True)
class Wished:
    """A product on a wish list. version: of its ready card."""

    product_id: int
    version: int
    name: str
    is_sold: bool


@dataclass(frozen=True)
class Offer:
    """A variant that somebody wants to be told of. available: pieces; url: of the product, without language."""

    variant_id: int
    name: str
    format: str
    url: str
    price_minor: int
    available: int


@dataclass(frozen=True)
class Due:
    """An alert whose time has come, with what there is to tell; texts: locale → text. reduction: as its page has it."""

    alert: Alert
    name: dict[str, str]
    format: dict[str, str]
    url: str
    price_minor: int
    available: int
    reduction: Reduction | None


def whose(owner: Owner) -> ColumnElement[bool] | None:
    """By what a shopper's list is found; None: there can be none."""
    if owner.user_id is not None:
        return WishList.user_id == owner.user_id
    return WishList.token_hash == ids.token_hash(owner.token) if owner.token else None


async def wished(db: AsyncSession, owner: Owner) -> list[Wished]:
    """What somebody has put aside, the latest first, in one statement."""
    mine = whose(owner)
    if mine is None:
        return []
    is_sold = and_(visible(), exists().where(Variant.product_id == Product.id, Variant.retired_at.is_(None)))
    rows = await db.execute(
        select(Product.id, Product.version, Product.name, is_sold)
        .join(Wish, Wish.product_id == Product.id)
        .join(WishList, WishList.id == Wish.list_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(mine)
        .order_by(Wish.added_at.desc(), Wish.id.desc()),
        {NOW.key: clock.now()},
    )
    return [
        Wished(product_id, version, in_language(name, current_locale()), bool(sold))
        for product_id, version, name, sold in rows
    ]


async def wishable(db: AsyncSession, product_id: int) -> tuple[str, str] | None:
    """(name, url) of a product that the public may see; None if it may not."""
    row = (
        await db.execute(
            select(Product.name, Product.slug)
            .join(Producer, Producer.id == Product.producer_id)
            .where(Product.id == product_id, visible()),
            {NOW.key: clock.now()},
        )
    ).first()
    return (in_language(row.name, current_locale()), f"/prodotti/{row.slug}") if row else None


def _offers() -> Select[Any]:
    return (
        select(
            Product.name,
            Variant.format,
            Product.slug,
            Variant.price_minor,
            (StockItem.on_hand - StockItem.reserved).label("available"),
        )
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(Variant.retired_at.is_(None))
    )


async def offer(db: AsyncSession, variant_id: int) -> Offer | None:
    """A variant that the public may see, as it is now; None if it may not."""
    statement = _offers().where(Variant.id == variant_id, visible())
    row = (await db.execute(statement, {NOW.key: clock.now()})).first()
    if row is None:
        return None
    locale = current_locale()
    name, label = in_language(row.name, locale), in_language(row.format, locale)
    return Offer(variant_id, name, label, f"/prodotti/{row.slug}", row.price_minor, row.available)


def _waits() -> ColumnElement[bool]:
    return and_(Alert.confirmed_at.is_not(None), Alert.told_at.is_(None), Alert.ends_at > NOW)


async def due(
    db: AsyncSession, kind: str, most: int, *, stock_item_id: int | None = None, variant_id: int | None = None
) -> list[Due]:
    """Waiting alerts whose time has come, who asked first comes first; locked. Of one thing, or of the whole shop."""
    come = Alert.at_most_minor >= Variant.price_minor if kind == "price" else StockItem.on_hand > StockItem.reserved
    statement = _offers().add_columns(*cards.REFERENCE, Alert).join(Alert, Alert.variant_id == Variant.id)
    statement = statement.where(Alert.kind == kind, _waits(), visible(), come)
    if stock_item_id is not None:
        statement = statement.where(Variant.stock_item_id == stock_item_id)
    if variant_id is not None:
        statement = statement.where(Variant.id == variant_id)
    rows = await db.execute(
        statement.order_by(Alert.asked_at, Alert.id).limit(most).with_for_update(of=Alert, skip_locked=True),
        {NOW.key: clock.now()},
        execution_options={"populate_existing": True},
    )
    return [
        Due(
            row.Alert,
            row.name,
            row.format,
            f"/prodotti/{row.slug}",
            row.price_minor,
            row.available,
            cards.reduction(row),
        )
        for row in rows
    ]


async def price_log(db: AsyncSession, variant_ids: Sequence[int]) -> dict[int, list[tuple[datetime, int]]]:
    """variant id → its prices (valid from, minor units), oldest first."""
    rows = await db.execute(
        select(PriceChange.variant_id, PriceChange.valid_from, PriceChange.price_minor)
        .where(PriceChange.variant_id.in_(set(variant_ids)))
        .order_by(PriceChange.valid_from, PriceChange.id)
    )
    log: dict[int, list[tuple[datetime, int]]] = {}
    for variant_id, since, price in rows:
        log.setdefault(variant_id, []).append((since, price))
    return log


async def letters_since(db: AsyncSession, kind: str, recipient: str, since: datetime) -> int:
    """How many mails of a kind an address was written."""
    written = select(func.count(OutgoingMail.id)).where(
        OutgoingMail.kind == kind, OutgoingMail.recipient == recipient, OutgoingMail.created_at > since
    )
    return await db.scalar(written) or 0


async def alerts_of(db: AsyncSession, email: str) -> list[tuple[Alert, Offer]]:
    """The waiting alerts of an address with what they are about, the latest first; also of what is not sold now."""
    rows = await db.execute(
        _offers()
        .add_columns(Alert)
        .join(Alert, Alert.variant_id == Variant.id)
        .where(Alert.email == email, _waits())
        .order_by(Alert.asked_at.desc(), Alert.id.desc()),
        {NOW.key: clock.now()},
    )
    locale = current_locale()
    return [
        (
            alert,
            Offer(
                alert.variant_id,
                in_language(name, locale),
                in_language(label, locale),
                f"/prodotti/{slug}",
                price,
                available,
            ),
        )
        for name, label, slug, price, available, alert in rows
    ]
