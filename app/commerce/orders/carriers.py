"""Carriers that producers send with: how their numbers look, and where a parcel can be followed."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l


@dataclass(frozen=True)
class Carrier:
    """number: what a tracking number looks like (no spaces, upper case); None: parcels have none. link: takes it."""

    code: str
    name: object  # a text, or one that is translated when shown
    number: re.Pattern[str] | None
    link: str
    example: str


_ALL = (
    Carrier(
        "brt",
        "BRT",
        re.compile(r"[0-9]{9,19}"),
        "https://www.mybrt.it/it/mybrt/my-parcels/search?lang=it&parcelNumber={}",
        "084012345678901",
    ),
    Carrier(
        "gls",
        "GLS",
        re.compile(r"[A-Z0-9]{2}[0-9]{9}|[0-9]{9}"),
        "https://gls-group.com/IT/it/servizi-online/ricerca-spedizioni.html?match={}&type=NAT",
        "M1123456789",
    ),
    Carrier(
        "dhl",
        "DHL",
        re.compile(r"[0-9]{10,12}|J[A-Z0-9]{11,24}"),
        "https://www.dhl.com/it-it/home/tracking.html?tracking-id={}",
        "1234567890",
    ),
    Carrier(
        "poste",
        "Poste Italiane / SDA",
        re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}|[A-Z0-9]{12,13}"),
        "https://www.poste.it/cerca/index.html#/risultati-spedizioni/{}",
        "3UW1A23456789",
    ),
    Carrier(
        "ups",
        "UPS",
        re.compile(r"1Z[A-Z0-9]{16}"),
        "https://www.ups.com/track?loc=it_IT&tracknum={}",
        "1Z999AA10123456784",
    ),
    Carrier("van", _l("Furgone del produttore"), None, "", ""),
)
CARRIERS = {carrier.code: carrier for carrier in _ALL}


def name(code: str | None) -> str:
    """What a carrier is called, in the reader's language; "" for none."""
    carrier = CARRIERS.get(code or "")
    return str(carrier.name) if carrier else code or ""


def link(code: str | None, number: str | None) -> str | None:
    """Where a parcel can be followed; None where there is no such page."""
    carrier = CARRIERS.get(code or "")
    return carrier.link.format(quote(number)) if carrier and carrier.link and number else None


def read_number(code: str, text: str) -> str | None:
    """The tracking number as the carrier writes it; None for one whose parcels have none. Raises Refused."""
    carrier = CARRIERS.get(code)
    if carrier is None:
        raise Refused(_("Scegli il corriere"), "carrier")
    if carrier.number is None:
        return None
    number = re.sub(r"[\s.-]", "", text).upper()
    if not number:
        raise Refused(_("Scrivi il numero di spedizione: chi compra lo userà per seguire il pacco"), "tracking_number")
    if not carrier.number.fullmatch(number):
        sentence = _(
            "Non sembra un numero di %(carrier)s: controllalo, per esempio %(example)s",
            carrier=name(code),
            example=carrier.example,
        )
        raise Refused(sentence, "tracking_number")
    return number
