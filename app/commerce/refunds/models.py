"""Refunds of what was paid and sold: what goes back to the buyer, and what of it each producer's order bears."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.commerce.payments.models import CardRefund
from app.kernel.db import Id, ShopOwned, Table


class Refund(CardRefund, ShopOwned, Table):
    """Money that goes back to a buyer. Amounts: minor units of `currency`, VAT included.

    Its way to the card: CardRefund. amount = card + credit (back to the stored value that the order was paid
    from) + wallet (card money that becomes stored value) + hand (given in another way, e.g. by bank transfer) + beside.
    All but the cards' parts is given at once. beside: what goes back to the payment of a deposit, by a second row that
    names this one as main_id, has no parts, and undoes it again (amount 0, beside below zero).
    note: to the buyer. reason: refunds/words.py.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("shop_id", "request_key"),
        UniqueConstraint("shop_id", "stripe_id"),
        Index("ix_refunds_group", "shop_id", "group_id"),
        Index("ix_refunds_payment", "shop_id", "payment_id"),
        Index("ix_refunds_state", "shop_id", "state", "id"),
        CheckConstraint(
            "amount_minor = card_minor + credit_minor + wallet_minor + hand_minor + beside_minor", name="destinations"
        ),
    )

    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(20))  # buyer | producer | staff | system
    actor_id: Mapped[int | None] = mapped_column(Id)
    amount_minor: Mapped[int]
    card_minor: Mapped[int] = mapped_column(default=0)
    credit_minor: Mapped[int] = mapped_column(default=0)
    wallet_minor: Mapped[int] = mapped_column(default=0)
    hand_minor: Mapped[int] = mapped_column(default=0)
    beside_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    main_id: Mapped[int | None] = mapped_column(Id)
    parts: Mapped[list["RefundPart"]] = relationship(back_populates="refund", lazy="raise", order_by="RefundPart.id")

    @property
    def shown_minor(self) -> int:
        """What this row gives back, as a list shows it; of a second row, what it takes over from the first."""
        return self.amount_minor if self.main_id is None else -self.beside_minor


class RefundPart(ShopOwned, Table):
    """What of a refund one order bears.

    producer_minor: what its producer gives back: goods + delivery + shop_funded − fee. card_cost_minor: besides that,
    what Stripe keeps of a card's money, where the producer bears it.
    vat: list of {rate, gross_minor, vat_minor}, goods and delivery together, gross_minor with the shop's part of
    discounts as on orders. delivery: the same of the delivery alone, without the shop's part.
    """

    __tablename__ = "refund_parts"
    __table_args__ = (
        UniqueConstraint("refund_id", "order_id"),
        Index("ix_refund_parts_order", "shop_id", "order_id"),
        Index("ix_refund_parts_producer", "shop_id", "producer_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    goods_minor: Mapped[int]
    delivery_minor: Mapped[int]
    shop_funded_minor: Mapped[int]
    fee_minor: Mapped[int]
    producer_minor: Mapped[int]
    card_cost_minor: Mapped[int] = mapped_column(default=0)
    vat: Mapped[list[Any]]
    delivery: Mapped[list[Any]]
    refund: Mapped[Refund] = relationship(back_populates="parts", lazy="raise")
    lines: Mapped[list["RefundLine"]] = relationship(back_populates="part", lazy="raise", order_by="RefundLine.id")

    @property
    def amount_minor(self) -> int:
        return self.goods_minor + self.delivery_minor


class RefundLine(ShopOwned, Table):
    """What of a refund one line bears. pieces: given back with it; restocked: they can be sold again."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        UniqueConstraint("part_id", "order_line_id"),
        Index("ix_refund_lines_line", "shop_id", "order_line_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("refund_parts.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id", ondelete="CASCADE"))
    pieces: Mapped[int]
    amount_minor: Mapped[int]
    vat_minor: Mapped[int]
    fee_minor: Mapped[int]
    shop_funded_minor: Mapped[int]
    restocked: Mapped[bool] = mapped_column(default=False)
    part: Mapped[RefundPart] = relationship(back_populates="lines", lazy="raise")
