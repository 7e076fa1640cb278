"""Tables for spreadsheets: semicolons and decimal commas, as Italian ones read them; UTF-8 with a mark."""

import csv
import io
from collections.abc import Iterable, Sequence

from app.kernel.money import exponent


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file. Cells are made harmless: none is taken for a formula."""
    text = io.StringIO()
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow(heads)
    sheet.writerows([cell if isinstance(cell, Amount) else harmless(str(cell)) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


class Amount(str):
    """A sum of money as a spreadsheet reads it; a leading minus is meant."""

    __slots__ = ()


def amount(minor: int, currency: str) -> Amount:
    """12,50 or -3,00; without a currency sign."""
    decimals = exponent(currency)
    whole, part = divmod(abs(minor), 10**decimals)
    sign = "-" if minor < 0 else ""
    return Amount(f"{sign}{whole},{part:0{decimals}}" if decimals else f"{sign}{whole}")


def harmless(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
