"""What is said about open orders, in the reader's language."""

from zoneinfo import ZoneInfo

from app.commerce.additions.forms import UNTIL_CONFIRMED
from app.commerce.additions.opening import HOURS, Open
from app.commerce.additions.steps import Step
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


def until(shop: ShopFacts, open_: Open, seller: str) -> str:
    """How long there is time, as a half sentence: "fino a martedì 24 novembre, ore 12:00"."""
    if open_.until is None:
        return _("finché %(name)s non lo prende in carico", name=seller)
    zone, locale = ZoneInfo(shop.time_zone), current_locale()
    return _(
        "fino a %(day)s, ore %(time)s",
        day=formats.date(open_.until, locale, zone, "weekday"),
        time=formats.time(open_.until, locale, zone),
    )


def together(step: Step, currency: str) -> str:
    """What one parcel of two orders costs more than the first alone; "" for nothing."""
    if not step.due_minor:
        return ""
    locale = current_locale()
    return _(
        "Insieme pesano %(weight)s, e un pacco così costa %(more)s in più del primo.",
        weight=formats.quantity(step.weight_g, "g", locale),
        more=formats.money(step.due_minor, currency, locale),
    )


def choices() -> list[tuple[str, str, str | None]]:
    """What a producer may choose, as (value, text, aside)."""
    timed = [(str(hours), _hours(hours), None) for hours in HOURS]
    return [*timed, (UNTIL_CONFIRMED, _("Finché non confermo io"), _("anche oltre il giorno di partenza"))]


def _hours(hours: int) -> str:
    if not hours:
        return _("Fino alle 12 del giorno in cui parte")
    return ngettext(
        "Fino a %(num)s ora prima delle 12 del giorno in cui parte",
        "Fino a %(num)s ore prima delle 12 del giorno in cui parte",
        hours,
    )
