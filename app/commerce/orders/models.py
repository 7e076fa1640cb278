"""Orders: one group per payment, one order per producer, and the timeline of each. Everything here is frozen."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class OrderGroup(ShopOwned, Table):
    """What a buyer ordered and pays in one go. Amounts: minor units of `currency`, VAT included.

    state: awaiting_payment -> paid | cancelled; cancelled -> refunding (paid too late) -> refunded. With goods by
    weight: awaiting_payment -> authorized -> paid | cancelled; until it is paid, amounts are those at the upper limits.
    With a deposit: awaiting_payment -> deposited -> paid, or called off: deposited -> refunding -> refunded.
    access_nonce: the private link's token is derived from it and the secret key (orders/links.py).
    """

    __tablename__ = "order_groups"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("shop_id", "checkout_key"),
        Index("ix_order_groups_placed", "shop_id", "placed_at"),
        Index("ix_order_groups_state", "shop_id", "state", "hold_until"),
        Index("ix_order_groups_email", "shop_id", "email"),
        Index("ix_order_groups_user", "shop_id", "user_id"),
        Index("ix_order_groups_paid", "shop_id", "paid_at"),
        CheckConstraint("total_minor = goods_minor + delivery_minor", name="total"),
        CheckConstraint("discount_minor >= 0", name="discount"),
        CheckConstraint("credit_minor BETWEEN 0 AND total_minor", name="credit"),
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
        CheckConstraint("deposit_minor BETWEEN 0 AND total_minor", name="deposit"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(String(30))
    checkout_key: Mapped[str] = mapped_column(String(43))
    cart_id: Mapped[int | None] = mapped_column(Id)
    access_nonce: Mapped[str] = mapped_column(String(43))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default="awaiting_payment")
    locale: Mapped[str] = mapped_column(String(5))
    currency: Mapped[str] = mapped_column(String(3))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(30))
    country: Mapped[str] = mapped_column(String(2))
    street: Mapped[str] = mapped_column(String(200))
    postal_code: Mapped[str] = mapped_column(String(10))
    city: Mapped[str] = mapped_column(String(120))
    province: Mapped[str] = mapped_column(String(2))
    note: Mapped[str] = mapped_column(Text, default="")
    invoice: Mapped[dict[str, Any]]
    birth_date: Mapped[date | None]
    goods_minor: Mapped[int]
    delivery_minor: Mapped[int]
    total_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # already off goods and delivery
    credit_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of the total: paid from stored value
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # given back, or about to be
    placed_at: Mapped[datetime]
    hold_until: Mapped[datetime]
    deposit_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of the total: paid first; 0: none is
    authorized_at: Mapped[datetime | None]  # taken on before it is paid whole: to be weighed, or made; it stays
    balance_asked_at: Mapped[datetime | None]  # the piece is ready, the rest of the total can be paid
    paid_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(40))
    orders: Mapped[list["Order"]] = relationship(back_populates="group", lazy="raise", order_by="Order.id")


class Order(ShopOwned, Table):
    """The part of a group that one producer sells and ships. States and moves: orders/states.py.

    joins_order_id: the earlier order in whose parcel this one travels (orders/parcels.py); that one joins none.
    producer: name, company, vat_number, address, email, phone as sold under (frozen).
    delivery: method, zone, carrier, cold_chain, lead_days_min/max (frozen); step: what an addition or a merger
    made its parcel dearer (additions/steps.py).
    vat: list of {rate, gross_minor, net_minor, vat_minor}, goods and delivery together, one per rate; gross_minor
    counts what the shop pays of discounts too (docs/algorithms/vat.md).
    discounts: list of {promotion, title (locale -> text), code, is_gift, goods_minor, delivery_minor,
    shop_funded_minor}, in the order of application.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        Index("ix_orders_group", "shop_id", "group_id"),
        Index("ix_orders_desk", "shop_id", "producer_id", "state", "id"),
        Index("ix_orders_joins", "shop_id", "joins_order_id"),
        Index("ix_orders_ship_by", "shop_id", "producer_id", "ship_by"),
        Index("ix_orders_state", "shop_id", "state"),
        Index("ix_orders_promised", "shop_id", "state", "promised_on"),
        CheckConstraint("total_minor = goods_minor + delivery_minor", name="total"),
        CheckConstraint("discount_minor >= shop_funded_minor AND shop_funded_minor >= 0", name="discount"),
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    number: Mapped[str] = mapped_column(String(34))
    joins_order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default="awaiting_payment")
    producer: Mapped[dict[str, Any]]
    delivery: Mapped[dict[str, Any]]
    vat: Mapped[list[Any]]
    goods_minor: Mapped[int]
    delivery_minor: Mapped[int]
    total_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # already off goods and delivery
    delivery_discount_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # the delivery's part of it
    shop_funded_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of the discount: the shop pays it
    discounts: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # VAT was added to prices, delivery's cost and discounts, which are net; sums and gross amounts have it in them
    prices_net: Mapped[bool] = mapped_column(default=False, server_default=false())
    fee_rate: Mapped[str] = mapped_column(String(10))
    fee_base: Mapped[str] = mapped_column(String(5), default="gross", server_default="gross")  # shops/rules.py
    fee_minor: Mapped[int]  # kept by the shop; the producer gets the rest (payout_minor)
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of the total: refunds/requesting.py
    ship_by: Mapped[date | None]
    promised_on: Mapped[date | None]  # the last day that the buyer was told, or that the law gives: orders/promises.py
    carrier: Mapped[str | None] = mapped_column(String(80))
    tracking_number: Mapped[str | None] = mapped_column(String(80))
    asked_about_at: Mapped[datetime | None]  # its producer was asked whether it has come
    updated_at: Mapped[datetime]
    group: Mapped[OrderGroup] = relationship(back_populates="orders", lazy="raise")
    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order", lazy="raise", order_by="OrderLine.position")

    @property
    def payout_minor(self) -> int:
        """What goes to the producer: goods less the fee, the delivery, and what of the discount the shop pays."""
        return self.total_minor + self.shop_funded_minor - self.fee_minor


class OrderLine(ShopOwned, Table):
    """So many pieces, as they were when the buyer pressed the button.

    snapshot: name, format, slug, image (key or null), net, unit price, allergens, storage, withdrawal, ship_temp,
    min_age, vat in words: whatever a page or a document of this order shows.
    gross_minor = quantity * unit_price_minor - discount_minor: what the buyer pays for the line, VAT included. By
    weight the pieces cost what they weigh, at most what the upper limit costs (orders/reckoning.py).
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        Index("ix_order_lines_order", "shop_id", "order_id"),
        Index("ix_order_lines_product", "shop_id", "product_id"),
        CheckConstraint("discount_minor >= shop_funded_minor AND shop_funded_minor >= 0", name="discount"),
        CheckConstraint("refunded_minor BETWEEN 0 AND gross_minor", name="refunded"),
        CheckConstraint("refunded_pieces BETWEEN 0 AND quantity", name="pieces"),
        CheckConstraint("called_off >= 0", name="called_off"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(Id)
    variant_id: Mapped[int | None] = mapped_column(Id)
    stock_item_id: Mapped[int | None] = mapped_column(Id)
    sku: Mapped[str] = mapped_column(String(60))
    snapshot: Mapped[dict[str, Any]]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int]
    gross_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    shop_funded_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of the discount: the shop pays it
    vat_rate: Mapped[str] = mapped_column(String(10))
    vat_minor: Mapped[int]
    fee_rate: Mapped[str] = mapped_column(String(10))
    fee_base: Mapped[str] = mapped_column(String(5), default="gross", server_default="gross")  # shops/rules.py
    fee_minor: Mapped[int]
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # of gross_minor
    kg_price_minor: Mapped[int | None]  # by real weight, with the next two; null: a fixed price
    estimated_g: Mapped[int | None]  # of one piece
    weight_tolerance: Mapped[int | None]  # percent
    piece_grams: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # as the producer weighed them
    weighed_at: Mapped[datetime | None]
    charged_grams: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # what was charged for
    # that were ordered besides, and called off before anything was charged
    called_off: Mapped[int] = mapped_column(default=0, server_default="0")
    # not to be sent (any more), or sent back
    refunded_pieces: Mapped[int] = mapped_column(default=0, server_default="0")
    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise")


class OrderEvent(ShopOwned, Table):
    """Append-only timeline: every move of a group or an order, with who and why. order_id null: the whole group."""

    __tablename__ = "order_events"
    __table_args__ = (
        Index("ix_order_events_group", "shop_id", "group_id", "id"),
        Index("ix_order_events_reached", "shop_id", "to_state", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))  # placed | paid | confirmed | … (orders/states.py)
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str | None] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(20))  # buyer | producer | staff | system | stripe
    actor_id: Mapped[int | None] = mapped_column(Id)
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class ContractText(ShopOwned, Table):
    """The words of contracts: who runs the shop, the rights, the conditions of sale. One row per distinct text.

    sha256: of the canonical JSON of body, 64 hexadecimal digits (contracts.py).
    """

    __tablename__ = "contract_texts"
    __table_args__ = (UniqueConstraint("shop_id", "sha256"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(5))
    body: Mapped[dict[str, Any]]
    first_at: Mapped[datetime]


class Contract(ShopOwned, Table):
    """What a buyer agreed to: what he ordered, as it was shown to him, under which text. Written once, never changed.

    ordered: a GroupView as JSON. sha256: of it and of the text's hash.
    """

    __tablename__ = "contracts"
    __table_args__ = (UniqueConstraint("shop_id", "group_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    text_id: Mapped[int] = mapped_column(ForeignKey("contract_texts.id", ondelete="RESTRICT"))
    ordered: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    text: Mapped[ContractText] = relationship(lazy="raise")
