"""What orders are called and what is said about them, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from app.catalog import packs
from app.commerce.orders.models import OrderLine
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.tenancy import in_language

SEAT = ("street", "postal_code", "city", "province", "country")
STATES = {
    "awaiting_payment": (_l("In attesa di pagamento"), "plain"),
    "pending": (_l("Da confermare"), "warm"),
    "confirmed": (_l("Confermato"), "warm"),
    "processing": (_l("Pronto da spedire"), "warm"),
    "shipped": (_l("Spedito"), "good"),
    "delivered": (_l("Consegnato"), "good"),
    "partially_refunded": (_l("Rimborsato in parte"), "plain"),
    "cancelled": (_l("Annullato"), "bad"),
    "refunded": (_l("Rimborsato"), "plain"),
}
GROUP_STATES = {
    "awaiting_payment": (_l("In attesa di pagamento"), "plain"),
    "authorized": (_l("Autorizzato, da pesare"), "warm"),
    "deposited": (_l("Acconto pagato"), "warm"),
    "paid": (_l("Pagato"), "good"),
    "cancelled": (_l("Annullato"), "bad"),
    "refunding": (_l("Rimborso in corso"), "warm"),
    "refunded": (_l("Rimborsato"), "plain"),
}
EVENTS = {
    "placed": _l("Ordine inviato"),
    "paid": _l("Pagato"),
    "authorized": _l("Importo massimo autorizzato"),
    "weighed": _l("Pesato"),
    "pieces_called_off": _l("Pezzi annullati prima dell’addebito"),
    "capture_taken_over": _l("Preso per buono l’importo addebitato da Stripe"),
    "deposit_paid": _l("Acconto pagato"),
    "balance_asked": _l("Pronto, chiesto il saldo"),
    "balance_late": _l("Saldo arrivato dopo l’annullamento: si restituisce"),
    "processing": _l("Pagamento in corso presso la banca"),
    "paid_late": _l("Pagato quando i prodotti non c’erano più: si restituisce tutto"),
    "paid_twice": _l("Pagato due volte: si restituisce il secondo pagamento"),
    "dispute": _l("Pagamento contestato presso la banca"),
    "cancelled": _l("Annullato"),
    "refunded": _l("Rimborsato"),
    "refund_planned": _l("Rimborso deciso"),
    "refund_sent": _l("Rimborso inviato"),
    "refund_failed": _l("Rimborso non riuscito"),
    "refund_open": _l("Di nuovo da rimborsare"),
    "refunded_twice": _l("Secondo pagamento restituito"),
    "merged": _l("Viaggia insieme a un altro ordine"),
    "withdrawn": _l("Recesso ricevuto"),
    "sent_back": _l("Prodotti rispediti"),
    "withdrawal_refused": _l("Recesso non accettato"),
    "new_term": _l("Nuovo termine dato al venditore"),
    "contract_ended": _l("Contratto risolto per ritardo"),
    "presumed": _l("Consegna presunta"),
    "tracking_corrected": _l("Corriere o numero di spedizione corretto"),
    "contact_corrected": _l("Contatti corretti"),
    "address_corrected": _l("Indirizzo corretto"),
    "claimed": _l("Aggiunto all’account di chi ha comprato"),
}
ACTORS = {
    "buyer": _l("chi ha comprato"),
    "producer": _l("il produttore"),
    "staff": _l("la redazione"),
    "system": _l("da solo"),
    "stripe": "Stripe",
}


def text(texts: Mapping[str, str] | str | None) -> str:
    """A frozen text in the reader's language."""
    return texts if isinstance(texts, str) else in_language(texts or {}, current_locale())


def shape(line: OrderLine) -> str:
    """Its format, told from the others of its product."""
    said, holds = line.snapshot.get("format"), line.snapshot.get("net")
    if isinstance(said, str) or not holds:
        return text(said)
    return packs.named(said or {}, holds["amount"], holds["unit"], is_weighed=line.kg_price_minor is not None)


def state(code: str, *, pickup: bool = False) -> str:
    """The name of an order's state. pickup: the buyer comes to fetch it."""
    if pickup and code == "processing":
        return _("Pronto per il ritiro")
    if pickup and code == "delivered":
        return _("Ritirato")
    return str(STATES[code][0])


def tone(code: str) -> str:
    """How a state is coloured: plain, warm, good or bad."""
    return STATES[code][1]


def event(kind: str, *, of_order: bool, pickup: bool = False) -> str:
    """A line of the timeline: of one producer's order, or of the whole group."""
    if pickup and kind == "presumed":
        return _("Ritiro presunto")
    if of_order and kind in STATES:
        return state(kind, pickup=pickup)
    return str(EVENTS.get(kind, kind))


def heavier(weight_g: int, minor: int, currency: str) -> str:
    """What is paid because goods make a parcel that is paid already heavier; "" for nothing."""
    if not minor:
        return ""
    locale = current_locale()
    weight, amount = formats.quantity(weight_g, "g", locale), formats.money(minor, currency, locale)
    return _("Con queste aggiunte il pacco passa a %(weight)s: consegna + %(amount)s.", weight=weight, amount=amount)


def withdrawal(rule: str) -> str:
    """What a buyer is told about taking a line back. Source: law.md L24, L25 (art. 52, 59)."""
    if rule == "art59_d":
        return _("Recesso escluso: prodotto deperibile (art. 59, lett. d, Codice del consumo)")
    if rule == "art59_e":
        return _("Recesso entro 14 giorni, finché la confezione resta sigillata (art. 59, lett. e, Codice del consumo)")
    if rule == "art59_c":
        return _("Recesso escluso: fatto su misura (art. 59, lett. c, Codice del consumo)")
    return _("Recesso entro 14 giorni dalla consegna (art. 52, Codice del consumo)")


def invoice_facts(invoice: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of what the buyer wants on the invoice; empty when none is wanted."""
    labels = (
        ("company", _("Ragione sociale")),
        ("partita_iva", _("Partita IVA")),
        ("codice_fiscale", _("Codice fiscale")),
        ("sdi", _("Codice destinatario SDI")),
        ("pec", _("PEC")),
    )
    facts = [(label, str(invoice[name])) for name, label in labels if invoice.get(name)]
    if invoice.get("name"):
        facts.insert(0, (_("Intestata a"), str(invoice["name"])))
    if invoice.get("invoice_elsewhere"):
        street, code, city, province, country = (invoice.get(f"invoice_{part}") or "" for part in SEAT)
        town = f"{code} {city}" + (f" ({province})" if province else "")
        abroad = [dict(addresses.countries(current_locale())).get(country, country)] if country != "IT" else []
        facts.append((_("Indirizzo della fattura"), ", ".join([street, town, *abroad])))
    return facts
