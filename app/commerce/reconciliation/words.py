"""The names of Stripe's movements and of findings."""

from app.commerce.payments.words import journal
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

# Stripe's reporting categories: docs.stripe.com/reports/reporting-categories
CATEGORIES = {
    "charge": _l("Addebito"),
    "refund": _l("Rimborso"),
    "refund_failure": _l("Rimborso tornato indietro"),
    "partial_capture_reversal": _l("Addebito ridotto"),
    "dispute": _l("Contestazione"),
    "dispute_reversal": _l("Contestazione vinta"),
    "transfer": _l("Trasferimento al produttore"),
    "transfer_reversal": _l("Trasferimento ripreso"),
    "platform_earning": _l("Trattenuta della piattaforma"),
    "platform_earning_refund": _l("Trattenuta restituita"),
    "connect_collection_transfer": _l("Saldo negativo di un produttore, coperto"),
    "connect_reserved_funds": _l("Denaro tenuto da parte per i produttori"),
    "payout": _l("Versamento in banca"),
    "payout_reversal": _l("Versamento tornato indietro"),
    "topup": _l("Ricarica dalla banca"),
    "topup_reversal": _l("Ricarica tornata indietro"),
    "fee": _l("Costo di Stripe"),
    "network_cost": _l("Costo del circuito della carta"),
    "tax": _l("Imposta sui costi di Stripe"),
    "other_adjustment": _l("Altra rettifica di Stripe"),
    "risk_reserved_funds": _l("Denaro trattenuto da Stripe a garanzia"),
    "financing_payout": _l("Anticipo ricevuto"),
    "financing_paydown": _l("Anticipo restituito"),
}


def kind_of(what: str, kind: str) -> str:
    """Of a finding: the category of Stripe's movement, or our journal; "" for a sum, which has neither."""
    return str(CATEGORIES.get(kind, kind)) if what == "movement" else journal(kind)


def finding(what: str) -> str:
    """What a line of a report is about."""
    if what == "movement":
        return _("Stripe ha mosso denaro, il nostro libro no")
    if what == "journal":
        return _("Il nostro libro ha mosso denaro, Stripe no")
    return _("Le due somme non tornano")
