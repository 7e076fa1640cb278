"""Why staff call something off before it is charged, in the reader's language."""

from app.kernel.i18n import lazy_gettext as _l

REASONS = {
    "buyer": _l("Lo chiede chi ha comprato"),
    "missing": _l("Il prodotto non c’è"),
    "producer": _l("Il produttore non può spedire"),
    "wrong": _l("Ordine sbagliato o doppio"),
    "suspicious": _l("Ordine sospetto"),
    "other": _l("Altro motivo"),
}
