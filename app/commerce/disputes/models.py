"""Disputes: payments that a buyer's bank contests, of orders and of bought credit."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Dispute(ShopOwned, Table):
    """A dispute as Stripe last told it. Amount: minor units; what the bank took back, or would.

    state: Stripe's own word: warning_needs_response | warning_under_review | warning_closed | needs_response |
    under_review | won | lost | prevented.
    evidence: what staff has written, by Stripe's field names; a draft until `submitted_at`.
    submit_key: our idempotency key, in the row before Stripe is called. sending_at: the answer waits for its files to
    be handed over (answering.deliver); send_error: why the last try failed for good, in a sentence.
    borne_by: producer | shop, once it is lost; of a part of a deposit whose order is still open, not before that is
    decided. It is about a payment of an order group, or about a purchase of credit.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        UniqueConstraint("shop_id", "stripe_id"),
        Index("ix_disputes_group", "shop_id", "group_id"),
        Index("ix_disputes_purchase", "shop_id", "purchase_id"),
        Index("ix_disputes_state", "shop_id", "state", "due_by"),
        CheckConstraint(
            "(purchase_id IS NULL) = (group_id IS NOT NULL) AND (group_id IS NULL) = (payment_id IS NULL)",
            name="subject",
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(String(120))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    purchase_id: Mapped[int | None] = mapped_column(ForeignKey("credit_purchases.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(60))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    due_by: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    submit_key: Mapped[str | None] = mapped_column(String(120))
    sending_at: Mapped[datetime | None]
    send_error: Mapped[str | None] = mapped_column(String(400))
    submitted_at: Mapped[datetime | None]
    borne_by: Mapped[str | None] = mapped_column(String(10))
    opened_at: Mapped[datetime]
    read_at: Mapped[datetime]  # when Stripe was last asked
    closed_at: Mapped[datetime | None]


class EvidenceFile(ShopOwned, Table):
    """A file that goes to the bank with our answer. field: Stripe's name for what it proves; one file for each.

    name: what its owner called it; kind: pdf | jpg | png, by its content; size: bytes; key: its name in the storage.
    producer_id: whose it is; None for staff's. stripe_id: of Stripe's copy; upload_key: our idempotency key of that.
    """

    __tablename__ = "evidence_files"
    __table_args__ = (UniqueConstraint("dispute_id", "field"), CheckConstraint("size > 0", name="size"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(ForeignKey("disputes.id", ondelete="CASCADE"))
    field: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(4))
    size: Mapped[int]
    key: Mapped[str] = mapped_column(String(80))
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producers.id", ondelete="SET NULL"))
    added_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    stripe_id: Mapped[str | None] = mapped_column(String(120))
    upload_key: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
