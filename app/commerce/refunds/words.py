"""What refunds are called, in the reader's language."""

from app.kernel.i18n import lazy_gettext as _l

STATES = {
    "planned": (_l("Da inviare"), "warm"),
    "sending": (_l("In viaggio"), "warm"),
    "sent": (_l("Inviato"), "good"),
    "failed": (_l("Non riuscito"), "bad"),
}
REASONS = {
    "buyer_cancelled": _l("Annullato da chi ha comprato"),
    "buyer_removed": _l("Tolto da chi ha comprato"),
    "merged": _l("Consegna in un pacco solo"),
    "producer_cancelled": _l("Annullato dal produttore"),
    "staff_cancelled": _l("Annullato dalla redazione"),
    "withdrawal": _l("Recesso"),
    "missing": _l("Mancava qualcosa"),
    "damaged": _l("Arrivato rovinato"),
    "late": _l("Arrivato tardi"),
    "lost": _l("Pacco smarrito"),
    "overdue": _l("Contratto risolto per ritardo"),
    "weight": _l("Peso inferiore"),
    "complaint": _l("Reclamo"),
    "goodwill": _l("Gesto di cortesia"),
    "dashboard": _l("Rimborsato dalla pagina di Stripe"),
    "other": _l("Altro motivo"),
}
BY_STAFF = ("missing", "damaged", "late", "lost", "weight", "complaint", "goodwill", "staff_cancelled", "other")
BY_PRODUCER = ("missing", "damaged", "late", "weight", "complaint", "goodwill", "other")
DESTINATIONS = {
    "sources": _l("Da dove è venuto: prima la carta, poi il credito"),
    "card": _l("Tutto sulla carta"),
    "credit": _l("Tutto come credito nel portafoglio"),
}
RECOVERIES = {
    "planned": (_l("In attesa del trasferimento"), "warm"),
    "reversing": (_l("Chiesto a Stripe"), "warm"),
    "settled": (_l("Compensato"), "good"),
    "owed": (_l("Da trattenere dai prossimi trasferimenti"), "bad"),
}
