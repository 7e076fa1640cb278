"""Withdrawals: what a buyer declared, and what becomes of it at each producer whose goods it names."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.kernel.db import Id, ShopOwned, Table


class WithdrawalStatement(ShopOwned, Table):
    """One statement of a buyer (Codice del consumo, art. 54-bis). Until `submitted_at` it is a draft.

    key: of its address; the statement is made once, however often the button is pressed.
    wanted: order line id → pieces. text: the whole statement as it was confirmed, in `locale`.
    last_day: of the period, as it was when the statement was made; none while something had still to arrive.
    """

    __tablename__ = "withdrawal_statements"
    __table_args__ = (
        UniqueConstraint("shop_id", "key"),
        Index("ix_withdrawal_statements_group", "shop_id", "group_id", "submitted_at"),
        Index("ix_withdrawal_statements_drafts", "shop_id", "submitted_at", "drafted_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(43))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    wanted: Mapped[dict[str, Any]]
    text: Mapped[str] = mapped_column(Text, default="")
    is_late: Mapped[bool] = mapped_column(default=False)
    last_day: Mapped[date | None]
    drafted_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    group: Mapped[OrderGroup] = relationship(lazy="raise")
    withdrawals: Mapped[list["Withdrawal"]] = relationship(
        back_populates="statement", lazy="raise", order_by="Withdrawal.id"
    )


class Withdrawal(ShopOwned, Table):
    """What a statement means for one producer's order.

    state: received -> awaiting_goods -> goods_back -> refunded | refused (handling.MOVES). called_off from the start
    where nothing was charged yet (goods by weight) and nothing had left: then there is nothing to give back.
    has_left: the goods were on their way or with the buyer. due_on: last day for the refund; none while the seller may
    wait for the goods, and for a late statement. goods_minor, delivery_minor: what is to be given back.
    """

    __tablename__ = "withdrawals"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("statement_id", "order_id"),
        Index("ix_withdrawals_order", "shop_id", "order_id"),
        Index("ix_withdrawals_producer", "shop_id", "producer_id", "state", "due_on"),
        Index("ix_withdrawals_state", "shop_id", "state", "due_on"),
        CheckConstraint("goods_minor >= 0 AND delivery_minor >= 0", name="amounts"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("withdrawal_statements.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    number: Mapped[str] = mapped_column(String(44))
    state: Mapped[str] = mapped_column(String(20), default="received")
    is_late: Mapped[bool]
    has_left: Mapped[bool]
    goods_minor: Mapped[int]
    delivery_minor: Mapped[int]
    submitted_at: Mapped[datetime]
    send_back_by: Mapped[date | None]
    due_on: Mapped[date | None]
    sent_back_at: Mapped[datetime | None]
    sent_back_how: Mapped[str] = mapped_column(String(120), default="")
    taken_on_at: Mapped[datetime | None]
    back_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    refusal: Mapped[str | None] = mapped_column(String(20))
    refusal_text: Mapped[str] = mapped_column(Text, default="")
    statement: Mapped[WithdrawalStatement] = relationship(back_populates="withdrawals", lazy="raise")
    order: Mapped[Order] = relationship(lazy="raise")
    lines: Mapped[list["WithdrawalLine"]] = relationship(lazy="raise", order_by="WithdrawalLine.id")

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor


class WithdrawalLine(ShopOwned, Table):
    """So many pieces of an order line, and what they cost."""

    __tablename__ = "withdrawal_lines"
    __table_args__ = (
        UniqueConstraint("withdrawal_id", "order_line_id"),
        Index("ix_withdrawal_lines_line", "shop_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    withdrawal_id: Mapped[int] = mapped_column(ForeignKey("withdrawals.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    amount_minor: Mapped[int]
    order_line: Mapped[OrderLine] = relationship(lazy="raise")
