"""The names of a payout's states."""

from app.kernel.i18n import lazy_gettext as _l

PAYOUTS = {
    "pending": (_l("In partenza"), "plain"),
    "in_transit": (_l("In viaggio"), "plain"),
    "paid": (_l("In banca"), "good"),
    "failed": (_l("Tornato indietro"), "bad"),
    "canceled": (_l("Annullato"), "warm"),
}


def payout(state: str) -> tuple[str, str]:
    """(name, tone); a state that Stripe invents later is shown in Stripe's word."""
    name, tone = PAYOUTS.get(state, (state, "plain"))
    return str(name), tone
