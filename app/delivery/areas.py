"""Where zones lie, as staff write it: an area a line, "47121", "47000–47199", "IT 470–479", "IT FC", "DE".

An area is a country and the beginnings of its postal codes, from the first to the last, both included; none is the
whole country. Of two areas the narrower wins, so that a lagoon can stand within a province. Two that cut each other,
or are the same, say nothing about who wins: they are refused. Examples: docs/algorithms/delivery.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.identity import addresses
from app.kernel.formats import babel_locale
from app.kernel.i18n import gettext as _

END = "z"  # sorts after digits and capitals in every collation
WIDTH = 10  # of a stored postal code
SIGNS = 5  # of a code that areas tell apart
MOST = 300  # areas of a zone
_COUNTED: int = 36**SIGNS
_LINE = re.compile(r"(?:([A-Z]{2})(?:\s+|$))?(?:([0-9A-Z]+)(?:\s*[-–]\s*([0-9A-Z]+))?)?")


@dataclass(frozen=True, order=True)
class Area:
    """first, last: beginnings of postal codes, "" and "" for the whole country."""

    country: str
    first: str = ""
    last: str = ""

    @classmethod
    def stored(cls, country: str, first: str, last: str) -> "Area":
        """From a row of the database."""
        return cls(country, first, last.rstrip(END))

    @property
    def end(self) -> str:
        """The last postal code, as it is stored and compared."""
        return self.last.ljust(WIDTH, END)

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last of all codes that there could be, as numbers."""
        return int(self.first[:SIGNS].ljust(SIGNS, "0"), 36), int(self.last[:SIGNS].ljust(SIGNS, "Z"), 36)

    @property
    def priority(self) -> int:
        """The narrower, the higher."""
        low, high = self.bounds
        return _COUNTED - (high - low + 1)

    def clashes(self, other: "Area") -> bool:
        """Do they share codes, and neither lies within the other?"""
        if self.country != other.country:
            return False
        (low, high), (low_too, high_too) = self.bounds, other.bounds
        if high < low_too or high_too < low:
            return False
        within = (low >= low_too and high <= high_too) or (low_too >= low and high_too <= high)
        return not within or (low, high) == (low_too, high_too)

    def __str__(self) -> str:
        if not self.first:
            return self.country
        codes = self.first if self.first == self.last else f"{self.first}–{self.last}"
        return f"{self.country} {codes}"


def written(areas: Iterable[Area]) -> str:
    """As staff write them, a line each."""
    return "\n".join(map(str, sorted(areas)))


def read(text: str, home: str) -> list[Area]:
    """The areas of a text, those of a province as many as it has prefixes. home: the country of codes without one.

    Raises ValueError with a sentence that names the line.
    """
    found: list[Area] = []
    for line in filter(None, (line.strip() for line in text.upper().splitlines())):
        for area in _of_line(line, home):
            if clash := next((other for other in found if area.clashes(other)), None):
                raise ValueError(_("“%(one)s” e “%(other)s” si accavallano: scrivi ogni CAP una volta.",
                                   one=area, other=clash))  # fmt: skip
            found.append(area)
    if len(found) > MOST:
        raise ValueError(_("Una zona ha al massimo %(most)s righe.", most=MOST))
    return found


def _of_line(line: str, home: str) -> Sequence[Area]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise _not_read(line)
    country, first, last = match[1] or home, match[2] or "", match[3] or match[2] or ""
    if country not in babel_locale("it").territories:
        raise ValueError(_("“%(line)s”: questo paese non c’è. Si scrive con due lettere, per esempio DE.", line=line))
    if country == "IT" and first.isalpha() and len(first) == 2 and not match[3]:
        return [Area(country, prefix, prefix) for prefix in _of_province(first, line)]
    if len(first) > SIGNS or len(first) != len(last) or first > last or (country == "IT" and not _is_number(first)):
        raise _not_read(line)
    return [Area(country, first, last)]


def _is_number(code: str) -> bool:
    return not code or (code.isascii() and code.isdigit())


def _of_province(province: str, line: str) -> Sequence[str]:
    prefixes = addresses.cap_prefixes(province)
    if not prefixes:
        raise ValueError(_("“%(line)s”: questa provincia non esiste.", line=line))
    return prefixes


def _not_read(line: str) -> ValueError:
    return ValueError(_("“%(line)s” non si capisce: scrivi per esempio 47121, 47000–47199, IT FC, DE.", line=line))
