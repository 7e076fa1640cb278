"""What the page on deliveries shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.models import Zone
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """A zone in the reader's language. Fees: minor units of the shop's currency per producer order, VAT included."""

    name: str
    carrier: str
    cold_chain: str
    days: tuple[int, int]
    fee_minor: int
    free_over_minor: int | None
    fresh_ok: bool
    alcohol_ok: bool
    is_served: bool
    code: str = ""


async def zones(db: AsyncSession) -> Sequence[ZoneLine]:
    """Every zone of the shop, in the order of their codes."""
    locale = current_locale()
    rows = await db.execute(
        select(
            Zone.name,
            Zone.carrier,
            Zone.cold_chain,
            Zone.lead_days_min,
            Zone.lead_days_max,
            Zone.fee_minor,
            Zone.free_over_minor,
            Zone.fresh_ok,
            Zone.alcohol_ok,
            Zone.is_served,
            Zone.code,
        ).order_by(Zone.code)
    )
    return [
        ZoneLine(
            name=in_language(row.name, locale),
            carrier=in_language(row.carrier, locale),
            cold_chain=in_language(row.cold_chain, locale),
            days=(row.lead_days_min, row.lead_days_max),
            fee_minor=row.fee_minor,
            free_over_minor=row.free_over_minor,
            fresh_ok=row.fresh_ok,
            alcohol_ok=row.alcohol_ok,
            is_served=row.is_served,
            code=row.code,
        )
        for row in rows
    ]
