"""What the page on deliveries shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.delivery.areas import Area
from app.delivery.models import Zone
from app.delivery.tariffs import Tariff
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """A zone in the reader's language. Fees: minor units of the shop's currency per producer order, VAT included."""

    name: str
    carrier: str
    cold_chain: str
    days: tuple[int, int]
    tariff: Tariff
    free_over_minor: int | None
    fresh_ok: bool
    alcohol_ok: bool
    is_served: bool
    dry: tuple[int, int] | None
    code: str

    @property
    def fee_minor(self) -> int:
        """Of the lightest parcels."""
        return self.tariff.fee_minor


async def zones(db: AsyncSession) -> Sequence[ZoneLine]:
    """Every zone of the shop that is not retired, in the order of their codes."""
    locale = current_locale()
    rows = await db.scalars(select(Zone).where(Zone.retired_at.is_(None)).order_by(Zone.code))
    return [
        ZoneLine(
            name=in_language(row.name, locale),
            carrier=in_language(row.carrier, locale),
            cold_chain=in_language(row.cold_chain, locale),
            days=(row.lead_days_min, row.lead_days_max),
            tariff=row.tariff,
            free_over_minor=row.free_over_minor,
            fresh_ok=row.fresh_ok,
            alcohol_ok=row.alcohol_ok,
            is_served=row.is_served,
            dry=row.dry,
            code=row.code,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Kept:
    """A zone as staff see it. name: in the reader's language; where: its areas, as they are written."""

    zone: Zone
    name: str
    where: Sequence[str]


async def all_zones(db: AsyncSession) -> Sequence[Kept]:
    """Every zone, the retired ones too, in the order in which they were made."""
    rows = await db.scalars(select(Zone).options(selectinload(Zone.ranges)).order_by(Zone.id))
    return [
        Kept(
            zone,
            in_language(zone.name, current_locale()),
            [str(area) for area in sorted(Area.stored(of.country, of.first, of.last) for of in zone.ranges)],
        )
        for zone in rows
    ]
