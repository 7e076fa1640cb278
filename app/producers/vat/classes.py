"""The classes of goods that VAT tells apart, and the country whose rate a sale bears. Pure.

The catalogue, its tables and its imports name a class by the rate that it bears in Italy in 2026: 22, 10, 5 or 4. That
is a name: what is asked is what the table of rates says on the day. Source: docs/algorithms/vat.md.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.kernel.i18n import lazy_gettext as _l

EU = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
        *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)


@dataclass(frozen=True)
class TaxClass:
    """name: lazily translated. written: as the catalogue names it. since, law: of the Italian rate of that number."""

    name: object
    written: Decimal
    since: date
    law: str


CLASSES: dict[str, TaxClass] = {
    "ordinary": TaxClass(_l("Ordinaria"), Decimal(22), date(2013, 10, 1), "Art. 16, c. 1, DPR 633/72"),
    "reduced": TaxClass(_l("Ridotta"), Decimal(10), date(1995, 2, 24), "Tab. A, parte III, DPR 633/72"),
    "second_reduced": TaxClass(_l("Seconda ridotta"), Decimal(5), date(2016, 1, 1), "Tab. A, parte II-bis, DPR 633/72"),
    "super_reduced": TaxClass(_l("Super-ridotta"), Decimal(4), date(1989, 1, 1), "Tab. A, parte II, DPR 633/72"),
}


def class_of(written: Decimal) -> str:
    """The class that the catalogue names by a rate; "" for goods without VAT, and for a rate that names none."""
    return next((name for name, each in CLASSES.items() if each.written == written), "")


def destination(home: str, country: str, *, has_oss: bool, is_business: bool, is_collected: bool) -> str:
    """The country whose rates a sale bears. home: the seller's; country: where the goods go.

    Sales to consumers in another EU state bear its rates once the seller has OSS. Until then, which the law allows up
    to € 10,000 a year, for a business and for goods collected at the seller's, those of his own country hold.
    Source: art. 59c Dir. 2006/112; law.md 1.6.
    """
    goes_abroad = {home, country} <= EU and country != home and not is_collected
    return country if goes_abroad and has_oss and not is_business else home
