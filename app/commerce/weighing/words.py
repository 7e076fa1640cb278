"""Why staff call something off before it is charged, and why a charge stands still, in the reader's language."""

import re

from app.commerce.payments import refusals
from app.commerce.payments.models import Payment
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

_OTHER_AMOUNT = re.compile(r"captured (\d+) instead of (\d+)")  # as `other_amount` writes it

REASONS = {
    "buyer": _l("Lo chiede chi ha comprato"),
    "missing": _l("Il prodotto non c’è"),
    "producer": _l("Il produttore non può spedire"),
    "wrong": _l("Ordine sbagliato o doppio"),
    "suspicious": _l("Ordine sospetto"),
    "other": _l("Altro motivo"),
}


def other_amount(taken_minor: int, agreed_minor: int | None) -> str:
    """`Payment.failure` where Stripe has taken another amount than was due."""
    return f"captured {taken_minor} instead of {agreed_minor}"


def why_stuck(payment: Payment) -> str:
    """What stands in the way of a charge, in a sentence; Stripe's own words after it; "" for nothing."""
    if not payment.failure:
        return ""
    found = _OTHER_AMOUNT.fullmatch(payment.failure)
    if found is None:
        return refusals.told(payment.failure)
    taken, agreed = (formats.money(int(minor), payment.currency, current_locale()) for minor in found.groups())
    return _("Stripe ha addebitato %(taken)s invece di %(agreed)s.", taken=taken, agreed=agreed)
