"""What movements and accounts are called, in the reader's language."""

from app.commerce.credit.models import CARD, POINTS, WALLET
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

ACCOUNTS = {WALLET: _l("Credito"), CARD: _l("Buono regalo"), POINTS: _l("Punti")}
CAUSES = {
    "gift": _l("Regalo o scuse del negozio"),
    "correction": _l("Correzione di un errore"),
    "bank": _l("Soldi ricevuti o restituiti per bonifico"),
}
REFUNDS = {
    "planned": (_l("Da inviare"), "warm"),
    "sending": (_l("In viaggio"), "warm"),
    "sent": (_l("Inviato"), "good"),
    "failed": (_l("Non riuscito"), "bad"),
    "by_bank": (_l("Restituito dalla banca"), "plain"),
}
REFUND_REASONS = {
    "withdrawal": _l("Recesso"),
    "asked": _l("L’ha chiesto chi ha comprato"),
    "mistake": _l("Comprato per errore"),
    "goodwill": _l("Gesto di cortesia"),
    "other": _l("Altro motivo"),
}
BY_STAFF = ("asked", "mistake", "goodwill", "other")


def movement(kind: str, reference: str, amount_minor: int) -> str:
    """One line of an account: kind and reference as the entry has them."""
    about = reference.removesuffix("/late")
    if kind == "held":
        return _("Usato per l’ordine %(number)s", number=about)
    if kind == "returned":
        return _("Ordine %(number)s non concluso: è tornato tutto", number=about)
    if kind == "earned":
        return _("Punti dell’ordine %(number)s", number=about)
    if kind == "bought":
        return _("Acquisto %(number)s", number=about)
    if kind == "repaid":
        return _("Rimborsato: acquisto %(number)s", number=about.rpartition("-R")[0])
    if kind == "moved":
        return _("Da un buono regalo") if amount_minor > 0 else _("Passato al credito di chi l’ha riscattato")
    known = {
        "refunded": _("Rimborso di un ordine"),
        "given": _("Ricevuto dal negozio"),
        "adjusted": _("Rettifica del negozio"),
        "expired": _("Scaduto"),
        "voided": _("Annullato: la banca ha restituito il pagamento"),
        "claimed": _("Aspettava al tuo indirizzo e-mail"),
        "converted": _("Punti diventati credito"),
        "points_back": _("Punti tolti per un rimborso"),
    }
    return known[kind]
