"""What a producer sees of campaigns and of the price log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog import packs
from app.catalog.models import PriceChange, Product, Variant
from app.identity.models import User
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.pricing.models import Campaign, CampaignPrice

PAGE = 20
MOST_ENTRIES = 500
_RUNNING = aliased(CampaignPrice)


@dataclass(frozen=True, slots=True)
class Offered:
    """A variant that a campaign may have. net: of its unit price, the drained amount where there is liquid.

    base_minor: its price without the campaign that runs, if one does.
    """

    id: int
    product_id: int
    sku: str
    name: str
    format: str
    price_minor: int
    base_minor: int
    campaign_id: int | None
    net_amount: int
    net_unit: str
    perishable: bool
    first_published_at: datetime | None
    published_at: datetime | None
    created_at: datetime


def _offered() -> Select[Any]:
    return (
        select(
            Variant.id,
            Variant.product_id,
            Variant.sku,
            Product.name,
            Variant.format,
            Variant.price_minor,
            func.coalesce(_RUNNING.before_minor, Variant.price_minor).label("base_minor"),
            Variant.campaign_id,
            Variant.net_amount.label("whole_amount"),
            func.coalesce(Variant.drained_amount, Variant.net_amount).label("net_amount"),
            Variant.net_unit,
            Product.food,
            Product.first_published_at,
            Product.published_at,
            Product.created_at,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(_RUNNING, and_(_RUNNING.campaign_id == Variant.campaign_id, _RUNNING.variant_id == Variant.id))
        .where(Product.deleted_at.is_(None))
        .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
    )


def _line(row: Row[Any]) -> Offered:
    perishable = bool(row.food.get("omnibus_perishable"))
    return Offered(
        row.id, row.product_id, row.sku, in_language(row.name, current_locale()),
        packs.named(row.format, row.whole_amount, row.net_unit),
        row.price_minor, row.base_minor, row.campaign_id, row.net_amount, row.net_unit, perishable,
        row.first_published_at, row.published_at, row.created_at,
    )  # fmt: skip


async def offered(db: AsyncSession, producer_id: int) -> list[Offered]:
    """Everything that a producer sells or might, by name."""
    mine = (Product.producer_id == producer_id, Variant.retired_at.is_(None))
    return [_line(row) for row in await db.execute(_offered().where(*mine))]


async def one_offered(db: AsyncSession, producer_id: int, sku: str) -> Offered:
    """Raises NotFound for another's."""
    row = (await db.execute(_offered().where(Product.producer_id == producer_id, Variant.sku == sku))).first()
    if row is None:
        raise NotFound
    return _line(row)


async def campaigns_of(db: AsyncSession, producer_id: int, page: int) -> list[tuple[Campaign, int]]:
    """(campaign, how many prices) of a page, what begins last first; one more than a page when there are more."""
    prices = select(func.count()).where(CampaignPrice.campaign_id == Campaign.id).correlate(Campaign).scalar_subquery()
    rows = await db.execute(
        select(Campaign, prices)
        .where(Campaign.producer_id == producer_id)
        .order_by(Campaign.starts_at.desc(), Campaign.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [(campaign, count) for campaign, count in rows]


async def campaign(
    db: AsyncSession, producer_id: int, campaign_id: int
) -> tuple[Campaign, Sequence[tuple[CampaignPrice, Offered]]]:
    """A campaign and its prices. Raises NotFound for another's."""
    found = await db.scalar(select(Campaign).where(Campaign.id == campaign_id, Campaign.producer_id == producer_id))
    if found is None:
        raise NotFound
    rows = await db.execute(
        _offered()
        .add_columns(CampaignPrice)
        .join(CampaignPrice, CampaignPrice.variant_id == Variant.id)
        .where(CampaignPrice.campaign_id == campaign_id)
    )
    return found, [(row.CampaignPrice, _line(row)) for row in rows]


async def ends_of(db: AsyncSession, campaign_ids: Sequence[int]) -> Mapping[int, datetime]:
    """When running campaigns end, by id."""
    rows = await db.execute(
        select(Campaign.id, Campaign.ends_at).where(Campaign.id.in_(campaign_ids), Campaign.ended_at.is_(None))
    )
    return dict(rows.all())


async def entries(db: AsyncSession, variant_id: int) -> list[tuple[PriceChange, str]]:
    """(entry of the price log, who made it), newest first."""
    rows = await db.execute(
        select(PriceChange, User.name)
        .outerjoin(User, User.id == PriceChange.actor_id)
        .where(PriceChange.variant_id == variant_id)
        .order_by(PriceChange.valid_from.desc(), PriceChange.id.desc())
        .limit(MOST_ENTRIES)
    )
    return [(entry, name or "") for entry, name in rows]
