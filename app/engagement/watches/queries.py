"""What pages and jobs read of wishes and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog import cards, coming, offered, seasons
from app.catalog.listings import NOW, visible
from app.catalog.models import PriceChange, Product, StockItem, Variant
from app.catalog.offered import EverybodysPrice, Piece
from app.catalog.views import Reduction
from app.engagement.watches.models import Alert, Wish, WishList
from app.kernel import clock, ids
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.producers.models import Producer
from app.system.models import OutgoingMail

MOST_WEIGHED = 5000  # price alerts in one look: an in-list that both databases take


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
    """A variant that somebody wants to be told of. price_minor: what everybody pays, in the basket too; available:
    pieces; url: of the product, without language; is_sold: on sale already, not only announced.
    """

    variant_id: int
    name: str
    format: str
    url: str
    price_minor: int
    available: int
    is_sold: bool


@dataclass(frozen=True)
class Due:
    """An alert whose time has come, with what there is to tell; texts: locale → text. price_minor: what everybody pays.

    offered: what made it, where a promotion for everybody did; else reduction: as its page has it.
    """

    alert: Alert
    name: dict[str, str]
    format: dict[str, str]
    url: str
    price_minor: int
    available: int
    is_season: bool  # of something with a season: it is on
    reduction: Reduction | None
    offered: EverybodysPrice | None


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
            Variant.id.label("variant_id"),
            Variant.format,
            Product.slug,
            Variant.price_minor,
            (StockItem.on_hand - StockItem.reserved).label("available"),
            (Product.published_at <= NOW).label("is_sold"),
        )
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
    )


async def offer(db: AsyncSession, variant_id: int, kind: str) -> Offer | None:
    """A variant that the public may see, as it is now; None if it may not. kind: of the alert that it is for."""
    seen = or_(visible(), coming.announced()) if kind == "release" else visible()
    statement = _offers().where(Variant.id == variant_id, Variant.retired_at.is_(None), seen)
    row = (await db.execute(statement, {NOW.key: clock.now()})).first()
    return (await _shown(db, [row]))[0] if row else None


async def _shown(db: AsyncSession, rows: Sequence[Row[Any]]) -> list[Offer]:
    """Rows of `_offers` in the reader's language, with the price that everybody pays."""
    locale, made = current_locale(), await _everybodys(db, rows)
    return [
        Offer(
            row.variant_id,
            in_language(row.name, locale),
            in_language(row.format, locale),
            f"/prodotti/{row.slug}",
            made[row.variant_id].price_minor if row.variant_id in made else row.price_minor,
            row.available,
            bool(row.is_sold),
        )
        for row in rows
    ]


async def _everybodys(db: AsyncSession, rows: Sequence[Row[Any]]) -> Mapping[int, EverybodysPrice]:
    """By variant, of rows with its id and its price in the window."""
    return await offered.prices(db, [Piece(row.variant_id, row.price_minor) for row in rows])


def _waits() -> ColumnElement[bool]:
    return and_(Alert.confirmed_at.is_not(None), Alert.told_at.is_(None), Alert.ends_at > NOW)


@dataclass(frozen=True)
class About:
    """Of what a job tells: one variant, what stands on one shelf, one product; of the whole shop, if none is given."""

    variant_id: int | None = None
    stock_item_id: int | None = None
    product_id: int | None = None

    def narrows(self, kind: str) -> list[ColumnElement[bool]]:
        """Conditions on Variant. Who waits for a release waits for all of the product."""
        asked = []
        if self.variant_id is not None:
            asked.append(Variant.id == self.variant_id)
        if self.product_id is not None:
            asked.append(Variant.product_id == self.product_id)
        if self.stock_item_id is not None:
            on_it = Variant.stock_item_id == self.stock_item_id
            of_it = aliased(Variant)
            goods = select(of_it.product_id).where(of_it.stock_item_id == self.stock_item_id)
            asked.append(Variant.product_id.in_(goods) if kind == "release" else on_it)
        return asked


EVERYTHING = About()


async def due(db: AsyncSession, shop: ShopFacts, kind: str, most: int, about: About) -> list[Due]:
    """Waiting alerts whose time has come, who asked first comes first; locked."""
    values = {NOW.key: clock.now()}
    come = await _come(db, kind, about)
    rows = (
        await db.execute(
            _offers()
            .add_columns(Product.season_mask, *cards.REFERENCE, Alert)
            .join(Alert, Alert.variant_id == Variant.id)
            .where(Alert.kind == kind, _waits(), visible(), come, *about.narrows(kind))
            .order_by(Alert.asked_at, Alert.id)
            .limit(most)
            .with_for_update(of=Alert, skip_locked=True),
            values,
            execution_options={"populate_existing": True},
        )
    ).all()
    made = await _everybodys(db, rows) if kind == "price" else {}
    month = clock.today(shop.time_zone).month
    return [
        Due(
            row.Alert,
            row.name,
            row.format,
            f"/prodotti/{row.slug}",
            made[row.variant_id].price_minor if row.variant_id in made else row.price_minor,
            row.available,
            seasons.is_seasonal(row.season_mask) and bool(row.season_mask & seasons.bit(month)),
            cards.reduction(row),
            made.get(row.variant_id),
        )
        for row in rows
    ]


async def _come(db: AsyncSession, kind: str, about: About) -> ColumnElement[bool]:
    """What must have happened. One statement more while promotions make everybody's prices."""
    there = StockItem.on_hand > StockItem.reserved
    if kind == "release":
        of_it, shelf = aliased(Variant), aliased(StockItem)
        return (
            exists()
            .where(of_it.product_id == Product.id, of_it.retired_at.is_(None), of_it.stock_item_id == shelf.id)
            .where(shelf.on_hand > shelf.reserved)
        )
    is_offered = Variant.retired_at.is_(None)
    if kind == "restock":
        return and_(is_offered, there)
    in_window = Alert.at_most_minor >= Variant.price_minor
    return and_(is_offered, or_(in_window, Alert.id.in_(await _cheap_in_basket(db, about))))


async def _cheap_in_basket(db: AsyncSession, about: About) -> list[int]:
    """Alerts on a price that is not in the window: a promotion that everybody has makes it (catalog/offered.py)."""
    if await offered.running(db) == ():
        return []
    rows = await db.execute(
        select(Alert.id, Alert.at_most_minor, Variant.id.label("variant_id"), Variant.price_minor)
        .join(Variant, Variant.id == Alert.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(Alert.kind == "price", _waits(), visible(), Variant.retired_at.is_(None), *about.narrows("price"))
        .where(Alert.at_most_minor < Variant.price_minor)
        .order_by(Alert.asked_at, Alert.id)
        .limit(MOST_WEIGHED),
        {NOW.key: clock.now()},
    )
    waiting: list[Any] = list(rows)
    made = await _everybodys(db, list({row.variant_id: row for row in waiting}.values()))
    return [
        row.id for row in waiting if row.variant_id in made and row.at_most_minor >= made[row.variant_id].price_minor
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
    rows = (
        await db.execute(
            _offers()
            .add_columns(Alert)
            .join(Alert, Alert.variant_id == Variant.id)
            .where(Alert.email == email, _waits())
            .order_by(Alert.asked_at.desc(), Alert.id.desc()),
            {NOW.key: clock.now()},
        )
    ).all()
    return list(zip([row.Alert for row in rows], await _shown(db, rows), strict=True))


async def numbers_waiting(db: AsyncSession, product_ids: Sequence[int]) -> dict[int, int]:
    """How many addresses wait until each of these is there: on sale, or back."""
    rows = await db.execute(
        select(Variant.product_id, func.count(Alert.email.distinct()).label("number"))
        .join(Alert, Alert.variant_id == Variant.id)
        .where(Variant.product_id.in_(set(product_ids)), Alert.kind.in_(("restock", "release")), _waits())
        .group_by(Variant.product_id),
        {NOW.key: clock.now()},
    )
    return {row.product_id: row.number for row in rows}
