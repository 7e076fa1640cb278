"""What the formats of other shops have in common."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from app.catalog.imports import amounts
from app.catalog.imports.cells import LONGEST_TEXT
from app.catalog.imports.plain_text import plain
from app.catalog.imports.source import Source
from app.catalog.search import fold

Record = Mapping[str, str]
NOT_FOUND = ("1", "piece")


def records(source: Source) -> Iterator[tuple[int, Record]]:
    """(line, cells by column); cells that are missing at the end count as empty."""
    for line, values in source.records():
        padded = [*values, *[""] * (len(source.header) - len(values))]
        yield line, dict(zip(source.header, padded, strict=False))


def slug_of(text: str) -> str:
    """Words for an address; "" where there is none."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")[:110].strip("-")


def sku_of(*parts: str) -> str:
    """A code for what has none, always the same for the same words."""
    return "-".join(filter(None, (slug_of(part) for part in parts)))[:60].strip("-")


def description_of(html: str) -> str:
    text = plain(html)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"


def grams_of(text: str, factor: int = 1) -> str:
    """A weight as whole grams; what cannot be read stays as it is, to be told."""
    try:
        weight = Decimal(text.strip().replace(",", ".") or "0") * factor
    except InvalidOperation:
        return text
    return str(int(weight.to_integral_value())) if 0 <= weight < 1_000_000 else text


def net_of(*texts: str) -> tuple[str, str]:
    """(quantity, unit) as some text says it, else one piece."""
    found = amounts.found_in(*texts)
    return (str(found[0]), found[1]) if found else NOT_FOUND


def stock_of(text: str) -> str:
    """Pieces; other shops sell below zero."""
    pieces = grams_of(text) if text.strip() else "0"
    return "0" if text.strip().startswith("-") else pieces


def unused(header: Sequence[str], used: frozenset[str]) -> list[str]:
    return [name for name in header if name and name not in used]
