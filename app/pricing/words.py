"""What the desk says of campaigns, in the reader's language."""

from decimal import Decimal

from app.catalog import reductions
from app.catalog.reductions import Verdict
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

KINDS = {
    reductions.SALE: _l("Offerta"),
    reductions.EXPIRY: _l("Vicino alla scadenza"),
    reductions.LAUNCH: _l("Prezzo di lancio"),
}
STATES = {
    "planned": (_l("In programma"), "plain"),
    "running": (_l("In corso"), "good"),
    "over": (_l("Finita"), "plain"),
    "called_off": (_l("Annullata"), "plain"),
}
OUTCOMES = {  # of one price
    "waiting": _l("Aspetta l’inizio."),
    "on": _l("È il prezzo di adesso."),
    "back": _l("È tornato il prezzo di prima."),
    "handed_on": _l("È passato all’offerta seguente."),
    "left": _l("Uscito dall’offerta: qualcuno ha cambiato il prezzo."),
    "skipped": _l("Saltato: all’inizio costava già così poco."),
}
REASONS = {  # of entries of the price log
    "initial": _l("Primo prezzo"),
    "changed": _l("Cambiato al banco"),
    "import": _l("Importato"),
    "undo": _l("Importazione annullata"),
    "campaign": _l("Comincia un’offerta"),
    "campaign_end": _l("Finisce l’offerta"),
    "rule": _l("Lo fa una regola"),
    "rule_end": _l("La regola non vale più"),
}


def why_not(verdict: Verdict, price_minor: int, now_minor: int, currency: str, *, perishable: bool) -> str:
    """Why a reduced price is not announced; "" when it is. now_minor: the price that it would replace."""
    if not verdict.why:
        return ""
    if verdict.why == "not_lower" and verdict.lowest_minor is not None:
        percent = reductions.percent_off(now_minor, price_minor) if now_minor > price_minor else 0
        said = {
            "percent": formats.percent(Decimal(percent), current_locale()),
            "price": formats.money(verdict.lowest_minor, currency, current_locale()),
        }
        if perishable:
            return _("Il %(percent)s non si può dire: nelle ultime 24 ore costava %(price)s.", **said)
        return _("Il %(percent)s non si può dire: negli ultimi 30 giorni costava %(price)s.", **said)
    return {
        "unsold": _("Nessuno l’ha ancora visto a un prezzo più alto: il prezzo resta senza confronto."),
        "sold_before": _("È già stato in vendita: non si può chiamare prezzo di lancio."),
        "new": _("È in vendita da meno di un giorno: il prezzo resta senza confronto."),
        "long": _("Dura da più di 60 giorni: ormai è il suo prezzo."),
        "ordinary": _("È un prezzo come gli altri: non si annuncia."),
    }.get(verdict.why, _("Non si annuncia."))
