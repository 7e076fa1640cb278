"""The day that a card of a product says: when its parcel leaves, or when it arrives where the visitor wants to have it.

All that this depends on is one timetable for the whole shop, read in one statement and noted (web/kept_pages.py) until
a zone or a producer's closures change: the cards of a page ask for nothing, and the kept page of somebody whose postal
code is known is found by his zone. What is said is what `Quote` says on the page of the product, in few words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, cast, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery import remembered
from app.delivery.models import Zone, ZoneRange
from app.delivery.quotes import Reach, Span, cut_off, departure
from app.delivery.tariffs import Tariff
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.producers import closures
from app.producers.models import ClosedPeriod
from app.web import visit as visits
from app.web.kept_pages import KeptPages

UNKNOWN, NOWHERE = "", "-"  # places: no postal code is known; one that no zone reaches. All others are ids of zones
_NOTED = "timetable"
_MOST = 20_000  # days and postal codes that are remembered


class Parcel(NamedTuple):
    """What of a piece decides about its day. waits: it leaves when its balance has been paid."""

    producer_id: int
    weight_g: int
    fresh: bool
    alcohol: bool
    waits: bool


class Day(NamedTuple):
    """until: from then on it is another day; None: it does not change with the hour."""

    said: str
    until: datetime | None = None


@dataclass(frozen=True)
class Timetable:
    """zones: by id. areas: (country, first, last, id of the zone), who wins first. closed: by producer.

    weekdays: on which something leaves for one of the served zones; none where the shop serves none.
    """

    zones: Mapping[int, Reach]
    areas: Sequence[tuple[str, str, str, int]]
    closed: Mapping[int, Sequence[Span]]
    weekdays: Sequence[int]
    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _days: dict[tuple[str, str, Parcel], Day] = field(default_factory=dict)

    def place(self, sent: str, country: str) -> str:
        """Where somebody is of whom this is known: what his browser has sent, or his postal code."""
        known = self._places.get((country, sent))
        if known is None:
            known = self._places[country, sent] = self._place(remembered.read(sent, country), country)
            _bound(self._places)
        return known

    def _place(self, code: str, country: str) -> str:
        if not code:
            return UNKNOWN
        reach = (zone for where, first, last, zone in self.areas if where == country and first <= code <= last)
        return str(next(reach, NOWHERE))

    def day(self, shop: ShopFacts, place: str, parcel: Parcel, at: datetime) -> Day:
        """What to say of a parcel that is ordered at `at`, in the reader's language; "" for nothing."""
        key = (current_locale(), place, parcel)
        known = self._days.get(key)
        if known is None or (known.until is not None and known.until <= at):
            known = self._days[key] = self._day(shop, place, parcel, at)
            _bound(self._days)
        return known

    def _day(self, shop: ShopFacts, place: str, parcel: Parcel, at: datetime) -> Day:
        zone = self.zones.get(int(place)) if place.isdecimal() else None
        weekdays, closed = zone.departures if zone else self.weekdays, self.closed.get(parcel.producer_id, ())
        if place == UNKNOWN and not weekdays:
            return Day("")
        if place != UNKNOWN and not (zone and _reaches(zone, parcel)):
            return Day(_("Non arriva al tuo CAP"))
        if parcel.waits:
            return Day(_("Parte quando hai pagato il saldo"))
        leaves = departure(at, shop.time_zone, weekdays, closed)
        until = cut_off(leaves, shop.time_zone)
        if zone is None:
            return Day(_("Parte %(when)s", when=_short(leaves, leaves)), until)
        return Day(_("Arriva %(when)s", when=_short(*zone.arrival(at, shop.time_zone, closed))), until)


def _reaches(zone: Reach, parcel: Parcel) -> bool:
    return zone.refusal(fresh=parcel.fresh, alcohol=parcel.alcohol, weight_g=parcel.weight_g) is None


def _short(first: date, last: date) -> str:
    return formats.short_days(first, last, current_locale())


def _bound(memory: dict[Any, Any]) -> None:
    if len(memory) > _MOST:
        memory.clear()


async def timetable(db: AsyncSession) -> Timetable:
    """Of the session's shop: one statement for all bands of a page, none while it is noted."""
    known: Timetable | None = db.info.get(_NOTED)
    if known is None:
        known = db.info[_NOTED] = await visits.noted(db, _NOTED, lambda: _read(db), closures.TAG)
    return known


def place_of(kept: KeptPages, shop: ShopFacts, sent: str) -> str | None:
    """Where a visitor is by what his browser has sent; None: that is not noted now, and nobody asks for a kept page."""
    note = kept.note(shop.id, _NOTED, closures.TAG)
    found: Timetable | None = note.value if note else None
    return found.place(sent, shop.country) if found else None


async def _read(db: AsyncSession) -> Timetable:
    yesterday = clock.now().date() - timedelta(days=1)  # of UTC: nowhere is it earlier than that
    rows = (await db.execute(_statement(), {"since": yesterday})).all()
    closed: dict[int, list[Span]] = {}
    for row in rows:
        if row.first_day is not None:
            closed.setdefault(row.producer_id, []).append((row.first_day, row.last_day))
    zones = [row for row in rows if row.zone_id is not None]
    areas = sorted((row for row in zones if row.range_id is not None), key=lambda row: (-row.priority, row.range_id))
    return Timetable(
        {row.zone_id: _reach(row) for row in zones},
        [(row.country, row.first, row.last, row.zone_id) for row in areas],
        closed,
        sorted({day for row in zones if row.is_served for day in (row.departures or range(7))}),
    )


def _reach(row: Any) -> Reach:
    return Reach(
        departures=row.departures,
        lead_days_min=row.lead_days_min,
        lead_days_max=row.lead_days_max,
        tariff=Tariff(0, (), row.most_g, row.per_kg_minor),  # whether it goes, not what it costs
        fresh_ok=row.fresh_ok,
        alcohol_ok=row.alcohol_ok,
        is_served=row.is_served,
    )


_OF_ZONE = (
    Zone.id.label("zone_id"),
    Zone.departures,
    Zone.lead_days_min,
    Zone.lead_days_max,
    Zone.most_g,
    Zone.per_kg_minor,
    Zone.fresh_ok,
    Zone.alcohol_ok,
    Zone.is_served,
    ZoneRange.id.label("range_id"),
    ZoneRange.country,
    ZoneRange.first,
    ZoneRange.last,
    ZoneRange.priority,
)
_OF_CLOSURE = (ClosedPeriod.producer_id, ClosedPeriod.first_day, ClosedPeriod.last_day)


@cache
def _statement() -> Select[Any]:
    """Zones that have not retired, each as often as it has areas; then closures that are not over."""
    zones = (
        select(*_OF_ZONE, *map(_nothing, _OF_CLOSURE))
        .outerjoin(ZoneRange, ZoneRange.zone_id == Zone.id)
        .where(Zone.retired_at.is_(None))
    )
    closed = select(*map(_nothing, _OF_ZONE), *_OF_CLOSURE).where(
        ClosedPeriod.last_day >= bindparam("since", type_=ClosedPeriod.last_day.type)
    )
    return select(union_all(zones, closed).subquery())


def _nothing(column: Any) -> Any:
    """Null, of the type of a column and by its name."""
    return cast(null(), column.type).label(column.key)
