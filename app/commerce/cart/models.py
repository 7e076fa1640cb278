"""Carts: what one shopper means to buy."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class Cart(ShopOwned, Table):
    """A basket, kept for 30 days after the last touch. A guest's is found by its cookie, a person's by user_id.

    joins_group_id: the paid order that its shopper is adding to (additions/joining.py).
    ordering: where a piece with a deposit lies beside other goods, the variant that is ordered now by itself; 0: all
    the others are; null: nothing has been chosen (Basket.ordered).
    """

    __tablename__ = "carts"
    __table_args__ = (UniqueConstraint("shop_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(String(2), default="IT")
    postal_code: Mapped[str | None] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(40))  # of a promotion, as it was typed
    joins_group_id: Mapped[int | None] = mapped_column(ForeignKey("order_groups.id", ondelete="SET NULL"))
    ordering: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    lines: Mapped[list["CartLine"]] = relationship(
        back_populates="cart", lazy="raise", order_by="CartLine.id", cascade="all, delete-orphan"
    )


class CartLine(ShopOwned, Table):
    """So many pieces of a variant. seen_price_minor: the price that the shopper was last shown and has accepted."""

    __tablename__ = "cart_lines"
    __table_args__ = (UniqueConstraint("cart_id", "variant_id"), CheckConstraint("quantity > 0", name="quantity"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    seen_price_minor: Mapped[int]
    added_at: Mapped[datetime]
    cart: Mapped[Cart] = relationship(back_populates="lines", lazy="raise")
