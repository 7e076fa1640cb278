"""Where the shop delivers, how, and what it costs."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class Zone(ShopOwned, Table):
    """An area with one delivery price per producer order, in minor units of the shop's currency, VAT included."""

    __tablename__ = "zones"
    __table_args__ = (UniqueConstraint("shop_id", "code"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[dict[str, Any]]  # locale -> text; so are the others
    carrier: Mapped[dict[str, Any]]
    cold_chain: Mapped[dict[str, Any]]
    departures: Mapped[list[Any]]  # weekdays 0 (Monday) to 6 on which parcels leave
    lead_days_min: Mapped[int]
    lead_days_max: Mapped[int]
    fee_minor: Mapped[int]
    free_over_minor: Mapped[int | None]  # goods of one producer from which delivery is free
    fresh_ok: Mapped[bool]  # refrigerated goods may go there
    alcohol_ok: Mapped[bool]
    is_served: Mapped[bool]
    ranges: Mapped[list["ZoneRange"]] = relationship(back_populates="zone", lazy="raise", cascade="all, delete-orphan")


class ZoneRange(ShopOwned, Table):
    """Postal codes [first, last] of a country, compared as text of equal length; the highest priority wins.

    "" to "zzzzzzzzzz" is the whole country (letters sort after digits in every collation).
    """

    __tablename__ = "zone_ranges"
    __table_args__ = (Index("ix_zone_ranges_lookup", "shop_id", "country"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(String(2))
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str] = mapped_column(String(10))
    priority: Mapped[int] = mapped_column(default=0)
    zone: Mapped[Zone] = relationship(back_populates="ranges", lazy="raise")
