"""The tables of docs/algorithms, read for the tests that run them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "algorithms"

Row = list[str]


def rows_of(table: str) -> list[Row]:
    """The cells of every row of the table under `<!-- run: table -->`, without its head."""
    found: list[Row] = []
    for page in sorted(DOCS.glob("*.md")):
        _before, mark, after = page.read_text().partition(f"<!-- run: {table} -->\n\n")
        lines = after.split("\n\n")[0].splitlines()[2:] if mark else []
        found += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert found, f"no table {table}"
    return found


def each(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows_of(table), ids=lambda row: " ".join(row[:2]))


def ints(cell: str) -> list[int]:
    return [int(word) for word in cell.split()]


def by_rate(cell: str) -> dict[Decimal, int]:
    return {Decimal(rate): int(amount) for rate, amount in (part.split(":") for part in cell.split(";"))}


def day_of(cell: str) -> date | None:
    return None if cell == "–" else date.fromisoformat(cell)
