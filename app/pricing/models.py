"""Campaigns: prices for a time, after which the ones before come back."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Campaign(ShopOwned, Table):
    """A producer's reduced prices from one moment until another. kind: sale | expiry | launch.

    Planned until started_at, running until ended_at. stopped_by: who ended it before its time; ended without having
    started, it was called off.
    """

    __tablename__ = "price_campaigns"
    __table_args__ = (
        Index("ix_price_campaigns_producer", "shop_id", "producer_id", "starts_at"),
        Index("ix_price_campaigns_due", "shop_id", "ended_at", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="order"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(10))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(Id)
    made_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stopped_by: Mapped[int | None] = mapped_column(Id)

    @property
    def last_moment(self) -> datetime:
        """It ends when the next day begins; people name the day before."""
        return self.ends_at - timedelta(seconds=1)

    @property
    def state(self) -> str:
        """planned | running | over | called_off"""
        if self.ended_at is not None:
            return "over" if self.started_at is not None else "called_off"
        return "running" if self.started_at is not None else "planned"


class CampaignPrice(ShopOwned, Table):
    """The price of one variant in a campaign, minor units. before_minor: what it returns to, known once it has begun.

    state: waiting -> on -> back (the price before) | handed_on (to the campaign that follows without a gap) |
    left (somebody set another price meanwhile); or skipped: at the start its price was as low already.
    """

    __tablename__ = "campaign_prices"
    __table_args__ = (
        UniqueConstraint("campaign_id", "variant_id"),
        Index("ix_campaign_prices_variant", "shop_id", "variant_id"),
        CheckConstraint("price_minor > 0", name="price"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("price_campaigns.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    price_minor: Mapped[int]
    before_minor: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
