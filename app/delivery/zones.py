"""Staff open a zone, change it, retire it, take it up again. What is promised keeps its price: orders have frozen it.

Within a transaction; every change is told in the audit trail, and drops the pages that tell what a delivery costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.delivery.areas import Area, written
from app.delivery.models import Zone, ZoneRange
from app.delivery.tariffs import Tariff
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, in_language
from app.system import audit, page_drops

MOST = 60  # zones of a shop
_record = audit.recorder("zone")


@dataclass(frozen=True)
class Draft:
    """What staff say of a zone. Texts: locale → text. dry: as Zone's."""

    name: Mapping[str, str]
    carrier: Mapping[str, str]
    cold_chain: Mapping[str, str]
    areas: Sequence[Area]
    tariff: Tariff
    free_over_minor: int | None
    departures: Sequence[int]
    lead_days: tuple[int, int]
    fresh_ok: bool
    alcohol_ok: bool
    dry: tuple[int, int] | None
    is_served: bool


async def open_zone(db: AsyncSession, person: Person, draft: Draft) -> Zone:
    """A new zone. Raises Refused with the field."""
    known = await _lock(db)
    if len(known) >= MOST:
        raise Refused(_("Un negozio ha al massimo %(most)s zone.", most=MOST))
    await _check_areas(db, None, draft.areas)
    zone = Zone(code=_next_code([zone.code for zone in known]), ranges=[], heavier=[])
    _write(zone, draft)
    db.add(zone)
    await db.flush()  # the trail names it
    await _put(db, zone, draft.areas)
    _record(db, person, "zone.open", zone.id, {}, _told(zone, draft.areas))
    await page_drops.drop(db, page_drops.EVERYTHING)
    return zone


async def change(db: AsyncSession, person: Person, zone_id: int, draft: Draft) -> bool:
    """False if it was so before. Raises Refused with the field, NotFound for none or one that has retired."""
    await _lock(db)
    zone = await find(db, zone_id)
    if zone.retired_at is not None:
        raise NotFound
    await _check_areas(db, zone_id, draft.areas)
    before = _told(zone, areas_of(zone))
    _write(zone, draft)
    await _put(db, zone, draft.areas)
    after = _told(zone, draft.areas)
    if before == after:
        return False
    changed = [name for name in after if before[name] != after[name]]
    _record(db, person, "zone.change", zone.id, {n: before[n] for n in changed}, {n: after[n] for n in changed})
    await page_drops.drop(db, page_drops.EVERYTHING)
    return True


async def retire(db: AsyncSession, person: Person, zone_id: int) -> bool:
    """From now on it is as if there were no such zone; False if that was so before."""
    await _lock(db)
    zone = await find(db, zone_id)
    if zone.retired_at is not None:
        return False
    zone.retired_at = clock.now()
    _record(db, person, "zone.retire", zone.id, {}, {})
    await page_drops.drop(db, page_drops.EVERYTHING)
    return True


async def take_up(db: AsyncSession, person: Person, zone_id: int) -> bool:
    """The opposite. Raises Refused when its areas have gone to another zone meanwhile."""
    await _lock(db)
    zone = await find(db, zone_id)
    if zone.retired_at is None:
        return False
    await _check_areas(db, zone_id, areas_of(zone))
    zone.retired_at = None
    _record(db, person, "zone.take_up", zone.id, {}, {})
    await page_drops.drop(db, page_drops.EVERYTHING)
    return True


async def find(db: AsyncSession, zone_id: int) -> Zone:
    """A zone, retired or not, with its ranges. Raises NotFound."""
    found = select(Zone).where(Zone.id == zone_id).options(selectinload(Zone.ranges))
    zone = await db.scalar(found.execution_options(populate_existing=True))
    if zone is None:
        raise NotFound
    return zone


def areas_of(zone: Zone) -> list[Area]:
    """ranges loaded."""
    return [Area.stored(of.country, of.first, of.last) for of in zone.ranges]


async def _lock(db: AsyncSession) -> Sequence[Zone]:
    """All zones, so that two who write at once do not give the same codes to two of them."""
    return (await db.scalars(select(Zone).order_by(Zone.id).with_for_update(key_share=True))).all()


async def _check_areas(db: AsyncSession, zone_id: int | None, areas: Sequence[Area]) -> None:
    """Whether no other zone has what cuts these. Raises Refused."""
    others = await db.execute(
        select(ZoneRange.country, ZoneRange.first, ZoneRange.last, Zone.name)
        .join(Zone, Zone.id == ZoneRange.zone_id)
        .where(Zone.retired_at.is_(None), Zone.id != (zone_id or 0))
    )
    for country, first, last, name in others:
        other = Area.stored(country, first, last)
        if mine := next((area for area in areas if area.clashes(other)), None):
            said = {"one": mine, "other": other, "zone": in_language(name, current_locale())}
            raise Refused(_("“%(one)s” si accavalla con “%(other)s” della zona %(zone)s.", **said), "areas")


def _next_code(known: Sequence[str]) -> str:
    """Z and the next number: rules and orders name zones by their codes, so none is given twice."""
    numbers = [int(code[1:]) for code in known if code[:1] == "Z" and code[1:].isdecimal()]
    return f"Z{max(numbers, default=0) + 1}"


def _write(zone: Zone, draft: Draft) -> None:
    for name in ("name", "carrier", "cold_chain"):
        setattr(zone, name, dict(getattr(draft, name)))
    zone.fee_minor, zone.heavier = draft.tariff.fee_minor, [list(step) for step in draft.tariff.heavier]
    zone.most_g, zone.per_kg_minor = draft.tariff.most_g, draft.tariff.per_kg_minor
    zone.free_over_minor = draft.free_over_minor
    zone.departures = list(draft.departures)
    zone.lead_days_min, zone.lead_days_max = draft.lead_days
    zone.dry_from, zone.dry_until = draft.dry or (None, None)
    for name in ("fresh_ok", "alcohol_ok", "is_served"):
        setattr(zone, name, getattr(draft, name))


async def _put(db: AsyncSession, zone: Zone, areas: Sequence[Area]) -> None:
    """These areas instead of those that it had. Every range's priority is what its width says, older rows' too."""
    if sorted(areas_of(zone)) != sorted(areas):
        zone.ranges = [
            ZoneRange(country=area.country, first=area.first, last=area.end, priority=area.priority) for area in areas
        ]
        await db.flush()
    for row in (await db.scalars(select(ZoneRange))).all():
        row.priority = Area.stored(row.country, row.first, row.last).priority


def _told(zone: Zone, areas: Sequence[Area]) -> dict[str, object]:
    """As the trail keeps it. The text is not called a name: names of people are masked there."""
    same = ("carrier", "cold_chain", "departures", "fresh_ok", "alcohol_ok", "is_served", "free_over_minor")
    return {
        "zone": dict(zone.name),
        "areas": written(areas),
        "bands": [list(band) for band in zone.tariff.bands],
        "per_kg_minor": zone.per_kg_minor,
        "lead_days": [zone.lead_days_min, zone.lead_days_max],
        "dry": list(zone.dry or ()),
        **{name: getattr(zone, name) for name in same},
    }
