"""Reconciliation: Stripe's own book beside ours, and what was found when they were compared."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Movement(ShopOwned, Table):
    """One balance transaction of Stripe's that is about this shop. Minor units; net = amount − fee.

    journal_id: the journal that says the same; null while none does, and the money is unexplained.
    """

    __tablename__ = "stripe_movements"
    __table_args__ = (
        UniqueConstraint("shop_id", "stripe_id"),
        Index("ix_stripe_movements_journal", "shop_id", "journal_id"),
        Index("ix_stripe_movements_created", "shop_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(40))  # Stripe's reporting_category
    source_id: Mapped[str | None] = mapped_column(String(120))
    group_id: Mapped[int | None] = mapped_column(Id)
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime]  # Stripe's own time
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_journals.id", ondelete="SET NULL"))


class Reconciliation(ShopOwned, Table):
    """One comparison. findings: [what, id, amount in minor units] for whatever is not explained.

    new, matched: movements read this time, and all that have their journal. unexplained_minor: sum of the findings'
    amounts without their signs, so that two wrongs do not make a right.
    """

    __tablename__ = "reconciliations"
    __table_args__ = (Index("ix_reconciliations_at", "shop_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    new: Mapped[int]
    matched: Mapped[int]
    fees_minor: Mapped[int] = mapped_column(Id)
    stripe_minor: Mapped[int] = mapped_column(Id)  # what Stripe's book says that it holds for this shop
    ledger_minor: Mapped[int] = mapped_column(Id)  # what ours says
    unexplained_minor: Mapped[int] = mapped_column(Id)
    currency: Mapped[str] = mapped_column(String(3))
    findings: Mapped[list[Any]]


class Explanation(ShopOwned, Table):
    """A finding that an admin has closed in his own words, and the journal that books what was missing.

    what, kind, reference, amount_minor: as the finding said. explained_id: the journal that no movement confirms;
    journal_id: of the adjustment.
    """

    __tablename__ = "explanations"
    __table_args__ = (
        UniqueConstraint("journal_id"),
        UniqueConstraint("explained_id"),
        CheckConstraint("what in ('movement', 'journal', 'sum')", name="what"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    what: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(120))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    explained_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_journals.id", ondelete="CASCADE"))
    journal_id: Mapped[int] = mapped_column(ForeignKey("ledger_journals.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(String(500))
    actor_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]


class LedgerCheck(ShopOwned, Table):
    """One run of the proofs over the shop's books. findings: a sentence for whatever does not add up."""

    __tablename__ = "ledger_checks"
    __table_args__ = (Index("ix_ledger_checks_at", "shop_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    journals: Mapped[int]
    findings: Mapped[list[Any]]
