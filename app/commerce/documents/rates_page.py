"""What staff sees of VAT: the rates through the years, the holes in them, and what is sold to other EU states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Variant
from app.delivery.models import Zone, ZoneRange
from app.kernel.formats import babel_locale
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts
from app.producers.vat import rates
from app.producers.vat.classes import CLASSES, EU, class_of
from app.producers.vat.models import VatRate


@dataclass(frozen=True)
class RateRow:
    """state: past | now | coming. until: the day from which another holds, None for none."""

    id: int
    country: str
    tax_class: str
    rate: Decimal
    valid_from: date
    until: date | None
    law: str
    state: str


@dataclass(frozen=True)
class Hole:
    """A country that is delivered to, and the classes of goods on sale for which it has no rate today."""

    country: str
    classes: Sequence[str]


def country_name(code: str) -> str:
    return str(babel_locale(current_locale()).territories.get(code, code))


def countries(home: str) -> list[tuple[str, str]]:
    """The sellers' country first, then the EU's by name."""
    return sorted(((code, country_name(code)) for code in EU | {home}), key=lambda pair: (pair[0] != home, pair[1]))


def rows(home: str, found: Sequence[VatRate], today: date) -> list[RateRow]:
    """The sellers' country first; in each, class by class as CLASSES has them, the latest day first."""
    order = list(CLASSES)
    sorted_rows = sorted(
        found,
        key=lambda row: (
            row.country != home, country_name(row.country), order.index(row.tax_class), -row.valid_from.toordinal()
        ),
    )  # fmt: skip
    return [_row(row, found, today) for row in sorted_rows]


def _row(row: VatRate, found: Sequence[VatRate], today: date) -> RateRow:
    same = [each.valid_from for each in found if (each.country, each.tax_class) == (row.country, row.tax_class)]
    until = min((day for day in same if day > row.valid_from), default=None)
    is_over = until is not None and until <= today
    return RateRow(
        row.id,
        country_name(row.country),
        str(CLASSES[row.tax_class].name),
        Decimal(row.rate),
        row.valid_from,
        until,
        row.law,
        "coming" if row.valid_from > today else "past" if is_over else "now",
    )


async def holes(db: AsyncSession, shop: ShopFacts, found: Sequence[VatRate], today: date) -> list[Hole]:
    """Where a checkout would have to fall back to the sellers' rate, or to the number in the catalogue."""
    written = await db.scalars(select(Variant.vat_rate).where(Variant.retired_at.is_(None)).distinct())
    classes = {name for name in (class_of(Decimal(each)) for each in written) if name}
    reached = await db.scalars(
        select(ZoneRange.country).join(Zone, Zone.id == ZoneRange.zone_id).where(Zone.retired_at.is_(None)).distinct()
    )
    known = rates.read(shop.country, found)
    places = [shop.country, *sorted((set(reached) & EU) - {shop.country}, key=country_name)]
    used = [name for name in CLASSES if name in classes]
    gaps = {place: [name for name in used if known.rate(name, place, today) is None] for place in places}
    return [
        Hole(country_name(place), [str(CLASSES[name].name) for name in names]) for place, names in gaps.items() if names
    ]
