"""Money: payments taken, transfers to producers, Stripe's events, and the ledger of every cent."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class Payment(ShopOwned, Table):
    """One attempt at paying a group, through one Stripe Checkout Session. Amount: minor units, equal to the group's.

    state: new (Session not yet known) -> open -> paid | failed | expired, with `processing` in between where the bank
    takes days; late: paid after the goods were let go, money goes back: late -> refunded (`failure`: Stripe would not).
    idempotency_key (of the Session) and refund_key are written before Stripe is called.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("shop_id", "idempotency_key"),
        UniqueConstraint("shop_id", "session_id"),
        Index("ix_payments_group", "shop_id", "group_id"),
        Index("ix_payments_state", "shop_id", "state", "expires_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20), default="new")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    session_id: Mapped[str | None] = mapped_column(String(120))
    session_url: Mapped[str | None] = mapped_column(Text)
    intent_id: Mapped[str | None] = mapped_column(String(120))
    charge_id: Mapped[str | None] = mapped_column(String(120))
    refund_id: Mapped[str | None] = mapped_column(String(120))
    refund_key: Mapped[str | None] = mapped_column(String(120))
    failure: Mapped[str | None] = mapped_column(String(200))
    expires_at: Mapped[datetime]  # of the Session
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Transfer(ShopOwned, Table):
    """A producer's part of a payment on its way to his connected account. state: due -> sent | failed (see `error`).

    idempotency_key is written before Stripe is called; it changes when Stripe keeps a failure under it.
    """

    __tablename__ = "transfers"
    __table_args__ = (UniqueConstraint("order_id"), Index("ix_transfers_state", "shop_id", "state"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    account: Mapped[str | None] = mapped_column(String(60))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="due")
    stripe_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class StripeEvent(ShopOwned, Table):
    """A webhook event as it came, once. state: received -> done | ignored (with a note)."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        UniqueConstraint("shop_id", "event_id"),
        Index("ix_stripe_events_object", "shop_id", "object_id", "type"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(120))
    type: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str | None] = mapped_column(String(120))
    account: Mapped[str | None] = mapped_column(String(60))
    api_version: Mapped[str | None] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="received")
    note: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]  # Stripe's own time
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class LedgerJournal(ShopOwned, Table):
    """One event of money. Its entries sum to zero per currency; (kind, reference) happens once."""

    __tablename__ = "ledger_journals"
    __table_args__ = (UniqueConstraint("shop_id", "kind", "reference"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    reference: Mapped[str] = mapped_column(String(80))
    group_id: Mapped[int | None] = mapped_column(Id, index=True)
    at: Mapped[datetime]
    entries: Mapped[list["LedgerEntry"]] = relationship(
        back_populates="journal", lazy="raise", order_by="LedgerEntry.id"
    )


class LedgerEntry(ShopOwned, Table):
    """Append-only. amount_minor: debit positive, credit negative. Accounts: payments/ledger.py."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_account", "shop_id", "account", "producer_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("ledger_journals.id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(String(40))
    producer_id: Mapped[int | None] = mapped_column(Id)
    order_id: Mapped[int | None] = mapped_column(Id)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    journal: Mapped[LedgerJournal] = relationship(back_populates="entries", lazy="raise")
