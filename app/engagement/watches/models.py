"""What people have put aside, and what they want to be told of."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class WishList(ShopOwned, Table):
    """One shopper's wishes. A person's is found by user_id and stays; a guest's by its cookie, until expires_at."""

    __tablename__ = "wish_lists"
    __table_args__ = (
        UniqueConstraint("shop_id", "user_id"),
        CheckConstraint("(user_id is null) = (token_hash is not null)", name="owner"),
        Index("ix_wish_lists_expires", "shop_id", "expires_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Wish(ShopOwned, Table):
    """A product on a wish list."""

    __tablename__ = "wishes"
    __table_args__ = (UniqueConstraint("list_id", "product_id"), Index("ix_wishes_product", "shop_id", "product_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("wish_lists.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    added_at: Mapped[datetime]


class Alert(ShopOwned, Table):
    """One mail that somebody has asked for: when a variant is back (restock), or cheap enough (price), or when a
    product that is only announced goes on sale (release; then any of its variants will do).

    It waits from confirmed_at on (an address that was only typed must confirm first), and is told once, before ends_at.
    key: random, names it in links. at_most_minor: of a price alert, the price at which to tell; else null.
    locale: in which it was asked for. user_id: null when it was asked for by address alone.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("shop_id", "email", "variant_id", "kind"),
        CheckConstraint("kind in ('restock', 'price', 'release')", name="kind"),
        CheckConstraint("(kind = 'price') = (at_most_minor is not null)", name="at_most"),
        Index("ix_alerts_variant", "shop_id", "variant_id", "kind"),
        Index("ix_alerts_ends", "shop_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    at_most_minor: Mapped[int | None]
    email: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    locale: Mapped[str] = mapped_column(String(5))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]  # unconfirmed: 48 hours after asking; else 12 months after the confirmation
