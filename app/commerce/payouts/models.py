"""What we know of producers' connected accounts: whether they may be paid, and what reached their banks."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class ConnectedAccount(ShopOwned, Table):
    """A producer's account as Stripe last told it. account: None until we know that it was opened.

    due: what Stripe still wants to know, in its own words, until due_by where it names a day; pending: what it is
    looking at. transfers_enabled: we may send money there; payouts_enabled: Stripe sends it on to the bank.
    create_key: our idempotency key of opening it, in the row since asked_at, before Stripe is called.
    """

    __tablename__ = "connected_accounts"
    __table_args__ = (UniqueConstraint("producer_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    account: Mapped[str | None] = mapped_column(String(60))
    details_submitted: Mapped[bool]
    charges_enabled: Mapped[bool]
    payouts_enabled: Mapped[bool]
    transfers_enabled: Mapped[bool] = mapped_column(default=False, server_default=false())
    due: Mapped[list[Any]] = mapped_column(default=list)
    pending: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    due_by: Mapped[datetime | None]
    create_key: Mapped[str | None] = mapped_column(String(120))
    asked_at: Mapped[datetime | None]
    read_at: Mapped[datetime]


class Payout(ShopOwned, Table):
    """Money on its way from a producer's account to his bank, as Stripe last told it.

    state: Stripe's own word: pending | in_transit | paid | failed | canceled; a paid one may still fail.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("shop_id", "stripe_id"),
        Index("ix_payouts_producer", "shop_id", "producer_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    account: Mapped[str] = mapped_column(String(60))
    stripe_id: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(20))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    arrives_on: Mapped[date]
    failure: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]  # Stripe's own time
    read_at: Mapped[datetime]
