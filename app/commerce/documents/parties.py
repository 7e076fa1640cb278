"""Who sells and who buys, as a fiscal document names them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.commerce.documents.content import Party
from app.commerce.orders.models import OrderGroup
from app.kernel.tenancy import Legal
from app.producers import tax
from app.producers.models import Producer
from app.producers.vat.classes import EU

TO_CONSUMERS, ABROAD = "0000000", "XXXXXXX"  # the SdI's code where there is none: in Italy, and outside
NO_NUMBER = "0000000"  # IdCodice of a foreign person without VAT number
NO_EU_NUMBER = "OO99999999999"  # IdCodice of a business outside the EU (guide of the Agenzia delle Entrate)

SEAT = ("street", "postal_code", "city", "province")
_ADDRESS = re.compile(r"(?P<street>.+?),\s*(?P<postal_code>[0-9]{5})\s+(?P<city>.+?)\s*\((?P<province>[A-Z]{2})\)")


def seller(producer: Producer) -> Party:
    """A producer as he is now."""
    legal = producer.legal
    return Party(
        name=str(legal.get("company") or producer.name),
        vat_number=str(legal.get("vat_number") or ""),
        tax_code=str(legal.get("tax_code") or ""),
        street=producer.street,
        postal_code=producer.postal_code,
        city=producer.city,
        province=producer.province,
        regime=tax.regime_code(legal),
        rea=str(legal.get("rea") or ""),
        code=str(legal.get("sdi") or "") or TO_CONSUMERS,
        pec=str(legal.get("pec") or ""),
    )


def the_shop(legal: Legal) -> Party | None:
    """Who runs the shop; None when its VAT number or its seat is not known.

    The seat: its own fields, else what is read out of an address "Via Roma 1, 47122 Forlì (FC)".
    """
    seat = {name: str(getattr(legal, name)) for name in SEAT}
    if not all(seat.values()):
        read = _ADDRESS.fullmatch(legal.address.strip())
        seat = read.groupdict() if read else {}
    if not seat or not legal.vat_number:
        return None
    return Party(
        name=legal.company,
        vat_number=legal.vat_number,
        **seat,
        regime="RF01",
        rea=legal.rea,
        is_company=True,
    )


def issuer(legal: Legal) -> Party:
    """Who runs the shop, as the one who issues for a producer; no address is asked of it."""
    return Party(name=legal.company, vat_number=legal.vat_number)


def buyer(group: OrderGroup) -> Party:
    """Whom the buyer wants the invoice made out to (checkout/forms.py), there or at the order's own address."""
    asked: Mapping[str, Any] = group.invoice
    is_company = asked.get("kind") == "company"
    places = ("country", *SEAT)
    seat = {name: str(getattr(group, name)) for name in places}
    if asked.get("invoice_elsewhere"):
        seat = {name: str(asked.get(f"invoice_{name}") or "") for name in places}
    return addressed(
        Party(
            name=asked["company"] if is_company else str(asked.get("name") or group.name),
            vat_number=str(asked.get("partita_iva") or "") if is_company else "",
            tax_code=str(asked.get("codice_fiscale") or ""),
            **seat,
            code=str(asked.get("sdi") or ""),
            pec=str(asked.get("pec") or ""),
            is_company=is_company,
        )
    )


def addressed(party: Party) -> Party:
    """A buyer with the code at which the SdI delivers, and his VAT number as it wants it."""
    if party.country == "IT":
        return replace(
            party, code=party.code or TO_CONSUMERS, pec="" if party.code not in {"", TO_CONSUMERS} else party.pec
        )
    number = re.sub(r"[^A-Z0-9]", "", party.vat_number.upper())
    number = number[2:] if number[:2] in {party.country, "EL" if party.country == "GR" else party.country} else number
    if party.country not in EU and party.is_company:
        number = NO_EU_NUMBER
    return replace(party, code=ABROAD, pec="", vat_number=number or NO_NUMBER)
