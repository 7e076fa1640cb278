"""Money: payments taken, transfers to producers, Stripe's events, and the ledger of every cent."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table

CHECKOUT, PAGE = "checkout", "page"
WHOLE, DEPOSIT, BALANCE = "whole", "deposit", "balance"


class CardRefund:
    """What a card is to get back, whatever for (giving_back.py): columns of the tables of refunds. Minor units.

    state: planned -> sending (Stripe has been asked) -> sent | failed; sent -> failed when a bank sends it back;
    failed -> planned when staff try again. request_key: of the form or the deed that asked, so that asking twice makes
    one. idempotency_key is written before Stripe is called.
    """

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    request_key: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default="planned")
    reason: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str | None] = mapped_column(String(120))
    stripe_id: Mapped[str | None] = mapped_column(String(120))
    failure: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]  # when the present key was written
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


class Payment(ShopOwned, Table):
    """One attempt at paying a group: through one Stripe Checkout Session, or one PaymentIntent on our own page.

    way: checkout | page (ways.py). It stands on one object of Stripe's, `object_id`; a Session makes its own intent.
    part: whole | deposit | balance: of the group; one of each that its order needs is paid.
    Amount: minor units, the group's total less its credit; zero where stored value pays all, without Stripe. With a
    deposit: that, and then the rest of the total.

    state: new (object not yet known) -> open -> paid | failed | expired, with `processing` in between where the bank
    takes days; late: paid after the goods were let go, money goes back: late -> refunded (`failure`: Stripe would not).
    idempotency_key (of that object), refund_key and capture_key are written before Stripe is called.
    destination: the producer's account that the charge goes to at once, less application_fee_minor, which stays with
    us; none: the parts follow by transfers of their own. Decided before Stripe is asked, and kept (strategies.py).
    lost_minor: of a deposit, what the bank has given back to the buyer for good while the balance was still to come;
    when the order ends, amount_minor becomes what is left to give back.
    Goods by weight: open -> authorized -> capturing (capture_minor stands) -> paid; or -> releasing -> released (we let
    go of it), or lost (the bank did). amount_minor is what was authorised, once paid what was captured.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("shop_id", "idempotency_key"),
        UniqueConstraint("shop_id", "session_id"),
        Index("ix_payments_group", "shop_id", "group_id"),
        Index("ix_payments_intent", "shop_id", "intent_id"),
        Index("ix_payments_state", "shop_id", "state", "expires_at"),
        CheckConstraint("application_fee_minor BETWEEN 0 AND amount_minor", name="application_fee"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_groups.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20), default="new")
    way: Mapped[str] = mapped_column(String(10), default=CHECKOUT, server_default=CHECKOUT)
    part: Mapped[str] = mapped_column(String(10), default=WHOLE, server_default=WHOLE)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    session_id: Mapped[str | None] = mapped_column(String(120))
    session_url: Mapped[str | None] = mapped_column(Text)
    intent_id: Mapped[str | None] = mapped_column(String(120))
    charge_id: Mapped[str | None] = mapped_column(String(120))
    refund_id: Mapped[str | None] = mapped_column(String(120))
    refund_key: Mapped[str | None] = mapped_column(String(120))
    dispute_id: Mapped[str | None] = mapped_column(String(120))  # Stripe's dispute that forbids giving money back
    failure: Mapped[str | None] = mapped_column(String(200))
    authorized_minor: Mapped[int | None]
    capture_by: Mapped[datetime | None]  # then it is captured, weighed or not
    capture_minor: Mapped[int | None]
    lost_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    capture_key: Mapped[str | None] = mapped_column(String(120))
    destination: Mapped[str | None] = mapped_column(String(60))
    application_fee_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    expires_at: Mapped[datetime]  # of the payment page
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    @property
    def object_id(self) -> str | None:
        """What Stripe is asked about to know how this payment stands; None before it is known."""
        return self.intent_id if self.way == PAGE else self.session_id

    @property
    def goes_on_minor(self) -> int:
        """What of it reaches the producer's account with the charge itself."""
        return self.amount_minor - self.application_fee_minor if self.destination else 0


class Transfer(ShopOwned, Table):
    """A producer's part of a payment on its way to his connected account.

    state: due -> sending (claimed: its amount stands) -> sent | failed (see `error`); due -> cancelled: nothing is left
    to send. A due one with an error waits: for our balance, or for the producer's account. amount_minor: the whole
    part; withheld_minor: of it, kept back for refunds and debts before it was sent; reversed_minor: of what was sent,
    taken back since. Source: docs/algorithms/transfers.md.
    idempotency_key is written before Stripe is called; it changes when Stripe keeps a failure under it.
    from_charge: it comes out of the payment's own charge; else out of our balance at Stripe, which may have to wait
    until there is enough (the parts that stored value paid for; settling.py says which). With a destination charge
    Stripe has made it with the charge: it is `sending` from the start, until it is read there.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        UniqueConstraint("order_id"),
        Index("ix_transfers_state", "shop_id", "state"),
        Index("ix_transfers_producer", "shop_id", "producer_id", "state"),
        CheckConstraint("withheld_minor BETWEEN 0 AND amount_minor", name="withheld"),
        CheckConstraint("reversed_minor BETWEEN 0 AND amount_minor - withheld_minor", name="reversed"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    account: Mapped[str | None] = mapped_column(String(60))
    amount_minor: Mapped[int]
    withheld_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    reversed_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="due")
    from_charge: Mapped[bool] = mapped_column(default=True, server_default=true())
    stripe_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    @property
    def to_send_minor(self) -> int:
        """What is, or was, sent."""
        return self.amount_minor - self.withheld_minor


class Recovery(ShopOwned, Table):
    """Money that a producer gives back of an order: for a refund, for a dispute that he bears, or because a destination
    charge that came too late had brought it to him.

    state: planned (its transfer is being sent) -> reversing (asked of Stripe) -> settled | owed. What is owed is netted
    from his next transfers. amount_minor = withheld (from the order's own transfer, before it was sent) + reversed
    (after) + netted (from other transfers) + what is left. (kind, reference) happens once per order.
    idempotency_key is written before Stripe is called.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        UniqueConstraint("order_id", "kind", "reference"),
        Index("ix_recoveries_producer", "shop_id", "producer_id", "state"),
        CheckConstraint("withheld_minor + reversed_minor + netted_minor BETWEEN 0 AND amount_minor", name="parts"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))  # refund | dispute | late: its reference is the payment
    reference: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default="planned")
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    withheld_minor: Mapped[int] = mapped_column(default=0)
    reversed_minor: Mapped[int] = mapped_column(default=0)
    netted_minor: Mapped[int] = mapped_column(default=0)
    asked_minor: Mapped[int] = mapped_column(default=0)  # of Stripe, while reversing
    idempotency_key: Mapped[str | None] = mapped_column(String(120))
    stripe_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    @property
    def left_minor(self) -> int:
        """What the producer still owes of it."""
        return self.amount_minor - self.withheld_minor - self.reversed_minor - self.netted_minor


class StripeEvent(ShopOwned, Table):
    """A webhook event as it came, once. state: received -> done | ignored (with a note).

    A note on one that is still `received` says why it could not be handled; its job tries again, then rests.
    """

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


class EventReading(ShopOwned, Table):
    """One reading of Stripe's own list of events that came to its end. at: when it began; missed: of those that it
    brought, how many had never reached us.
    """

    __tablename__ = "event_readings"
    __table_args__ = (Index("ix_event_readings_at", "shop_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    missed: Mapped[int]


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
    __table_args__ = (
        Index("ix_ledger_entries_account", "shop_id", "account", "producer_id"),
        Index("ix_ledger_entries_order", "shop_id", "order_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("ledger_journals.id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(String(40))
    producer_id: Mapped[int | None] = mapped_column(Id)
    order_id: Mapped[int | None] = mapped_column(Id)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    journal: Mapped[LedgerJournal] = relationship(back_populates="entries", lazy="raise")
