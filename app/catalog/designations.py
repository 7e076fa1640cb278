"""Protected names: PDO, PGI and wine names, by what goods are called (Reg. (EU) 2024/1143; law.md L16)."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.catalog.search import folded

LIST = Path(__file__).with_name("data") / "designations.csv"
EUROPEAN = frozenset({"DOP", "IGP", "DOC", "DOCG", "IGT"})  # PAT is a national list that protects no name


@dataclass(frozen=True)
class Designation:
    """A registered name. calls: the ways in which goods bear or evoke it, folded.

    only: the class for which it counts, where it is a mere name of a place; "" for all edibles.
    """

    name: str
    mark: str
    calls: tuple[str, ...]
    only: str


@cache
def known() -> tuple[Designation, ...]:
    """Every name on the list, the longest first."""
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = [
            Designation(
                row["name"],
                row["mark"],
                tuple(folded(call) for call in [row["name"], *row["also"].split("|")] if call),
                row["only"],
            )
            for row in csv.DictReader(file)
        ]
    return tuple(sorted(rows, key=lambda row: -len(row.name)))


def named_in(name: str, product_class: str) -> list[Designation]:
    """The protected names that a product's name contains, the longest first; one inside a longer one counts once."""
    rest = f" {folded(name)} "
    found: list[Designation] = []
    for designation in known():
        if designation.only not in {"", product_class}:
            continue
        for call in designation.calls:
            if f" {call} " in rest:
                rest = rest.replace(f" {call} ", "  ")
                found.append(designation)
                break
    return found
