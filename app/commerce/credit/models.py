"""Stored value: wallets, gift cards and points, all in one book of accounts, lots and entries.

Amounts of wallets and cards are minor units of the shop's currency; those of points are points (currency "PTS").
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.commerce.payments.models import CardRefund
from app.kernel.db import Id, ShopOwned, Table

WALLET, CARD, POINTS = "wallet", "card", "points"
MONEY = (WALLET, CARD)


class ValueAccount(ShopOwned, Table):
    """Who holds how much. The balance is what its entries come to, and never below zero (credit/proofs.py).

    A wallet or points belong to a person (user_id), or to an address until its owner signs in (email, then user_id is
    null). A card belongs to whoever has its code: code_hash and the last four signs are all that we keep; both are null
    until the code is mailed. Whoever changes an account holds its row's lock.
    """

    __tablename__ = "value_accounts"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "user_id"),
        UniqueConstraint("shop_id", "kind", "email"),
        UniqueConstraint("shop_id", "code_hash"),
        Index("ix_value_accounts_last4", "shop_id", "last4"),
        CheckConstraint("kind in ('wallet', 'card', 'points')", name="kind"),
        CheckConstraint("balance_minor >= 0", name="balance"),
        CheckConstraint("user_id is null or email is null", name="owner"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    email: Mapped[str | None] = mapped_column(String(254))
    code_hash: Mapped[str | None] = mapped_column(String(64))
    last4: Mapped[str | None] = mapped_column(String(4))
    currency: Mapped[str] = mapped_column(String(3))
    balance_minor: Mapped[int] = mapped_column(default=0)
    blocked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ValueLot(ShopOwned, Table):
    """What came in at once, and what is left of it. expires_at: null for never; the first to end is used first.

    root_id: the lot as which its money first came in, where it has moved or come back since; null for the first itself.
    worth_minor: of points, what each becomes as credit; null for what the shop says on that day. reminded_at: when its
    holder was told that it ends. blocked_at: a bank contests the payment that it came from, and nobody spends it; what
    it moves on as is blocked too (credit/contesting.py).
    """

    __tablename__ = "value_lots"
    __table_args__ = (
        Index("ix_value_lots_account", "shop_id", "account_id", "expires_at"),
        Index("ix_value_lots_expires", "shop_id", "expires_at"),
        Index("ix_value_lots_root", "shop_id", "root_id"),
        CheckConstraint("left_minor BETWEEN 0 AND amount_minor", name="rest"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("value_accounts.id", ondelete="CASCADE"))
    amount_minor: Mapped[int]
    left_minor: Mapped[int]
    root_id: Mapped[int | None] = mapped_column(Id)
    worth_minor: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ValueEntry(ShopOwned, Table):
    """Append-only: so much came into a lot (positive) or went out of it (negative). kind: credit/words.py.

    reference: what it is about (an order's number, a purchase's, a code of the deed). note: said by staff.
    """

    __tablename__ = "value_entries"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "reference", "lot_id"),
        Index("ix_value_entries_account", "shop_id", "account_id", "id"),
        Index("ix_value_entries_reference", "shop_id", "reference"),
        CheckConstraint("amount_minor <> 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("value_accounts.id", ondelete="CASCADE"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("value_lots.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    amount_minor: Mapped[int]
    reference: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(300), default="")
    actor_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]


class CreditUse(ShopOwned, Table):
    """What an order group took out of a lot, in the order of taking (position).

    state: held (until the payment) -> spent; held -> returned (the group ended unpaid). given_back_minor: by refunds.
    """

    __tablename__ = "credit_uses"
    __table_args__ = (
        UniqueConstraint("shop_id", "group_id", "position"),
        CheckConstraint("given_back_minor BETWEEN 0 AND amount_minor", name="given_back"),
        CheckConstraint("state in ('held', 'spent', 'returned')", name="state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("value_accounts.id", ondelete="CASCADE"), index=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("value_lots.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    amount_minor: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="held")
    given_back_minor: Mapped[int] = mapped_column(default=0)


class CreditChoice(ShopOwned, Table):
    """What a shopper wants to pay with besides the card, per cart: his wallet, and one gift card."""

    __tablename__ = "credit_choices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"), unique=True)
    wallet: Mapped[bool] = mapped_column(default=False)
    card_id: Mapped[int | None] = mapped_column(ForeignKey("value_accounts.id", ondelete="SET NULL"), index=True)


class CreditPurchase(ShopOwned, Table):
    """Value that somebody buys: a gift card for somebody, or a top-up of his own wallet.

    state: new (Session not yet known) -> open -> paid | expired. number: "BR-2026-000001"; key: of the form, one
    purchase each; access_nonce: of the private link. months: how long its value lasts, as the buyer was told; null for
    ever. A gift's card is there once it is paid; the mail with its code goes out on send_on (a day of the shop's
    calendar), and sent_at says when it did. dispute_id: Stripe's dispute that forbids giving money back.
    """

    __tablename__ = "credit_purchases"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("shop_id", "key"),
        UniqueConstraint("shop_id", "session_id"),
        Index("ix_credit_purchases_state", "shop_id", "state", "expires_at"),
        Index("ix_credit_purchases_send", "shop_id", "send_on"),
        CheckConstraint("kind in ('gift', 'topup')", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(43))
    access_nonce: Mapped[str] = mapped_column(String(43))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="new")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    months: Mapped[int | None]
    locale: Mapped[str] = mapped_column(String(5))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    recipient_email: Mapped[str] = mapped_column(String(254), default="")
    recipient_name: Mapped[str] = mapped_column(String(120), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    send_on: Mapped[date | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("value_accounts.id", ondelete="SET NULL"), index=True)
    idempotency_key: Mapped[str] = mapped_column(String(120))
    session_id: Mapped[str | None] = mapped_column(String(120))
    session_url: Mapped[str | None] = mapped_column(Text)
    charge_id: Mapped[str | None] = mapped_column(String(120))
    dispute_id: Mapped[str | None] = mapped_column(String(120))
    expires_at: Mapped[datetime]  # of the Session
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class CreditRefund(CardRefund, ShopOwned, Table):
    """What of a purchase goes back to the card that paid it. Its value has left the book when this row is there.

    state: as CardRefund has it, or failed -> sent when staff gave it by bank transfer (is_by_hand), or failed ->
    by_bank when the buyer's bank gave it to him, through a dispute.
    reason: words.REFUND_REASONS. statement: of a buyer who withdraws, as it was confirmed; "" where staff decided.
    email, locale: where its mails go.
    """

    __tablename__ = "credit_refunds"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("shop_id", "request_key"),
        UniqueConstraint("shop_id", "stripe_id"),
        Index("ix_credit_refunds_purchase", "shop_id", "purchase_id"),
        Index("ix_credit_refunds_state", "shop_id", "state", "id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("state in ('planned', 'sending', 'sent', 'failed', 'by_bank')", name="state"),
    )

    purchase_id: Mapped[int] = mapped_column(ForeignKey("credit_purchases.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(String(500), default="")
    statement: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    actor: Mapped[str] = mapped_column(String(20))  # buyer | staff
    actor_id: Mapped[int | None] = mapped_column(Id)
    amount_minor: Mapped[int]
    is_by_hand: Mapped[bool] = mapped_column(default=False)


class PointsEarned(ShopOwned, Table):
    """What an order earned, once, when it was delivered (earned_at), and what refunds have taken back since, or before.

    refunds: reference of a refund -> its minor units, each counted once. taken_back: points that these come to. Of
    those that have been spent meanwhile nothing is asked.
    """

    __tablename__ = "points_earned"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("value_accounts.id", ondelete="SET NULL"), index=True)
    points: Mapped[int] = mapped_column(default=0)
    refunds: Mapped[dict[str, Any]]
    taken_back: Mapped[int] = mapped_column(default=0)
    earned_at: Mapped[datetime | None]
