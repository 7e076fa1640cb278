"""Where the shop delivers, how, and what it costs."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.delivery.tariffs import Tariff
from app.kernel.db import Id, ShopOwned, Table


class Zone(ShopOwned, Table):
    """An area with its delivery prices per producer's parcel, in minor units of the shop's currency, VAT included."""

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
    fee_minor: Mapped[int]  # of the lightest parcels; this and the next three: delivery/tariffs.py
    heavier: Mapped[list[Any]] = mapped_column(default=list)
    most_g: Mapped[int | None]
    per_kg_minor: Mapped[int | None]
    free_over_minor: Mapped[int | None]  # goods of one producer from which delivery is free
    fresh_ok: Mapped[bool]  # refrigerated goods may go there
    alcohol_ok: Mapped[bool]
    dry_from: Mapped[int | None]  # hours of the day, 0 to 24, between which no alcohol is handed over
    dry_until: Mapped[int | None]
    is_served: Mapped[bool]
    retired_at: Mapped[datetime | None]  # since then it is as if there were no such zone
    ranges: Mapped[list["ZoneRange"]] = relationship(back_populates="zone", lazy="raise", cascade="all, delete-orphan")

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.fee_minor, self.heavier, self.most_g, self.per_kg_minor)

    @property
    def dry(self) -> tuple[int, int] | None:
        return (self.dry_from, self.dry_until) if self.dry_from is not None and self.dry_until is not None else None


class ZoneRange(ShopOwned, Table):
    """Postal codes [first, last] of a country, compared as text; the highest priority wins.

    "47" to "48zzzzzzzz" is all that begins with 47 or 48, "" to "zzzzzzzzzz" the whole country (letters sort after
    digits in every collation). priority: the narrower the higher, kept so by delivery/areas.py.
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
