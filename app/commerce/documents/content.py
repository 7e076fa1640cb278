"""What stands in a document: parties, lines, totals. Frozen as JSON in `Document.body`; PDF and XML are made of it.

Amounts: minor units, positive on credit notes too. Rates: exact percent as text ("4").
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

CREDIT = "TD04"
NO_LINE = -1


@dataclass(frozen=True)
class Party:
    """Who sells or buys. vat_number: without the country's letters. code, pec: where electronic invoices arrive."""

    name: str
    country: str = "IT"
    vat_number: str = ""
    tax_code: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    province: str = ""
    regime: str = ""
    rea: str = ""
    code: str = ""
    pec: str = ""
    is_company: bool = True


@dataclass(frozen=True)
class Line:
    """kind: goods | delivery | fee. list_minor: of one piece, VAT included, before the discount; list_net_minor:
    without VAT, where the price was said so.

    net + vat = gross = what is paid for the line, after `discount_minor`. position: of the order line, or NO_LINE.
    """

    kind: str
    description: str
    quantity: int
    list_minor: int
    discount_minor: int
    net_minor: int
    vat_minor: int
    rate: str
    sku: str = ""
    nature: str = ""
    position: int = NO_LINE
    list_net_minor: int | None = None

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.vat_minor


@dataclass(frozen=True)
class Total:
    """One per rate. law: why no VAT is asked, where there is a nature."""

    rate: str
    net_minor: int
    vat_minor: int
    nature: str = ""
    law: str = ""

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.vat_minor


@dataclass(frozen=True)
class Mention:
    """Another document that this one speaks of: an order, or the invoice that a credit note lowers."""

    number: str
    date: date


@dataclass(frozen=True)
class Content:
    """type: FatturaPA's TipoDocumento. paid_by: its ModalitaPagamento, "" for none. stamp_minor: the stamp duty.

    by_shop_minor: of the total, what the shop pays because the discount is its own.
    advance: the invoice of the deposit, whose amount this one takes off, or gives back with the rest.
    issuer: who makes the document in the seller's name; none when the seller does.
    """

    type: str
    currency: str
    seller: Party
    buyer: Party
    lines: Sequence[Line]
    totals: Sequence[Total]
    notes: Sequence[str] = ()
    order: Mention | None = None
    original: Mention | None = None
    advance: Mention | None = None
    issuer: Party | None = None
    paid_by: str = ""
    by_shop_minor: int = 0
    stamp_minor: int = 0
    locale: str = field(default="it")  # of who reads the courtesy copy

    @property
    def net_minor(self) -> int:
        return sum(total.net_minor for total in self.totals)

    @property
    def vat_minor(self) -> int:
        return sum(total.vat_minor for total in self.totals)

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.vat_minor


def frozen(content: Content) -> dict[str, Any]:
    """As JSON."""
    body = asdict(content)
    for name in ("order", "original", "advance"):
        if body[name]:
            body[name]["date"] = body[name]["date"].isoformat()
    return body


def thawed(body: Mapping[str, Any]) -> Content:
    """Back from JSON."""
    return Content(
        **{
            **body,
            "seller": Party(**body["seller"]),
            "buyer": Party(**body["buyer"]),
            "issuer": Party(**body["issuer"]) if body["issuer"] else None,
            "lines": [Line(**line) for line in body["lines"]],
            "totals": [Total(**total) for total in body["totals"]],
            "order": _mention(body["order"]),
            "original": _mention(body["original"]),
            "advance": _mention(body.get("advance")),
        }
    )


def _mention(of: Mapping[str, str] | None) -> Mention | None:
    return Mention(of["number"], date.fromisoformat(of["date"])) if of else None
