"""Days on which a producer sends nothing: holidays, harvest, works. Whoever promises a day of delivery asks here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, formats
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, in_language
from app.producers.models import ClosedPeriod, Producer
from app.system import audit, page_drops

KINDS = ("holiday", "other")
TAG = "closures"  # of kept pages that say when a parcel leaves
LONGEST = timedelta(days=180)
FURTHEST = timedelta(days=730)  # from today to the last day
TOLD_BEFORE = timedelta(days=14)  # on pages of products
MOST = 20  # periods that are not over
_record = audit.recorder("producer")

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Closure:
    """Both days included. reason: locale → text, or empty."""

    kind: str
    first: date
    last: date
    reason: Mapping[str, str]

    @property
    def span(self) -> Span:
        return self.first, self.last


@dataclass(frozen=True, slots=True)
class Told:
    """A closure as the public reads it."""

    sentence: str
    reason: str


def read(closed: Iterable[Sequence[Any]]) -> list[Closure]:
    """What `Producer.closed` holds."""
    return [
        Closure(kind, date.fromisoformat(first), date.fromisoformat(last), reason)
        for kind, first, last, reason in closed
    ]


def spans(closed: Iterable[Sequence[Any]]) -> tuple[Span, ...]:
    """The same as days only, for the dates of deliveries."""
    return tuple(closure.span for closure in read(closed))


def resumes(closed: Iterable[Closure], day: date) -> date:
    """The first day from `day` on that is not closed."""
    for closure in sorted(closed, key=lambda each: each.first):
        if closure.first <= day <= closure.last:
            day = closure.last + timedelta(days=1)
    return day


def told(closed: Sequence[Closure], today: date, *, ahead: timedelta = TOLD_BEFORE) -> list[Told]:
    """What the public must know: a closure that is on, and those that begin within `ahead`, soonest first."""
    soon = [each for each in closed if each.last >= today and each.first <= today + ahead]
    return [_told(each, closed, today) for each in sorted(soon, key=lambda each: each.first)]


def _told(closure: Closure, closed: Sequence[Closure], today: date) -> Told:
    locale = current_locale()
    first, last, again = (
        formats.date(day, locale, style="weekday")
        for day in (closure.first, closure.last, resumes(closed, closure.last + timedelta(days=1)))
    )
    if closure.first <= today:
        sentence = (
            _("Chiuso per ferie fino a %(last)s: le spedizioni riprendono da %(again)s.", last=last, again=again)
            if closure.kind == "holiday"
            else _("Chiuso fino a %(last)s: le spedizioni riprendono da %(again)s.", last=last, again=again)
        )
    else:
        days = {"first": first, "last": last, "again": again}
        sentence = (
            _("Da %(first)s a %(last)s è chiuso per ferie: le spedizioni riprendono da %(again)s.", **days)
            if closure.kind == "holiday"
            else _("Da %(first)s a %(last)s è chiuso: le spedizioni riprendono da %(again)s.", **days)
        )
    return Told(sentence, in_language(closure.reason, locale))


async def of_producer(db: AsyncSession, producer_id: int, today: date) -> list[ClosedPeriod]:
    """The periods that are not over, soonest first."""
    rows = await db.scalars(
        select(ClosedPeriod)
        .where(ClosedPeriod.producer_id == producer_id, ClosedPeriod.last_day >= today)
        .order_by(ClosedPeriod.first_day, ClosedPeriod.id)
    )
    return list(rows)


async def close(db: AsyncSession, person: Person, producer_id: int, closure: Closure, today: date) -> ClosedPeriod:
    """Enter a period; the same again returns the one that is there. Within a transaction. Raises Refused."""
    if closure.last < closure.first:
        raise Refused(_("L’ultimo giorno non può venire prima del primo."), "last_day")
    if closure.last < today:
        raise Refused(_("È già passato."), "last_day")
    if closure.last - closure.first > LONGEST:
        raise Refused(_("Una chiusura dura al massimo %(days)s giorni.", days=LONGEST.days), "last_day")
    if closure.last > today + FURTHEST:
        raise Refused(_("È troppo lontano: al massimo due anni da oggi."), "last_day")
    producer = await _locked(db, producer_id)
    there = await of_producer(db, producer_id, today)
    for period in there:
        if (period.first_day, period.last_day) == closure.span:
            return period
        if period.first_day <= closure.last and closure.first <= period.last_day:
            raise Refused(_("In quei giorni c’è già un’altra chiusura."), "first_day")
    if len(there) >= MOST:
        raise Refused(_("Al massimo %(most)s chiusure alla volta.", most=MOST), "first_day")
    made = ClosedPeriod(
        producer_id=producer_id, kind=closure.kind, first_day=closure.first, last_day=closure.last,
        reason=dict(closure.reason), created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    await _keep(db, producer, [*there, made])
    _record(db, person, "producer.close", producer_id, {}, _days(made))
    return made


async def open_again(db: AsyncSession, person: Person, producer_id: int, period_id: int, today: date) -> None:
    """Take a period out. Within a transaction. Raises NotFound for another's."""
    producer = await _locked(db, producer_id)
    there = await of_producer(db, producer_id, today)
    gone = next((period for period in there if period.id == period_id), None)
    if gone is None:
        raise NotFound
    _record(db, person, "producer.open", producer_id, _days(gone), {})
    await db.execute(delete(ClosedPeriod).where(ClosedPeriod.id == period_id))
    await _keep(db, producer, [period for period in there if period.id != period_id])


async def _locked(db: AsyncSession, producer_id: int) -> Producer:
    producer: Producer | None = await db.scalar(
        select(Producer)
        .where(Producer.id == producer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if producer is None:
        raise NotFound
    return producer


async def _keep(db: AsyncSession, producer: Producer, periods: Sequence[ClosedPeriod]) -> None:
    """Write them where pages read them, and drop the pages."""
    producer.closed = [
        [period.kind, period.first_day.isoformat(), period.last_day.isoformat(), period.reason]
        for period in sorted(periods, key=lambda each: each.first_day)
    ]
    await page_drops.drop(db, "producers", TAG)


def _days(period: ClosedPeriod) -> dict[str, str]:
    return {"kind": period.kind, "first": period.first_day.isoformat(), "last": period.last_day.isoformat()}
