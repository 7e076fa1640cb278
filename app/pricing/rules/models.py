"""Dynamic prices: the rules, what a producer allows them, and what they have made of prices."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class PricingRule(ShopOwned, Table):
    """One rule; all but these as engine.Rule says. producer_id, product_id null: all of the shop's.

    ended_at: it was taken away; it stays for what it has made.
    """

    __tablename__ = "pricing_rules"
    __table_args__ = (
        Index("ix_pricing_rules_producer", "shop_id", "producer_id", "ended_at"),
        CheckConstraint("min_quantity IS NULL OR min_quantity > 0", name="quantity"),
        CheckConstraint("max_days IS NULL OR max_days >= 0", name="days"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    action: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(14))  # an exact decimal
    priority: Mapped[int] = mapped_column(default=0)
    min_quantity: Mapped[int | None]
    max_days: Mapped[int | None]
    hour_from: Mapped[int | None]
    hour_to: Mapped[int | None]
    min_demand: Mapped[str | None] = mapped_column(String(8))
    regions: Mapped[list[Any]]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    made_by: Mapped[int | None] = mapped_column(Id)
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PricingLimit(ShopOwned, Table):
    """What a producer allows. floor_percent: of the price, below which no rule goes. ladder: engine.EXPIRY_LADDER."""

    __tablename__ = "pricing_limits"
    __table_args__ = (
        UniqueConstraint("shop_id", "producer_id"),
        CheckConstraint("floor_percent BETWEEN 1 AND 100", name="floor"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    floor_percent: Mapped[int] = mapped_column(default=50)
    ladder: Mapped[bool] = mapped_column(default=False)


class ShelfDate(ShopOwned, Table):
    """The nearest date on the pieces of a variant that are for sale, as its producer reads it off the packs."""

    __tablename__ = "shelf_dates"
    __table_args__ = (UniqueConstraint("shop_id", "variant_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    expires_on: Mapped[date]


class RulePrice(ShopOwned, Table):
    """The price that rules have made of a variant's, and the campaign that carries it. applied: the cascade's steps."""

    __tablename__ = "rule_prices"
    __table_args__ = (
        UniqueConstraint("shop_id", "variant_id"),
        Index("ix_rule_prices_campaign", "shop_id", "campaign_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("price_campaigns.id", ondelete="CASCADE"))
    base_minor: Mapped[int]
    price_minor: Mapped[int]
    applied: Mapped[list[Any]]
    at: Mapped[datetime]
