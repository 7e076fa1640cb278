"""What is said about the cost of a delivery, in the reader's language."""

from datetime import date, timedelta

from app.delivery.quotes import Quote
from app.delivery.tariffs import Tariff
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _


def surge(quote: Quote, goods_minor: int, currency: str) -> str:
    """Why the delivery of one producer's parcel costs more, or less, than usual; "" when it does not."""
    made, locale = quote.surge, current_locale()
    if made is None or not quote.fee(goods_minor):
        return ""
    said = {
        "day": formats.date(made.day, locale, style="weekday"),
        "part": formats.percent(made.demand * 100, locale),
        "now": formats.money(made.fee_minor, currency, locale),
        "usual": formats.money(made.plain_minor, currency, locale),
    }
    return _(
        "%(day)s il produttore ha già il %(part)s degli ordini che riesce a spedire: "
        "la consegna costa %(now)s invece di %(usual)s.",
        **said,
    )


def bands(tariff: Tariff, currency: str) -> list[tuple[str, str]]:
    """(how heavy a parcel, what it costs) of each band; a tariff that asks for no weight has one."""
    said, below = [], 0
    for most, fee in tariff.bands:
        weight = _("fino a %(weight)s", weight=_grams(most)) if most is not None else _over(below)
        said.append((weight, formats.money(fee, currency, current_locale())))
        below = most or below
    if tariff.most_g is not None:
        said.append((_over(tariff.most_g), _beyond(tariff, currency)))
    return said


def _over(weight_g: int) -> str:
    return _("oltre %(weight)s", weight=_grams(weight_g)) if weight_g else _("di ogni peso")


def _grams(weight_g: int) -> str:
    return formats.quantity(weight_g, "g", current_locale())


def _beyond(tariff: Tariff, currency: str) -> str:
    if tariff.per_kg_minor is None:
        return _("non lo spediamo")
    return _("%(fee)s in più al chilo", fee=formats.money(tariff.per_kg_minor, currency, current_locale()))


def heavier(tariff: Tariff, currency: str) -> str:
    """The same in one line, beside the price of the lightest parcels; "" where weight does not count."""
    told = bands(tariff, currency)
    return "; ".join(f"{weight} {costs}" for weight, costs in told) if len(told) > 1 else ""


def dry(hours: tuple[int, int] | None) -> str:
    """Between which hours no alcohol is handed over; "" when it always is."""
    if hours is None:
        return ""
    return _("Alcolici: nessuna consegna fra le %(first)s e le %(last)s.", first=hours[0], last=hours[1])


def weekdays() -> list[tuple[str, str]]:
    """(number, name) of the days of the week, Monday first."""
    monday = date(2026, 1, 5)
    days = [monday + timedelta(days=number) for number in range(7)]
    return [(str(day.weekday()), formats.date(day, current_locale(), style="EEEE")) for day in days]
