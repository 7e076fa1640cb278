"""What documents and their states are called, in the reader's language."""

from app.kernel.i18n import lazy_gettext as _l

KINDS = {
    "invoice": _l("Fattura"),
    "deposit_invoice": _l("Fattura di acconto"),
    "credit_note": _l("Nota di credito"),
    "commission": _l("Fattura della commissione"),
    "commission_credit": _l("Nota di credito della commissione"),
}
STATES = {
    "made": (_l("Da consegnare allo SdI"), "warm"),
    "handed_over": (_l("Consegnata allo SdI"), "warm"),
    "delivered": (_l("Recapitata"), "good"),
    "rejected": (_l("Scartata"), "bad"),
    "undelivered": (_l("Emessa, nell’area riservata"), "good"),
}


def name_of(kind: str) -> str:
    return str(KINDS[kind])
