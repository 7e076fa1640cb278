"""What delivery costs and when it comes, for a postal code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.models import Zone, ZoneRange
from app.delivery.tariffs import Tariff
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _

Span = tuple[date, date]  # both days included
CUT_OFF_HOUR = 12  # orders paid later leave with the next day's parcels


@dataclass(frozen=True)
class Surge:
    """A producer's full day: which part of it is taken (0 to 1), and what that makes of the fee, minor units."""

    day: date
    demand: Decimal
    plain_minor: int
    fee_minor: int


@dataclass(frozen=True)
class Reach:
    """What of a zone decides whether a parcel gets there, and when. departures: weekdays, 0 is Monday."""

    departures: Sequence[int]
    lead_days_min: int
    lead_days_max: int
    tariff: Tariff
    fresh_ok: bool
    alcohol_ok: bool
    is_served: bool

    def refusal(self, *, fresh: bool, alcohol: bool, weight_g: int) -> str | None:
        """Why such a parcel cannot go there, as a sentence; None if it can."""
        if not self.is_served:
            return _("Qui non consegniamo.")
        if fresh and not self.fresh_ok:
            return _("Fin qui non arriviamo con il freddo: i prodotti freschi non possono partire.")
        if alcohol and not self.alcohol_ok:
            return _("Fin qui non possiamo spedire alcolici.")
        if self.tariff.fee(weight_g) is None:
            most = formats.quantity(self.tariff.most_g or 0, "g", current_locale())
            return _("Fin qui arrivano pacchi fino a %(most)s, e questo pesa di più.", most=most)
        return None

    def arrival(self, at: datetime, time_zone: str, closed: Sequence[Span] = ()) -> tuple[date, date]:
        """First and last day of arrival for an order paid at `at`: next departure, then the carrier's working days.

        closed: when the producer sends nothing.
        """
        leaves = departure(at, time_zone, self.departures, closed)
        return working_days_after(leaves, self.lead_days_min), working_days_after(leaves, self.lead_days_max)


@dataclass(frozen=True)
class Quote(Reach):
    """The zone of an address. Fees: minor units per producer order, VAT included. Texts: locale → text.

    fee_minor: of the parcel whose quote this is (`of`), until then of the lightest. surges: by producer
    (pricing/rules/surge.py), each for the weight of his parcel; surge: of the one whose quote this is. dry: the hours
    between which no alcohol is handed over.
    """

    code: str
    name: Mapping[str, str]
    carrier: Mapping[str, str]
    cold_chain: Mapping[str, str]
    fee_minor: int
    free_over_minor: int | None
    surges: Mapping[int, Surge] = field(default_factory=dict)
    surge: Surge | None = None
    dry: tuple[int, int] | None = None

    def of(self, producer_id: int, weight_g: int) -> "Quote":
        """The same for one producer's parcel. What is too heavy has a refusal and no price of its own."""
        surge, plain = self.surges.get(producer_id), self.tariff.fee(weight_g)
        if surge:
            return replace(self, fee_minor=surge.fee_minor, surge=surge)
        return replace(self, fee_minor=plain) if plain is not None else self

    def cost(self, weight_g: int, goods_minor: int) -> int | None:
        """What the tariff asks for such a parcel, whatever its producer's day is like; None: it is too heavy."""
        plain = self.tariff.fee(weight_g)
        return replace(self, fee_minor=plain).fee(goods_minor) if plain is not None else None

    def fee(self, goods_minor: int) -> int:
        """The fee of one producer's parcel with goods of this value."""
        return 0 if self.free_over_minor is not None and goods_minor >= self.free_over_minor else self.fee_minor

    def missing_for_free(self, goods_minor: int) -> int:
        """What is still missing for free delivery; 0 when it is free or never is."""
        return max(0, self.free_over_minor - goods_minor) if self.free_over_minor is not None else 0


def departure(at: datetime, time_zone: str, weekdays: Sequence[int], closed: Sequence[Span] = ()) -> date:
    """The day on which an order paid at `at` leaves. weekdays: 0 is Monday; none means any day. closed: not then."""
    local = at.astimezone(ZoneInfo(time_zone))
    leaves = local.date() + timedelta(days=1 if local.hour >= CUT_OFF_HOUR else 0)
    while leaves.weekday() not in (weekdays or range(7)) or any(first <= leaves <= last for first, last in closed):
        leaves += timedelta(days=1)
    return leaves


def cut_off(leaves: date, time_zone: str) -> datetime:
    """The moment (UTC) from which what is paid no longer leaves on that day."""
    return datetime.combine(leaves, time(CUT_OFF_HOUR), ZoneInfo(time_zone)).astimezone(UTC)


def working_days_after(day: date, days: int) -> date:
    """Carriers work Monday to Saturday."""
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 6:
            days -= 1
    return day


async def quote(db: AsyncSession, country: str, postal_code: str) -> Quote | None:
    """The quote for an address; None where no zone of the shop reaches. The range of the highest priority wins."""
    zone = await db.scalar(
        select(Zone)
        .join(ZoneRange, ZoneRange.zone_id == Zone.id)
        .where(ZoneRange.country == country, ZoneRange.first <= postal_code, ZoneRange.last >= postal_code)
        .where(Zone.retired_at.is_(None))
        .order_by(ZoneRange.priority.desc(), ZoneRange.id)
        .limit(1)
    )
    if zone is None:
        return None
    return Quote(
        code=zone.code,
        name=zone.name,
        carrier=zone.carrier,
        cold_chain=zone.cold_chain,
        departures=zone.departures,
        lead_days_min=zone.lead_days_min,
        lead_days_max=zone.lead_days_max,
        tariff=zone.tariff,
        fee_minor=zone.fee_minor,
        free_over_minor=zone.free_over_minor,
        fresh_ok=zone.fresh_ok,
        alcohol_ok=zone.alcohol_ok,
        is_served=zone.is_served,
        dry=zone.dry,
    )
