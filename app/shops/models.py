"""Shops: the tenants of the engine, and the hosts they answer on."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Shop(Table):
    """A tenant: its name, look, languages, currency and the way it takes money.

    legal: company, address, vat_number, rea, share_capital, email, phone, pec (law.md L47).
    fee_rate: percent of the goods kept by the shop, exact decimal as text ("15").
    """

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    tagline: Mapped[dict[str, Any]]  # locale -> sentence
    theme: Mapped[str] = mapped_column(String(40))
    locales: Mapped[list[Any]]  # the first is the default
    currency: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(2), default="IT")
    time_zone: Mapped[str] = mapped_column(String(40), default="Europe/Rome")
    order_prefix: Mapped[str] = mapped_column(String(6))
    fee_rate: Mapped[str] = mapped_column(String(10), default="15")
    stripe_locale: Mapped[str] = mapped_column(String(5), default="auto")
    legal: Mapped[dict[str, Any]]
    features: Mapped[dict[str, Any]]


class ShopHost(Table):
    """A host name (lower case, without port) that a shop answers on. The first added is the canonical one."""

    __tablename__ = "shop_hosts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shops.id", ondelete="CASCADE"), index=True)
    host: Mapped[str] = mapped_column(String(255), unique=True)
    is_default: Mapped[bool] = mapped_column(default=False)  # answers on hosts that nobody owns (local and tests)


class NumberSeries(ShopOwned, Table):
    """The last number given in a series of a shop, e.g. orders of 2026."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("shop_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    last: Mapped[int] = mapped_column(default=0)
