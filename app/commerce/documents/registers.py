"""Tables for the accountant: takings per day and rate (registro dei corrispettivi, art. 24 DPR 633/72), and documents.

CSV as Italian spreadsheets read it: semicolons, decimal commas, UTF-8 with a mark.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.commerce.documents.content import Content
from app.commerce.documents.queries import Taking
from app.kernel.money import exponent

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Day:
    """The takings of a day at a rate, minor units; refunds are taken off on the day on which they were decided."""

    day: date
    rate: Decimal
    sold_minor: int
    refunded_minor: int
    vat_minor: int

    @property
    def gross_minor(self) -> int:
        return self.sold_minor - self.refunded_minor

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.vat_minor


def by_day(takings: Iterable[Taking], time_zone: str) -> list[Day]:
    """One row per day and rate, in this order. VAT is the orders' own, so that a month adds up to its orders."""
    zone = ZoneInfo(time_zone)
    found: dict[tuple[date, Decimal], Day] = {}
    for taking in takings:
        key = taking.at.astimezone(zone).date(), Decimal(taking.rate)
        old = found.get(key, Day(*key, 0, 0, 0))
        found[key] = Day(
            *key,
            old.sold_minor + max(taking.gross_minor, 0),
            old.refunded_minor - min(taking.gross_minor, 0),
            old.vat_minor + taking.vat_minor,
        )
    return [found[key] for key in sorted(found)]


def takings_table(days: Sequence[Day], currency: str) -> bytes:
    """The month, and its sum per rate."""
    heads = ("data", "aliquota", "vendite", "rimborsi", "corrispettivi", "imponibile", "imposta", "valuta")
    rows = [_taking_row(day.day.isoformat(), [day], day.rate, currency) for day in days]
    rates = sorted({day.rate for day in days})
    rows += [_taking_row("totale", [day for day in days if day.rate == rate], rate, currency) for rate in rates]
    return table(heads, rows)


def _taking_row(name: str, days: Sequence[Day], rate: Decimal, currency: str) -> list[str]:
    sums = (
        sum(day.sold_minor for day in days),
        sum(day.refunded_minor for day in days),
        sum(day.gross_minor for day in days),
        sum(day.net_minor for day in days),
        sum(day.vat_minor for day in days),
    )
    return [name, _comma(rate), *(amount(minor, currency) for minor in sums), currency]


@dataclass(frozen=True)
class Entry:
    """A document in the register."""

    number: str
    date: date
    kind: str
    state: str
    filename: str
    content: Content


def documents_table(entries: Sequence[Entry]) -> bytes:
    """One row per document and rate; credit notes are negative."""
    heads = ("numero", "data", "tipo", "stato", "cliente", "partita_iva", "codice_fiscale", "paese", "riferimento")
    rows = []
    for entry in entries:
        it, sign = entry.content, -1 if entry.content.type == "TD04" else 1
        original = it.original.number if it.original else ""
        buyer = (it.buyer.name, it.buyer.vat_number, it.buyer.tax_code, it.buyer.country)
        about = [entry.number, entry.date.isoformat(), entry.kind, entry.state, *buyer, original]
        for total in it.totals:
            sums = (sign * total.net_minor, sign * total.vat_minor, sign * total.gross_minor)
            rows.append(
                [
                    *map(_harmless, about),
                    _comma(Decimal(total.rate)),
                    total.nature,
                    *(amount(minor, it.currency) for minor in sums),
                    it.currency,
                    entry.filename,
                ]
            )
    return table((*heads, "aliquota", "natura", "imponibile", "imposta", "totale", "valuta", "file"), rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow(heads)
    sheet.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def amount(minor: int, currency: str) -> str:
    return _comma(Decimal(minor).scaleb(-exponent(currency)))


def _comma(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",")


def _harmless(cell: str) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
