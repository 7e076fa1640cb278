"""Promotions: what is taken off, for whom, how often, who pays; their codes, and every use that was made of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table

FIXED, PERCENT, DELIVERY, GIFT, BUNDLE = "fixed", "percent", "delivery", "gift", "bundle"
ALL, ACCOUNT, FIRST, GROUP = "all", "account", "first", "group"


class Promotion(ShopOwned, Table):
    """A discount and its conditions. Amounts: minor units, VAT included. Source: docs/algorithms/promotions.md.

    producer_id: whose it is, null for the shop's own. title: locale -> what the buyer reads; Italian is always there.
    kind: fixed (amount_minor) | percent | delivery (free, or up to cap_minor) | gift (gift_quantity of a variant) |
    bundle (of buy_quantity + get_quantity pieces the cheapest get_quantity cost percent less).
    percent: 1 to 100. cap_minor: the most that it gives on one order, null for no bound.
    producers, categories, products: ids; of each list that is not empty, a line must be in.
    minimum_minor: of the lines that it is for, before any discount.
    customers: all | account (signed in) | first (nothing bought before) | group (members of customer_group_id).
    lane: promotions of one lane exclude each other; a producer's lanes are his own. is_exclusive: alone or not at all.
    shop_share: percent of the discount that the shop pays; the producer of each line pays the rest.
    starts_at, ends_at: half-open; null has no bound. stopped_at: ended before its time.
    needs_code: only with one of its codes; else it applies by itself.
    """

    __tablename__ = "promotions"
    __table_args__ = (
        Index("ix_promotions_live", "shop_id", "stopped_at", "needs_code", "ends_at"),
        Index("ix_promotions_producer", "shop_id", "producer_id", "id"),
        CheckConstraint("shop_share BETWEEN 0 AND 100", name="share"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("amount_minor >= 0 AND minimum_minor >= 0", name="amounts"),
        CheckConstraint("starts_at IS NULL OR ends_at IS NULL OR starts_at < ends_at", name="order"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    title: Mapped[dict[str, Any]]
    kind: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(default=0)
    percent: Mapped[int] = mapped_column(default=0)
    cap_minor: Mapped[int | None]
    gift_variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id", ondelete="SET NULL"))
    gift_quantity: Mapped[int] = mapped_column(default=0)
    buy_quantity: Mapped[int] = mapped_column(default=0)
    get_quantity: Mapped[int] = mapped_column(default=0)
    producers: Mapped[list[Any]] = mapped_column(default=list)
    categories: Mapped[list[Any]] = mapped_column(default=list)
    products: Mapped[list[Any]] = mapped_column(default=list)
    minimum_minor: Mapped[int] = mapped_column(default=0)
    customers: Mapped[str] = mapped_column(String(10), default=ALL)
    customer_group_id: Mapped[int | None] = mapped_column(ForeignKey("customer_groups.id", ondelete="RESTRICT"))
    lane: Mapped[str] = mapped_column(String(20))
    is_exclusive: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0)
    shop_share: Mapped[int]
    limit_total: Mapped[int | None]
    limit_buyer: Mapped[int | None]
    limit_day: Mapped[int | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    needs_code: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[int | None] = mapped_column(Id)
    made_at: Mapped[datetime]

    def state(self, at: datetime) -> str:
        """stopped | planned | running | over, at a moment."""
        if self.stopped_at is not None and self.stopped_at <= at:
            return "stopped"
        if self.starts_at is not None and at < self.starts_at:
            return "planned"
        return "over" if self.ends_at is not None and self.ends_at <= at else "running"


class PromotionCode(ShopOwned, Table):
    """What somebody types. folded: without spaces and hyphens, in capitals, as it is looked up.

    limit_uses: 1 for codes made one for each customer; null for one that is shared. used: counted with its uses.
    """

    __tablename__ = "promotion_codes"
    __table_args__ = (
        UniqueConstraint("shop_id", "folded"),
        Index("ix_promotion_codes_promotion", "shop_id", "promotion_id", "id"),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(40))
    folded: Mapped[str] = mapped_column(String(40))
    limit_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0, server_default="0")
    made_at: Mapped[datetime]


class PromotionCount(ShopOwned, Table):
    """How often a promotion is used: scope "all", "day:2026-11-21" (of the shop), "buyer:…" (see `buyers.key`)."""

    __tablename__ = "promotion_counts"
    __table_args__ = (
        UniqueConstraint("promotion_id", "scope"),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(80))
    used: Mapped[int]


class PromotionUse(ShopOwned, Table):
    """One promotion on one order group. state: taken <-> given_back (the group ended unpaid, was paid late, or was
    refunded whole before anything of it had left).

    buyer, day: the scopes in which it counts.
    """

    __tablename__ = "promotion_uses"
    __table_args__ = (
        UniqueConstraint("group_id", "promotion_id"),
        Index("ix_promotion_uses_promotion", "shop_id", "promotion_id", "id"),
        CheckConstraint("discount_minor >= shop_funded_minor AND shop_funded_minor >= 0", name="amounts"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    code_id: Mapped[int | None] = mapped_column(ForeignKey("promotion_codes.id", ondelete="RESTRICT"))
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    buyer: Mapped[str] = mapped_column(String(70))
    day: Mapped[date]
    discount_minor: Mapped[int]
    shop_funded_minor: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="taken")
    at: Mapped[datetime]


class CustomerGroup(ShopOwned, Table):
    """People for whom promotions can be kept, e.g. restaurants or members."""

    __tablename__ = "customer_groups"
    __table_args__ = (UniqueConstraint("shop_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]


class CustomerGroupMember(ShopOwned, Table):
    """Who is in a group: the owner of the account with this address (in lower case) that was verified."""

    __tablename__ = "customer_group_members"
    __table_args__ = (UniqueConstraint("group_id", "email"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("customer_groups.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
