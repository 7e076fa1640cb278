"""What dynamic prices are reckoned from: the rules, what a producer allows, and what he has on the shelf."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import packs
from app.catalog.models import Product, StockItem, Variant
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.pricing.models import Campaign, CampaignPrice
from app.pricing.rules.engine import BULK, EXPIRY, HOURS, Rule
from app.pricing.rules.models import PricingLimit, PricingRule, RulePrice, ShelfDate
from app.producers.models import Producer
from app.shops.models import Shop

FLOOR_PERCENT = 50  # of the price, where a producer has said nothing


@dataclass(frozen=True)
class Limit:
    """What a producer allows: see models.PricingLimit."""

    floor_percent: int = FLOOR_PERCENT
    ladder: bool = False


@dataclass(frozen=True)
class BulkFacts:
    """What bulk rules ask of a variant. base_minor: its price without rules. is_taken: by a producer's campaign."""

    product_id: int
    producer_id: int
    base_minor: int
    floor_percent: int
    expires_on: date | None
    is_taken: bool


@dataclass(frozen=True)
class Ours:
    """The price that rules have made, while its campaign runs or is about to."""

    campaign_id: int
    price_minor: int
    applied: Sequence[dict[str, str]]


@dataclass(frozen=True)
class OnShelf:
    """A variant that can be bought now. base_minor: its price without rules; campaign_id: the campaign it is in.

    left_id: a campaign of the rules whose price somebody has overwritten.
    """

    id: int
    product_id: int
    producer_id: int
    name: str
    format: str
    price_minor: int
    base_minor: int
    campaign_id: int | None
    expires_on: date | None
    ours: Ours | None
    left_id: int | None


def rule_of(row: PricingRule) -> Rule:
    return Rule(
        row.id, row.kind, row.action, Decimal(row.value), row.priority, row.min_quantity, row.max_days, row.hour_from,
        row.hour_to, Decimal(row.min_demand) if row.min_demand else None, tuple(row.regions), row.valid_from,
        row.valid_until, row.producer_id, row.product_id,
    )  # fmt: skip


async def rules(db: AsyncSession, producer_id: int) -> list[PricingRule]:
    """The producer's and the shop's that were not taken away, the newest last."""
    return list(
        await db.scalars(
            select(PricingRule)
            .where(or_(PricingRule.producer_id == producer_id, PricingRule.producer_id.is_(None)))
            .where(PricingRule.ended_at.is_(None))
            .order_by(PricingRule.id)
        )
    )


async def live_rules(db: AsyncSession) -> list[PricingRule]:
    """Everybody's that were not taken away, the newest last."""
    return list(await db.scalars(select(PricingRule).where(PricingRule.ended_at.is_(None)).order_by(PricingRule.id)))


async def rules_of(db: AsyncSession, kind: str, producer_ids: Collection[int]) -> list[Rule]:
    """The live rules of a kind, of these producers and of the shop."""
    rows = await db.scalars(
        select(PricingRule)
        .where(or_(PricingRule.producer_id.in_(producer_ids), PricingRule.producer_id.is_(None)))
        .where(PricingRule.ended_at.is_(None), PricingRule.kind == kind)
        .order_by(PricingRule.id)
    )
    return [rule_of(row) for row in rows]


def makes_the_price() -> ColumnElement[bool]:
    """Joins a variant to the RulePrice that its price in the window is."""
    return and_(RulePrice.variant_id == Variant.id, RulePrice.campaign_id == Variant.campaign_id)


def any_bulk() -> ColumnElement[bool]:
    """Whether the shop has a bulk rule at all: so that most baskets ask for none."""
    return exists(select(PricingRule.id).where(PricingRule.kind == BULK, PricingRule.ended_at.is_(None)))


async def has_bulk(db: AsyncSession) -> bool:
    """Whether anything in this shop costs less in many pieces."""
    return bool(await db.scalar(select(any_bulk())))


async def bulk_rules(db: AsyncSession, producer_ids: Collection[int]) -> tuple[list[Rule], str]:
    """(the live bulk rules of these producers and of the shop, the shop's time zone)."""
    rows = (
        await db.execute(
            select(PricingRule, Shop.time_zone)
            .join(Shop, Shop.id == PricingRule.shop_id)
            .where(or_(PricingRule.producer_id.in_(producer_ids), PricingRule.producer_id.is_(None)))
            .where(PricingRule.ended_at.is_(None), PricingRule.kind == BULK)
            .order_by(PricingRule.id)
        )
    ).all()
    return [rule_of(row) for row, _zone in rows], rows[0][1] if rows else "UTC"


async def bulk_facts(db: AsyncSession, variant_ids: Sequence[int]) -> dict[int, BulkFacts]:
    """By variant."""
    rows = await db.execute(
        select(
            Variant.id, Variant.product_id, Product.producer_id, Variant.price_minor, Variant.campaign_id,
            RulePrice.campaign_id, RulePrice.base_minor, PricingLimit.floor_percent, ShelfDate.expires_on,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(RulePrice, makes_the_price())
        .outerjoin(PricingLimit, PricingLimit.producer_id == Product.producer_id)
        .outerjoin(ShelfDate, ShelfDate.variant_id == Variant.id)
        .where(Variant.id.in_(variant_ids))
    )  # fmt: skip
    return {
        id_: BulkFacts(
            product_id, producer_id, base or price, floor or FLOOR_PERCENT, expires_on, bool(campaign and not ours)
        )
        for id_, product_id, producer_id, price, campaign, ours, base, floor, expires_on in rows
    }


async def rule(db: AsyncSession, producer_id: int | None, rule_id: int) -> PricingRule:
    """One of the producer's own, or of the shop's where that is None. Raises NotFound for another's."""
    found = await db.scalar(
        select(PricingRule)
        .where(PricingRule.id == rule_id, PricingRule.producer_id == producer_id)
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound
    return found


async def limit(db: AsyncSession, producer_id: int) -> Limit:
    return (await limits(db, producer_id)).get(producer_id, Limit())


async def limits(db: AsyncSession, producer_id: int | None = None) -> Mapping[int, Limit]:
    """By producer; of one, or of all who have said something."""
    found = select(PricingLimit)
    rows = await db.scalars(found if producer_id is None else found.where(PricingLimit.producer_id == producer_id))
    return {row.producer_id: Limit(row.floor_percent, row.ladder) for row in rows}


async def daily_orders(db: AsyncSession, producer_id: int) -> int | None:
    """How many orders a day the producer says that he can send off."""
    return await db.scalar(select(Producer.daily_orders).where(Producer.id == producer_id))


_HAS_LEFT = StockItem.on_hand > StockItem.reserved


async def on_shelf(db: AsyncSession, producer_id: int | None) -> list[OnShelf]:
    """Everything that a producer (None: all) sells now and has left, and what rules have made of it; by name."""
    rows = await db.execute(
        select(Variant, Product, ShelfDate.expires_on, RulePrice, Campaign, CampaignPrice)
        .join(Product, Product.id == Variant.product_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(ShelfDate, ShelfDate.variant_id == Variant.id)
        .outerjoin(RulePrice, RulePrice.variant_id == Variant.id)
        .outerjoin(Campaign, Campaign.id == RulePrice.campaign_id)
        .outerjoin(
            CampaignPrice,
            and_(CampaignPrice.campaign_id == RulePrice.campaign_id, CampaignPrice.variant_id == Variant.id),
        )
        .where(true() if producer_id is None else Product.producer_id == producer_id)
        .where(Product.deleted_at.is_(None), Product.published_at.is_not(None))
        .where(or_(and_(Variant.retired_at.is_(None), _HAS_LEFT), RulePrice.id.is_not(None)))
        .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
        .execution_options(populate_existing=True)
    )
    return [_line(*row) for row in rows]


def _line(
    variant: Variant,
    product: Product,
    expires_on: date | None,
    made: RulePrice | None,
    campaign: Campaign | None,
    price: CampaignPrice | None,
) -> OnShelf:
    ours, left = None, None
    if made and campaign and price and campaign.ended_at is None:
        holds = price.state == "waiting" or (price.state == "on" and variant.campaign_id == campaign.id)
        ours = Ours(campaign.id, made.price_minor, made.applied) if holds else None
        left = None if holds else campaign.id
    return OnShelf(
        variant.id,
        variant.product_id,
        product.producer_id,
        in_language(product.name, current_locale()),
        packs.name_of(variant),
        variant.price_minor,
        made.base_minor if ours and made else variant.price_minor,
        variant.campaign_id,
        expires_on,
        ours,
        left,
    )


async def own_variants(db: AsyncSession, producer_id: int, ids: Sequence[int]) -> set[int]:
    """Which of these are the producer's."""
    found = select(Variant.id).join(Product, Product.id == Variant.product_id)
    return set(await db.scalars(found.where(Variant.id.in_(ids), Product.producer_id == producer_id)))


async def own_product(db: AsyncSession, producer_id: int, product_id: int) -> bool:
    found = select(Product.id).where(Product.id == product_id, Product.producer_id == producer_id)
    return await db.scalar(found) is not None


async def producers_with_rules(db: AsyncSession) -> list[int]:
    """Whose prices rules may change, or have changed."""
    of_goods = (PricingRule.ended_at.is_(None), PricingRule.kind.in_((EXPIRY, HOURS)))
    if await db.scalar(select(exists(select(PricingRule.id).where(*of_goods, PricingRule.producer_id.is_(None))))):
        return sorted(await db.scalars(select(Producer.id)))
    by_rule = await db.scalars(select(PricingRule.producer_id).where(*of_goods, PricingRule.producer_id.is_not(None)))
    by_ladder = await db.scalars(select(PricingLimit.producer_id).where(PricingLimit.ladder))
    by_price = await db.scalars(
        select(Product.producer_id)
        .join(Variant, Variant.product_id == Product.id)
        .join(RulePrice, RulePrice.variant_id == Variant.id)
    )
    return sorted({id_ for id_ in (*by_rule, *by_ladder, *by_price) if id_ is not None})


async def reasons_at(db: AsyncSession, variant_ids: Sequence[int], at: datetime) -> list[RulePrice]:
    """The prices of these that rules have made and that hold at a moment."""
    return list(
        await db.scalars(
            select(RulePrice)
            .join(Variant, Variant.id == RulePrice.variant_id)
            .join(Campaign, Campaign.id == RulePrice.campaign_id)
            .where(RulePrice.variant_id.in_(variant_ids), Variant.campaign_id == RulePrice.campaign_id)
            .where(Campaign.ended_at.is_(None), Campaign.starts_at <= at)
        )
    )
