"""The names of journals, findings and events."""

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

JOURNALS = {
    "payment": _l("Pagamento"),
    "deposit": _l("Acconto"),
    "deposit_back": _l("Acconto da restituire"),
    "late_payment": _l("Pagamento arrivato tardi"),
    "late_refund": _l("Restituzione di un pagamento tardivo"),
    "late_refund_failed": _l("Rimborso tornato indietro"),
    "late_by_hand": _l("Rimborso fatto a mano"),
    "transfer": _l("Trasferimento al produttore"),
    "reversal": _l("Trasferimento ripreso"),
    "netting": _l("Compensazione"),
    "refund": _l("Rimborso"),
    "refund_sent": _l("Rimborso partito"),
    "refund_by_hand": _l("Rimborso fatto a mano"),
    "credit_sale": _l("Credito venduto"),
    "credit_adjusted": _l("Credito corretto"),
    "credit_expired": _l("Credito scaduto"),
    "credit_refund": _l("Rimborso di un acquisto di credito"),
    "credit_refund_sent": _l("Rimborso partito"),
    "credit_refund_failed": _l("Rimborso tornato indietro"),
    "credit_refund_by_hand": _l("Rimborso fatto a mano"),
    "points_converted": _l("Punti diventati credito"),
    "refund_failed": _l("Rimborso tornato indietro"),
    "dispute": _l("Contestazione"),
    "dispute_lost": _l("Contestazione persa"),
    "late_lost": _l("Contestazione persa"),
    "credit_voided": _l("Credito annullato dopo una contestazione"),
    "credit_back": _l("Credito restituito"),
    "credit_gift": _l("Credito dato dal negozio"),
    "adjustment": _l("Rettifica spiegata"),
    "stripe_fee": _l("Costo di Stripe"),
    "payout": _l("Versamento in banca"),
    "payout_reversal": _l("Versamento tornato indietro"),
    "topup": _l("Ricarica dalla banca"),
    "topup_reversal": _l("Ricarica tornata indietro"),
}
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
EVENT_STATES = {
    "received": (_l("In attesa"), "warm"),
    "done": (_l("Fatto"), "good"),
    "ignored": (_l("Lasciato stare"), "plain"),
    "failed": (_l("Non riuscito"), "bad"),
}


def journal(kind: str) -> str:
    return str(JOURNALS.get(kind, kind))


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
