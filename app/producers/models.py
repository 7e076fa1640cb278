"""Producers: who makes, sells and ships."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Producer(ShopOwned, Table):
    """A business that sells in the shop; the legal seller of its products (law.md, model sentence).

    legal: company, form, vat_number, rea, pec, sdi, regime, health_mark, registration; shown to buyers (L14, L47).
    tax_code, and invoice_mandate and oss_since, the days since when the shop invoices in his name and he pays VAT
    elsewhere by OSS (tax.py), are not.
    is_small: makes small quantities and sells them directly, so no nutrition table is due (L12).
    fee_rate: percent of the goods kept by the shop; fee_base: gross | net, of the price with or without its VAT. Null
    means as the shop's own (shops/rules.py).
    making_days: of a piece with a deposit whose product says nothing; null: nothing is promised.
    closed: the periods of ClosedPeriod that are not over, as [kind, first day, last day, reason]; written with them,
    so that pages and delivery days need not ask for more rows.
    closes_hours_before: an order stays open for additions until so many hours before noon of the day on which its
    parcel leaves; null: until he confirms it (additions/opening.py).
    daily_orders: how many orders he can send off in a day; null when he has not said (delivery/demand.py).
    """

    __tablename__ = "producers"
    __table_args__ = (
        UniqueConstraint("shop_id", "slug"),
        CheckConstraint("making_days BETWEEN 1 AND 365", name="making_days"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(120))
    story: Mapped[dict[str, Any]]  # locale -> text
    street: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(120))
    province: Mapped[str] = mapped_column(String(2))
    postal_code: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(30))
    founded: Mapped[int | None]
    legal: Mapped[dict[str, Any]]
    image: Mapped[str | None] = mapped_column(String(80))  # file stem in media
    pickup: Mapped[bool] = mapped_column(default=False)
    fee_rate: Mapped[str | None] = mapped_column(String(10))
    fee_base: Mapped[str | None] = mapped_column(String(5))
    making_days: Mapped[int | None]
    stripe_account: Mapped[str | None] = mapped_column(String(60))
    closed: Mapped[list[Any]] = mapped_column(default=list)
    closes_hours_before: Mapped[int | None] = mapped_column(default=0, server_default="0")
    daily_orders: Mapped[int | None]
    created_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]


class ProducerMember(ShopOwned, Table):
    """A person who works at a producer's desk. role: owner | member."""

    __tablename__ = "producer_members"
    __table_args__ = (UniqueConstraint("producer_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20), default="owner")


class Certificate(ShopOwned, Table):
    """What a control body says that a producer may call his goods (law.md L16, L19), entered by staff.

    designation: the registered name, as in catalog/data/designations.csv; "Biologico" for organic ones.
    mark: DOP | IGP | DOC | DOCG | IGT | BIO. valid_until: its last day.
    """

    __tablename__ = "certificates"
    __table_args__ = (UniqueConstraint("producer_id", "designation", "mark"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    designation: Mapped[str] = mapped_column(String(120))
    mark: Mapped[str] = mapped_column(String(4))
    body: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(60))
    valid_until: Mapped[date]


class ClosedPeriod(ShopOwned, Table):
    """Days, both included, on which a producer sends nothing. kind: holiday | other. reason: locale -> text, or {}."""

    __tablename__ = "closed_periods"
    __table_args__ = (
        Index("ix_closed_periods_producer", "shop_id", "producer_id", "last_day"),
        CheckConstraint("first_day <= last_day", name="order"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10), default="holiday")
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
