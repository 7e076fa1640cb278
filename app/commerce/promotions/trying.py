"""Why did this not apply? Every promotion's verdict on a basket that staff make up. Writes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product, Variant
from app.commerce.promotions import engine, offers, words
from app.commerce.promotions.engine import Outcome
from app.commerce.promotions.offers import Asked
from app.commerce.promotions.sale import Item, Sale
from app.delivery.quotes import quote
from app.identity.models import User
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts, in_language
from app.pricing.rules import bulk
from app.pricing.rules import words as words_of_rules
from app.pricing.rules.bulk import Wanted


@dataclass(frozen=True)
class Trial:
    """What is tried. pieces: (variant id, how many). postal_code: "" for an unknown place."""

    pieces: Sequence[tuple[int, int]]
    email: str
    postal_code: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Told:
    """One promotion's verdict. off_minor: None where it does not apply; why: then the reason."""

    promotion_id: int
    title: str
    gives: str
    off_minor: int | None
    shop_minor: int
    why: str


@dataclass(frozen=True)
class Many:
    """A line of so many pieces that each costs less, and what that saves on all of them."""

    name: str
    reason: str
    saving_minor: int


@dataclass(frozen=True)
class Result:
    """goods_minor: at the prices that many pieces have reached (many), before promotions."""

    verdicts: Sequence[Told]
    goods_minor: int
    delivery_minor: int | None
    off_minor: int
    many: Sequence[Many] = ()

    @property
    def total_minor(self) -> int:
        return self.goods_minor + (self.delivery_minor or 0) - self.off_minor


async def tried(db: AsyncSession, shop: ShopFacts, trial: Trial) -> Result:
    items, weights, many = await _items(db, shop, trial.pieces, trial.at)
    fees = await _fees(db, shop, items, weights, trial.postal_code)
    user_id = await db.scalar(select(User.id).where(func.lower(User.email) == trial.email.lower()))
    asked = Asked(user_id, trial.email, trial.code, None, sorted({i.producer_id for i in items}), trial.at, every=True)
    found, buyer = await offers.of(db, shop, asked)
    outcome = engine.judge(found, Sale(items, fees, buyer), trial.at)
    return Result(
        _told(shop, outcome),
        sum(item.total_minor for item in items),
        sum(fees.values()) if fees is not None else None,
        sum(applied.total_minor for applied in outcome.applied if not applied.gift),
        many,
    )


def _told(shop: ShopFacts, outcome: Outcome) -> list[Told]:
    return [
        Told(
            verdict.offer.promotion.id,
            words.title(verdict.offer.promotion),
            words.gives(verdict.offer.promotion, shop.currency),
            verdict.applied.total_minor if verdict.applied else None,
            verdict.applied.shop_minor if verdict.applied else 0,
            words.why(verdict.no, shop, verdict.offer.promotion.kind) if verdict.no else "",
        )
        for verdict in outcome.verdicts
    ]


async def _items(
    db: AsyncSession, shop: ShopFacts, typed: Sequence[tuple[int, int]], at: datetime
) -> tuple[list[Item], Counter[int], list[Many]]:
    """The lines of such a basket at today's prices, in the order typed, what each producer's parcel weighs (g), and
    where many pieces cost less. The pieces of a variant that is typed twice are one line, as in a basket.
    """
    pieces = _together(typed)
    rows = await db.execute(
        select(Variant, Product.category_id, Product.producer_id, Product.name)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_([variant_id for variant_id, _number in pieces]))
    )
    known = {row[0].id: row for row in rows}
    prices = {id_: row[0].price_minor for id_, row in known.items()}
    many = await bulk.of_lines(db, [Wanted(id_, prices[id_], number) for id_, number in pieces if id_ in prices], at)
    found, weights = [], Counter[int]()
    for key, (variant_id, number) in enumerate(pieces, 1):
        if variant_id in known:
            variant, category, producer, _name = known[variant_id]
            rate = Decimal(variant.vat_rate)
            price = many[variant_id].price_minor if variant_id in many else variant.price_minor
            found.append(Item(key, variant.product_id, category, producer, variant.stock_item_id, number, price, rate))
            weights[producer] += variant.weight_g * number
    told = [
        Many(in_language(known[id_][3], current_locale()), words_of_rules.bulk(many[id_], shop.currency),
             many[id_].saving_minor * number)
        for id_, number in pieces
        if id_ in many
    ]  # fmt: skip
    return found, weights, told


def _together(typed: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    pieces = Counter[int]()
    for variant_id, number in typed:
        pieces[variant_id] = min(bulk.MOST, pieces[variant_id] + number)
    return list(pieces.items())


async def _fees(
    db: AsyncSession, shop: ShopFacts, items: Sequence[Item], weights: Mapping[int, int], postal_code: str
) -> dict[int, int] | None:
    """By producer; without those whose parcel is too heavy to be delivered, as in the cart."""
    zone = await quote(db, shop.country, postal_code) if postal_code else None
    if zone is None:
        return None
    goods: dict[int, int] = {}
    for item in items:
        goods[item.producer_id] = goods.get(item.producer_id, 0) + item.total_minor
    return {
        producer_id: zone.of(producer_id, weights[producer_id]).fee(minor)
        for producer_id, minor in goods.items()
        if zone.tariff.fee(weights[producer_id]) is not None
    }
