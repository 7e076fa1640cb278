"""What is said about withdrawals, in the reader's language."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import dates

from app.commerce.orders.models import OrderGroup
from app.commerce.orders.words import text
from app.commerce.withdrawals.claims import Claim
from app.commerce.withdrawals.rules import Period
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

STATES = {
    "received": (_l("Ricevuto"), "warm"),
    "awaiting_goods": (_l("Aspetta i prodotti"), "warm"),
    "goods_back": (_l("Prodotti tornati"), "warm"),
    "refunded": (_l("Rimborsato"), "good"),
    "called_off": (_l("Annullato, niente da pagare"), "good"),
    "refused": (_l("Non accettato"), "bad"),
}
REFUSALS = {
    "late": _l("È arrivato dopo la fine del termine"),
    "opened": _l("Il sigillo è stato aperto (art. 59, lett. e, Codice del consumo)"),
    "not_returned": _l("I prodotti non sono tornati"),
    "business": _l("Non è l’acquisto di un consumatore"),
}


def why_not(claim: Claim) -> str:
    """Why a line cannot be withdrawn from; "" if it can. Source: law.md L25."""
    known = {
        "art59_c": _("Recesso escluso: fatto su misura (art. 59, lett. c, Codice del consumo)"),
        "art59_d": _("Recesso escluso: prodotto deperibile (art. 59, lett. d, Codice del consumo)"),
        "ended": _("Questo ordine è già annullato o rimborsato: non c’è più un contratto da cui recedere."),
        "gone": _("È già reso o rimborsato, o il recesso è già mandato."),
    }
    return known[claim.why_not] if claim.why_not else ""


def until(period: Period) -> str:
    """How long there is time, for who has time."""
    if period.last_day is None:
        return _("Puoi recedere già adesso, e fino a 14 giorni dopo l’arrivo dell’ultimo pacco.")
    return _("Hai tempo fino a tutto %(day)s.", day=_day(period.last_day))


def too_late(last_day: date) -> str:
    """What becomes of a statement after the period: true, and no door shut."""
    return _(
        "Il termine per recedere è finito %(day)s. Se mandi la dichiarazione la registriamo lo stesso, con data e ora, "
        "e il produttore la legge; ma non è più tenuto ad accettarla.",
        day=_day(last_day),
    )


def was_late(last_day: date) -> str:
    """The same, once it has been sent."""
    return _(
        "È arrivata dopo la fine del termine (%(day)s), perciò il produttore non è tenuto ad accettarla. Gliel’abbiamo "
        "consegnata: ti scriviamo che cosa decide.",
        day=_day(last_day),
    )


def moment(at: datetime, time_zone: str) -> str:
    """To the second, with the zone, as law.md L26 wants it: "21 novembre 2026, 14:30:07 CET"."""
    zone, locale = ZoneInfo(time_zone), formats.babel_locale(current_locale())
    day = formats.date(at, current_locale(), zone)
    clock = dates.format_time(at.astimezone(zone), "HH:mm:ss", locale=locale)
    return f"{day}, {clock} {dates.get_timezone_name(at.astimezone(zone), width='short', locale=locale)}"


def goods(claims: Sequence[tuple[Claim, int]]) -> list[str]:
    """One line for each product and number of pieces."""
    found = []
    for claim, pieces in claims:
        said = [text(claim.line.snapshot.get(part)) for part in ("name", "format")]
        found.append(f"{pieces} × {', '.join(part for part in said if part)}")
    return found


def statement(
    group: OrderGroup, name: str, email: str, wanted: Sequence[tuple[str, Sequence[tuple[Claim, int]]]]
) -> list[str]:
    """The whole statement, line by line. wanted: seller → what is withdrawn from of his. Source: art. 54-bis."""
    lines = [_("Con la presente recedo dal contratto di vendita dei seguenti beni:")]
    for seller, claims in wanted:
        lines.append(_("da %(seller)s", seller=seller))
        lines += [f"– {line}" for line in goods(claims)]
    ordered = formats.date(group.placed_at, current_locale())
    return [
        *lines,
        _("Ordine %(number)s, fatto il %(day)s", number=group.number, day=ordered),
        _("Nome: %(name)s", name=name),
        _("E-mail per la conferma: %(email)s", email=email),
    ]


def _day(day: date) -> str:
    return formats.date(day, current_locale(), style="full")
