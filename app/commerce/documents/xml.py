"""A document as FatturaPA, format FPR12, schema 1.2.3 (Agenzia delle Entrate, specifiche tecniche 1.9).

Amounts are made from minor units through Decimal. Prices are net: unit prices have 8 decimals, so that the pieces of a
line add up to its exact net amount. What the schema cannot say (the SdI's controls 00400 to 00477) is tested.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from xml.etree import ElementTree as ET

from app.commerce.documents.content import CREDIT, Content, Line, Party, Total
from app.commerce.documents.latin import ascii_only, latin
from app.kernel.money import exponent

NAMESPACE = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CENT, _FINE = Decimal("0.01"), Decimal("0.00000001")

ET.register_namespace("p", NAMESPACE)


def progressive(number: int) -> str:
    """A running number as five letters and digits: 1 → "00001", 36 → "00010". Raises ValueError past them."""
    if not 0 <= number < 36**5:
        raise ValueError("there are no file names left")
    return "".join(_DIGITS[number // 36**place % 36] for place in (4, 3, 2, 1, 0))


def file_name(transmitter: str, number: int) -> str:
    """transmitter: the Italian VAT number of who hands the file over."""
    return f"IT{transmitter}_{progressive(number)}.xml"


def render(content: Content, *, number: str, day: date, transmitter: str, transmission: int) -> str:
    """The file. number, day: of the document. transmission: the running number of the file, also in its name."""
    root = ET.Element(f"{{{NAMESPACE}}}FatturaElettronica", {"versione": "FPR12"})
    page = _Page(root)
    with page.block("FatturaElettronicaHeader"):
        _header(page, content, transmitter, progressive(transmission))
    with page.block("FatturaElettronicaBody"):
        with page.block("DatiGenerali"):
            _general(page, content, number, day)
        with page.block("DatiBeniServizi"):
            for place, line in enumerate(content.lines, 1):
                _line(page, place, line, content.currency)
            for total in content.totals:
                _total(page, total, content.currency)
        if content.paid_by:
            _payment(page, content)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Page:
    """A tree that is written from top to bottom."""

    def __init__(self, root: ET.Element) -> None:
        self._open = [root]

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        self._open.append(ET.SubElement(self._open[-1], name))
        yield
        self._open.pop()

    def add(self, name: str, text: str) -> None:
        """An element with text; none when there is nothing to say."""
        if text:
            ET.SubElement(self._open[-1], name).text = text


def _header(page: _Page, content: Content, transmitter: str, sending: str) -> None:
    with page.block("DatiTrasmissione"):
        _tax_id(page, "IdTrasmittente", "IT", transmitter)
        page.add("ProgressivoInvio", sending)
        page.add("FormatoTrasmissione", "FPR12")
        page.add("CodiceDestinatario", content.buyer.code)
        page.add("PECDestinatario", content.buyer.pec)
    with page.block("CedentePrestatore"):
        with page.block("DatiAnagrafici"):
            _person(page, content.seller)
            page.add("RegimeFiscale", content.seller.regime)
        _place(page, content.seller)
        _register(page, content.seller.rea)
    with page.block("CessionarioCommittente"):
        with page.block("DatiAnagrafici"):
            _person(page, content.buyer)
        _place(page, content.buyer)
    if content.issuer:
        with page.block("TerzoIntermediarioOSoggettoEmittente"), page.block("DatiAnagrafici"):
            _person(page, content.issuer)
        page.add("SoggettoEmittente", "TZ")


def _tax_id(page: _Page, name: str, country: str, code: str) -> None:
    with page.block(name):
        page.add("IdPaese", country)
        page.add("IdCodice", ascii_only(code, 28))


def _person(page: _Page, party: Party) -> None:
    if party.vat_number:
        _tax_id(page, "IdFiscaleIVA", party.country, party.vat_number)
    if party.country == "IT":
        page.add("CodiceFiscale", party.tax_code)
    with page.block("Anagrafica"):
        page.add("Denominazione", latin(party.name, 80))


def _place(page: _Page, party: Party) -> None:
    """Abroad the postal code stands with the street, and CAP is all zeros."""
    at_home = party.country == "IT"
    code = "" if at_home else f", {party.postal_code}"
    with page.block("Sede"):
        page.add("Indirizzo", latin(party.street, 60 - len(code)) + code)
        page.add("CAP", party.postal_code if at_home else "00000")
        page.add("Comune", latin(party.city, 60))
        page.add("Provincia", party.province if at_home else "")
        page.add("Nazione", party.country)


def _register(page: _Page, rea: str) -> None:
    """rea: "FC-900001"; left out when it is written otherwise."""
    office, _dash, number = rea.replace(" ", "-").partition("-")
    if len(office) == 2 and office.isalpha() and office.isascii() and number:
        with page.block("IscrizioneREA"):
            page.add("Ufficio", office.upper())
            page.add("NumeroREA", ascii_only(number, 20))
            page.add("StatoLiquidazione", "LN")


def _general(page: _Page, content: Content, number: str, day: date) -> None:
    with page.block("DatiGeneraliDocumento"):
        page.add("TipoDocumento", content.type)
        page.add("Divisa", content.currency)
        page.add("Data", day.isoformat())
        page.add("Numero", number)
        if content.stamp_minor:
            with page.block("DatiBollo"):
                page.add("BolloVirtuale", "SI")
                page.add("ImportoBollo", _amount(content.stamp_minor, "EUR"))
        page.add("ImportoTotaleDocumento", _amount(content.total_minor, content.currency))
        for note in content.notes:
            page.add("Causale", latin(note, 200))
    if content.order:
        with page.block("DatiOrdineAcquisto"):
            page.add("IdDocumento", content.order.number[-20:])
            page.add("Data", content.order.date.isoformat())
    for other in (content.original if content.type == CREDIT else None, content.advance):
        if other:
            with page.block("DatiFattureCollegate"):
                page.add("IdDocumento", other.number)
                page.add("Data", other.date.isoformat())


def _line(page: _Page, place: int, line: Line, currency: str) -> None:
    price, discount = unit_price(line, currency)
    with page.block("DettaglioLinee"):
        page.add("NumeroLinea", str(place))
        page.add("TipoCessionePrestazione", "AC" if line.kind == "delivery" else "")
        if line.sku:
            with page.block("CodiceArticolo"):
                page.add("CodiceTipo", "SKU")
                page.add("CodiceValore", latin(line.sku, 35))
        page.add("Descrizione", latin(line.description, 1000))
        page.add("Quantita", f"{line.quantity}.00")
        page.add("PrezzoUnitario", f"{price:f}")
        if discount:
            with page.block("ScontoMaggiorazione"):
                page.add("Tipo", "SC")
                page.add("Importo", f"{discount:f}")
        page.add("PrezzoTotale", _amount(line.net_minor, currency))
        page.add("AliquotaIVA", _rate(line.rate))
        page.add("Natura", line.nature)


def unit_price(line: Line, currency: str) -> tuple[Decimal, Decimal]:
    """(price, discount) of one piece without VAT; price less discount, times the pieces, is the line's net."""
    paid = _decimal(line.net_minor, currency) / line.quantity
    price = _decimal(line.list_minor, currency) * 100 / (100 + Decimal(line.rate))
    if line.list_net_minor is not None:
        price = _decimal(line.list_net_minor, currency)
    discount = (price - paid).quantize(_FINE, ROUND_HALF_UP)
    if not line.discount_minor or discount <= 0:
        return paid.quantize(_FINE, ROUND_HALF_UP), Decimal(0)
    return price.quantize(_FINE, ROUND_HALF_UP), discount


def _total(page: _Page, total: Total, currency: str) -> None:
    with page.block("DatiRiepilogo"):
        page.add("AliquotaIVA", _rate(total.rate))
        page.add("Natura", total.nature)
        page.add("ImponibileImporto", _amount(total.net_minor, currency))
        page.add("Imposta", _amount(total.vat_minor, currency))
        page.add("EsigibilitaIVA", "" if total.nature else "I")
        page.add("RiferimentoNormativo", latin(total.law, 100) if total.law else "")


def _payment(page: _Page, content: Content) -> None:
    """Paid already: by the buyer, and by the shop what its own discount left open (a bank transfer, MP05)."""
    ways = [(content.paid_by, content.total_minor - content.by_shop_minor), ("MP05", content.by_shop_minor)]
    with page.block("DatiPagamento"):
        page.add("CondizioniPagamento", "TP02")
        for way, minor in ways:
            if minor:
                with page.block("DettaglioPagamento"):
                    page.add("ModalitaPagamento", way)
                    page.add("ImportoPagamento", _amount(minor, content.currency))


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def _amount(minor: int, currency: str) -> str:
    return f"{_decimal(minor, currency).quantize(_CENT):f}"


def _rate(rate: str) -> str:
    return f"{Decimal(rate).quantize(_CENT):f}"
