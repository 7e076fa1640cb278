"""Orders, parties and files that the tests of documents begin with; and the SdI's own rules, read as a test can."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from app.commerce.documents import xml
from app.commerce.documents.content import Content, Party
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.kernel import money

SCHEMA = Path(__file__).parent / "schema"
DAY = date(2026, 11, 21)
PAID = datetime(2026, 11, 21, 10, tzinfo=UTC)
TRANSMITTER = "99999809991"
MILL = Party(
    name="Frantoio Olivi società agricola",
    vat_number="99999019997",
    street="Via Roma, 1",
    postal_code="48013",
    city="Brisighella",
    province="RA",
    regime="RF01",
    rea="RA-900001",
    code="0000000",
)
SHOP = Party(
    name="Tavola Romagna soc. coop.",
    vat_number=TRANSMITTER,
    street="Via Ravegnana 1",
    postal_code="47122",
    city="Forlì",
    province="FC",
    regime="RF01",
    rea="FC-900080",
)
PERSON = {"kind": "person", "codice_fiscale": "NRENNA80A41D704X"}
COMPANY = {"kind": "company", "company": "Trattoria Da Nello srl", "partita_iva": "99999779996", "sdi": "M5UXCR1"}


def group(invoice: dict[str, Any] | None = None, **columns: Any) -> OrderGroup:
    values: dict[str, Any] = {
        "number": "TR-2026-000123",
        "locale": "it",
        "currency": "EUR",
        "name": "Anna Neri",
        "country": "IT",
        "street": "Via Mazzini, 3",
        "postal_code": "47121",
        "city": "Forlì",
        "province": "FC",
        "invoice": PERSON if invoice is None else invoice,
        "placed_at": PAID,
        "paid_at": PAID,
        **columns,
    }
    return OrderGroup(**values)


def order(goods: Sequence[tuple[Any, ...]], delivery: int = 590, **about: Any) -> Order:
    """goods: (pieces, price, rate, discount, what of it the shop pays). VAT as the checkout freezes it."""
    lines = []
    for position, (quantity, price, rate, *less) in enumerate(goods, 1):
        discount, of_shop = [*less, 0, 0][:2]
        lines.append(
            OrderLine(
                position=position,
                sku=f"SKU-{position}",
                snapshot={"name": {"it": f"Prodotto n° {position}"}, "format": {"it": "500 g"}},
                quantity=quantity,
                unit_price_minor=price,
                gross_minor=quantity * price - discount,
                discount_minor=discount,
                shop_funded_minor=of_shop,
                vat_rate=rate,
            )
        )
    gross = [(line.gross_minor + line.shop_funded_minor, Decimal(line.vat_rate)) for line in lines]
    by_rate: dict[Decimal, int] = {}
    for amount, rate in gross:
        by_rate[rate] = by_rate.get(rate, 0) + amount
    parts = [(part, rate) for rate, part in money.delivery_by_rate(delivery, by_rate).items()]
    totals, shares = money.vat_by_rate([*gross, *parts])
    for line, vat in zip(lines, shares, strict=False):
        line.vat_minor = vat
    about.setdefault("id", 5)
    return Order(
        number="TR-2026-000123-1",
        lines=lines,
        vat=[{"rate": str(t.rate), "gross_minor": t.gross, "net_minor": t.net, "vat_minor": t.vat} for t in totals],
        goods_minor=sum(line.gross_minor for line in lines),
        delivery_minor=delivery,
        shop_funded_minor=sum(line.shop_funded_minor for line in lines),
        total_minor=sum(line.gross_minor for line in lines) + delivery,
        **about,
    )


def file_of(content: Content, number: str = "TR/2026/1") -> str:
    return xml.render(content, number=number, day=DAY, transmitter=TRANSMITTER, transmission=1)


class _AtHome(etree.Resolver):
    """The schema of signatures is fetched from beside, never from the network."""

    def resolve(self, url: str, _public_id: str | None, context: Any) -> Any:
        if url.endswith("xmldsig-core-schema.xsd"):
            return self.resolve_filename(str(SCHEMA / "xmldsig-core-schema.xsd"), context)
        if url.endswith((".dtd", ".xsd")) and not url.startswith(("http", "ftp")):
            return None
        return self.resolve_empty(context)


@cache
def _schema() -> Any:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_AtHome())
    return etree.XMLSchema(etree.parse(str(SCHEMA / "FatturaPA_FPR12_v1.2.3.xsd"), parser))


def faults(file: str) -> list[str]:
    """What the official schema has against a file."""
    schema = _schema()
    schema.validate(etree.fromstring(file.encode()))
    return [str(error) for error in schema.error_log]


def texts(file: str, path: str) -> list[str]:
    """The texts at a path below the root, e.g. "//AliquotaIVA"."""
    return [found.text or "" for found in etree.fromstring(file.encode()).xpath(path)]


def refusals(file: str) -> list[str]:
    """The SdI's controls of amounts and codes that no schema can say (specifiche tecniche, elenco controlli)."""
    root, found = etree.fromstring(file.encode()), []

    def of(node: Any, name: str) -> str:
        return str(node.findtext(name) or "")

    by_rate: dict[tuple[str, str], Decimal] = {}
    for line in root.iter("DettaglioLinee"):
        rate, nature = Decimal(of(line, "AliquotaIVA")), of(line, "Natura")
        if (rate == 0) != bool(nature):
            found.append("00400/00401 Natura")
        price, total = Decimal(of(line, "PrezzoUnitario")), Decimal(of(line, "PrezzoTotale"))
        for discount in line.findall("ScontoMaggiorazione"):
            price -= Decimal(of(discount, "Importo"))
        if abs(price * Decimal(of(line, "Quantita")) - total) > Decimal("0.01"):
            found.append("00423 PrezzoTotale")
        key = of(line, "AliquotaIVA"), nature
        by_rate[key] = by_rate.get(key, Decimal(0)) + total
    sums = Decimal(0)
    for total in root.iter("DatiRiepilogo"):
        rate, net, vat = (Decimal(of(total, name)) for name in ("AliquotaIVA", "ImponibileImporto", "Imposta"))
        if abs((net * rate / 100).quantize(Decimal("0.01")) - vat) > Decimal("0.01"):
            found.append("00421 Imposta")
        if by_rate.pop((of(total, "AliquotaIVA"), of(total, "Natura")), None) != net:
            found.append("00422 ImponibileImporto")
        sums += net + vat
    found += ["00419 DatiRiepilogo" for _rate in by_rate]
    if Decimal(root.findtext(".//ImportoTotaleDocumento") or 0) != sums:
        found.append("total")
    code = root.findtext(".//CodiceDestinatario") or ""
    if len(code) != 7 or (code != "0000000" and root.findtext(".//PECDestinatario")):
        found.append("00426/00427 CodiceDestinatario")
    if root.find(".//CessionarioCommittente/DatiAnagrafici/IdFiscaleIVA") is None and not root.findtext(
        ".//CessionarioCommittente/DatiAnagrafici/CodiceFiscale"
    ):
        found.append("00417 buyer without any code")
    return found
