"""Protected names: PDO, PGI and wine names, by what goods are called (Reg. (EU) 2024/1143; law.md L16)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.catalog.search import folded
from app.kernel.i18n import SOURCE_LOCALE

LONGEST = 500  # of what an approval is about
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


def bearing(names: Mapping[str, str], designation: str, product_class: str) -> str:
    """The texts of a name that bear a protected name, folded, Italian first: what an approval of it is about."""
    ordered = sorted(names.items(), key=lambda text: (text[0] != SOURCE_LOCALE, text[0]))
    texts = [name for _locale, name in ordered if any(d.name == designation for d in named_in(name, product_class))]
    return " ".join(dict.fromkeys(folded(name) for name in texts))[:LONGEST]


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
