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
from app.kernel.tenancy import ShopFacts


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
class Result:
    verdicts: Sequence[Told]
    goods_minor: int
    delivery_minor: int | None
    off_minor: int

    @property
    def total_minor(self) -> int:
        return self.goods_minor + (self.delivery_minor or 0) - self.off_minor


async def tried(db: AsyncSession, shop: ShopFacts, trial: Trial) -> Result:
    items, weights = await _items(db, trial.pieces)
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
    )


def _told(shop: ShopFacts, outcome: Outcome) -> list[Told]:
    return [
        Told(
            verdict.offer.promotion.id,
            words.title(verdict.offer.promotion),
            words.gives(verdict.offer.promotion, shop.currency),
            verdict.applied.total_minor if verdict.applied else None,
            verdict.applied.shop_minor if verdict.applied else 0,
            words.why(verdict.no, shop) if verdict.no else "",
        )
        for verdict in outcome.verdicts
    ]


async def _items(db: AsyncSession, pieces: Sequence[tuple[int, int]]) -> tuple[list[Item], Counter[int]]:
    """The lines of such a basket at today's prices, in the order typed, and what each producer's parcel weighs (g)."""
    rows = await db.execute(
        select(Variant, Product.category_id, Product.producer_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_([variant_id for variant_id, _number in pieces]))
    )
    known = {variant.id: (variant, category, producer) for variant, category, producer in rows}
    found, weights = [], Counter[int]()
    for key, (variant_id, number) in enumerate(pieces, 1):
        if variant_id in known:
            variant, category, producer = known[variant_id]
            rate = Decimal(variant.vat_rate)
            item = Item(
                key, variant.product_id, category, producer, variant.stock_item_id, number, variant.price_minor, rate
            )
            found.append(item)
            weights[producer] += variant.weight_g * number
    return found, weights


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
