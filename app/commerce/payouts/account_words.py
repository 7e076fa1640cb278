"""What Stripe says of a producer's account, in words.

Source of the names: docs.stripe.com/connect/required-verification-information.
"""

from collections.abc import Iterable

from app.commerce.payouts.models import ConnectedAccount
from app.kernel.i18n import lazy_gettext as _l

NONE, UNREAD, MISSING, CHECKING, HELD, READY = "none", "unread", "missing", "checking", "held", "ready"
STATES = {
    NONE: (_l("Non collegato"), "bad"),
    UNREAD: (_l("Da leggere da Stripe"), "plain"),
    MISSING: (_l("Da completare"), "bad"),
    CHECKING: (_l("In verifica"), "warm"),
    HELD: (_l("Versamenti fermi"), "bad"),
    READY: (_l("Collegato"), "good"),
}
# The end of a requirement's name, or a part of it → what is asked. The first that fits; before it may stand
# individual, company, representative, owners.0 or person_….
ASKED = (
    ("external_account", _l("l’IBAN su cui vuoi ricevere i versamenti")),
    ("tos_acceptance", _l("la tua firma alle condizioni di Stripe")),
    ("verification.additional_document", _l("un secondo documento, per l’indirizzo")),
    ("verification.document", _l("un documento d’identità")),
    ("verification.proof_of_liveness", _l("una foto di conferma dell’identità")),
    ("proof_of_registration", _l("la visura camerale")),
    ("documents", _l("dei documenti dell’azienda")),
    ("directors", _l("chi amministra l’azienda")),
    ("executives", _l("chi dirige l’azienda")),
    ("owners", _l("chi possiede l’azienda")),
    ("representative", _l("i dati di chi rappresenta l’azienda")),
    ("relationship", _l("che ruolo hai nell’azienda")),
    ("business_type", _l("il tipo di attività")),
    ("business_profile", _l("che cosa vendi e con quale sito")),
    ("company.tax_id", _l("la partita IVA dell’azienda")),
    ("company.vat_id", _l("la partita IVA dell’azienda")),
    ("company.address", _l("l’indirizzo dell’azienda")),
    ("company.phone", _l("il telefono dell’azienda")),
    ("company", _l("i dati dell’azienda")),
    ("id_number", _l("il codice fiscale")),
    ("dob", _l("la data di nascita")),
    ("address", _l("l’indirizzo")),
    ("phone", _l("il telefono")),
    ("email", _l("l’indirizzo e-mail")),
    ("name", _l("nome e cognome")),
)
OTHER = _l("qualche altro dato: te lo dice Stripe sulla sua pagina")


def state_of(row: ConnectedAccount | None, account: str | None) -> str:
    """Where an account stands. account: the producer's, whether or not Stripe has told us of it yet."""
    if account is None:
        return NONE
    if row is None:
        return UNREAD
    if row.transfers_enabled and row.payouts_enabled:
        return READY
    if row.due or not row.details_submitted:
        return MISSING
    return CHECKING if row.pending or not row.transfers_enabled else HELD


def state(code: str) -> tuple[str, str]:
    """(name, tone)"""
    name, tone = STATES[code]
    return str(name), tone


def asked(due: Iterable[object]) -> list[str]:
    """What Stripe wants to know, each thing once, in the order of ASKED; what we have no word for comes last."""
    found = {_place(str(requirement)) for requirement in due}
    return [str(ASKED[place][1] if place < len(ASKED) else OTHER) for place in sorted(found)]


def _place(requirement: str) -> int:
    for place, (part, _word) in enumerate(ASKED):
        if part in requirement:
            return place
    return len(ASKED)
