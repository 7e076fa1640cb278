"""Rules in words, for producers and for whoever buys, in the reader's language."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.pricing.rules import engine
from app.pricing.rules.bulk import Bulk
from app.pricing.rules.models import PricingRule

KINDS = {
    engine.EXPIRY: _l("Vicino alla scadenza"),
    engine.HOURS: _l("A certe ore"),
    engine.BULK: _l("Per più pezzi"),
}
ACTIONS = {
    engine.PERCENT: _l("Togli una percentuale"),
    engine.FIXED: _l("Togli una somma"),
    engine.MULTIPLIER: _l("Moltiplica per un fattore"),
    engine.SET: _l("Metti questo prezzo"),
}

SHOP_KINDS = {**KINDS, engine.SURGE: _l("Consegna nei giorni pieni")}
SHOP_ACTIONS = {
    engine.PERCENT: _l("Una percentuale in meno (sulla consegna, in più)"),
    engine.FIXED: _l("Una somma in meno (sulla consegna, in più)"),
    engine.MULTIPLIER: _l("Moltiplica per un fattore"),
    engine.SET: _l("Metti questo prezzo"),
}


def change(action: str, value: Decimal, currency: str) -> str:
    """What an action does: "−20%", "−1,50 €", "× 0,8", "7,00 €"."""
    locale = current_locale()
    if action == engine.PERCENT:
        return formats.percent(value.normalize(), locale).replace("-", "−")
    if action == engine.MULTIPLIER:
        return f"× {formats.number(value.normalize(), locale)}"
    return formats.money(int(value), currency, locale).replace("-", "−")


def rule(row: PricingRule, currency: str) -> str:
    """One rule with all its conditions: "Da 6 pezzi: −5%, solo dalle 17 alle 19"."""
    said, besides = _main(row, currency), _besides(row)
    if len(besides) > 1:
        return _("%(rule)s, solo %(first)s e %(second)s", rule=said, first=besides[0], second=besides[1])
    return _("%(rule)s, solo %(first)s", rule=said, first=besides[0]) if besides else said


def _besides(row: PricingRule) -> list[str]:
    """The conditions that the name of its kind does not say."""
    found = []
    if row.kind != engine.EXPIRY and row.max_days is not None:
        found.append(
            ngettext(
                "nell’ultimo giorno prima della scadenza",
                "negli ultimi %(num)s giorni prima della scadenza",
                row.max_days,
            )
        )
    if row.kind != engine.HOURS and row.hour_from is not None:
        found.append(_("dalle %(start)s alle %(end)s", start=row.hour_from, end=row.hour_to))
    return found


def _main(row: PricingRule, currency: str) -> str:
    """By its kind: "Negli ultimi 2 giorni prima della scadenza: −20%"."""
    said = change(row.action, Decimal(row.value), currency)
    if row.kind == engine.EXPIRY:
        return ngettext(
            "Nell’ultimo giorno prima della scadenza: %(said)s",
            "Negli ultimi %(num)s giorni prima della scadenza: %(said)s",
            row.max_days or 0,
            said=said,
        )
    if row.kind == engine.SURGE:
        return _full_day(row, said)
    if row.kind == engine.BULK:
        return from_pieces(row.min_quantity or 1, said)
    return _("Dalle %(start)s alle %(end)s: %(said)s", start=row.hour_from, end=row.hour_to, said=said)


def _full_day(row: PricingRule, said: str) -> str:
    """Of a delivery, where what it does is added."""
    added = said if row.action in {engine.MULTIPLIER, engine.SET} else f"+{said}"
    part = formats.percent(Decimal(row.min_demand or 0) * 100, current_locale())
    if row.regions:
        zones = ", ".join(row.regions)
        return _(
            "Giornata piena almeno al %(part)s, zone %(zones)s: consegna %(said)s", part=part, zones=zones, said=added
        )
    return _("Giornata piena almeno al %(part)s: consegna %(said)s", part=part, said=added)


def bulk(made: Bulk, currency: str) -> str:
    """The rule that made a price for many pieces, for whoever buys: "Da 6 pezzi: −5%"."""
    return from_pieces(made.pieces, change(made.action, made.value, currency))


def from_pieces(pieces: int, said: str) -> str:
    """said: what a rule does to the price of each of so many pieces."""
    return ngettext("Da %(num)s pezzo: %(said)s", "Da %(num)s pezzi: %(said)s", pieces, said=said)


def reasons(applied: Sequence[Mapping[str, str]], currency: str) -> list[str]:
    """The steps that made a price, for whoever buys: "Vicino alla scadenza: −20%"."""
    return [
        f"{KINDS[step['kind']]}: {change(step['action'], Decimal(step['value']), currency)}"
        for step in applied
        if step["kind"] in KINDS
    ]
