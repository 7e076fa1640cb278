"""An A4 sheet as PDF: headings, addresses side by side, tables, sums. Our own fonts, one column of reading order.

Tagged as far as the library goes: language, title, and every heading, paragraph and row of a table as one element, in
the order in which it is read; rows are paragraphs, since the library nests no table tags. Lengths: millimetres.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.prefs import ViewerPreferences

from app.kernel.i18n import gettext as _

FONTS = Path(__file__).parent / "fonts"
FACE = "Titillium"
MARGIN, WIDTH = 18, 210 - 2 * 18
INK, MUTED, RULE = (31, 27, 22), (92, 84, 74), (186, 176, 162)
BODY, SMALL, TITLE, SUBTITLE = 10, 8.5, 20, 12.5
LEADING = 0.46  # line height in mm per point
APART = "\u00a0"


@dataclass(frozen=True)
class Column:
    """width: share of the sheet; the shares of a table add up to 1. A number stands to the right."""

    head: str
    width: float
    is_number: bool = False

    @property
    def outer(self) -> float:
        return WIDTH * self.width

    @property
    def inner(self) -> float:
        """A number may fill its column; words keep a distance from what follows."""
        return self.outer if self.is_number else self.outer - 4


class Sheet(FPDF):
    """One document. Texts of others are made printable; amounts come as text."""

    def __init__(self, title: str, *, locale: str, author: str, made_at: datetime) -> None:
        super().__init__(format="A4", unit="mm")
        for style, weight in (("", 400), ("B", 600)):
            self.add_font(FACE, style, FONTS / f"titillium-web-{weight}.ttf")
        self.set_title(title)
        self.set_lang(locale)
        self.set_author(author)
        self.set_creation_date(made_at)
        self.set_producer("Tavola")
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.author_line = author
        self.set_margin(MARGIN)
        self.c_margin = 0  # what stands in a cell is in line with what stands outside
        self.set_auto_page_break(auto=False)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        self.add_page()

    def footer(self) -> None:
        """Whose sheet, and which page of how many."""
        self.set_y(-13)
        self._ink(SMALL, MUTED)
        said = _("pagina %(page)s di %(pages)s", page=self.page_no(), pages="{nb}")
        self.cell(WIDTH / 2, 5, printable(self.author_line))
        self.cell(WIDTH / 2, 5, said, align="R")

    def title_of(self, text: str, aside: str = "") -> None:
        self._say("/H1", text, TITLE, bold=True)
        if aside:
            self._say("/P", aside, BODY, colour=MUTED)
        self.gap(3)

    def heading(self, text: str) -> None:
        self._room(18)
        self.gap(3)
        self._say("/H2", text, SUBTITLE, bold=True)
        self.gap(0.8)

    def paragraph(self, text: str, *, small: bool = False, bold: bool = False, muted: bool = False) -> None:
        self._say("/P", text, SMALL if small else BODY, bold=bold, colour=MUTED if muted else INK)

    def gap(self, height: float) -> None:
        self.set_y(self.get_y() + height)

    def side_by_side(self, blocks: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Blocks of a small heading and lines, each in its own column; read one after the other."""
        top, bottom, width = self.get_y(), self.get_y(), WIDTH / len(blocks)
        for place, (label, lines) in enumerate(blocks):
            self.set_xy(MARGIN + place * width, top)
            with self._tagged("/P"):
                self._write(label, width - 5, SMALL, colour=MUTED)
            for number, line in enumerate(lines):
                with self._tagged("/P"):
                    self._write(line, width - 5, BODY, bold=number == 0)
            bottom = max(bottom, self.get_y())
        self.set_xy(MARGIN, bottom)
        self.gap(2)

    def grid(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], asides: Sequence[str] = ()) -> None:
        """asides: a small line below the first cell of each row, "" for none. The head is repeated on a new page."""
        self._table_head(columns)
        for place, row in enumerate(rows):
            aside = asides[place] if asides else ""
            if self._room(self._height(columns, row, aside)):
                self._table_head(columns)
            self._row(columns, row, aside)
        self.gap(1)

    def sums(self, pairs: Sequence[tuple[str, str]], *, last_bold: bool = True) -> None:
        """What adds up, to the right; the last is the total."""
        for place, (label, amount) in enumerate(pairs):
            self._room(7)
            bold = last_bold and place == len(pairs) - 1
            size = BODY + 2 if bold else BODY
            with self._tagged("/P"):
                self._ink(size, INK, bold=bold)
                self.set_x(MARGIN + WIDTH * 0.4)
                self.cell(WIDTH * 0.36, size * LEADING + 1, f"{printable(label)} ")
                self.cell(
                    WIDTH * 0.24, size * LEADING + 1, printable(amount), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT
                )

    def rule(self) -> None:
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())
        self.gap(2)

    def bytes(self) -> bytes:
        return bytes(self.output())

    # How it is drawn

    @contextmanager
    def _tagged(self, kind: str) -> Iterator[None]:
        """What is drawn within is one element of the structure tree. It stays on one page."""
        mark = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=kind, mcid=mark)
        self._out(f"{kind} <</MCID {mark}>> BDC")
        yield
        self._out("EMC")

    def _ink(self, size: float, colour: tuple[int, int, int], *, bold: bool = False) -> None:
        self.set_font(FACE, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _say(
        self, kind: str, text: str, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK
    ) -> None:
        self._ink(size, colour, bold=bold)
        self._room(self._lines(text, WIDTH) * size * LEADING)
        with self._tagged(kind):
            self._write(text, WIDTH, size, bold=bold, colour=colour)

    def _write(
        self, text: str, width: float, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK
    ) -> None:
        self._ink(size, colour, bold=bold)
        left = self.get_x()
        self.multi_cell(width, size * LEADING, printable(text), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_x(left)

    def _lines(self, text: str, width: float) -> int:
        found = self.multi_cell(width, 1, printable(text), dry_run=True, output="LINES")
        return max(len(found), 1) if isinstance(found, list) else 1

    def _room(self, height: float) -> bool:
        """Go on to a new page if so much does not fit. True when it did."""
        if self.get_y() + height <= self.h - MARGIN - 4:
            return False
        self.add_page()
        return True

    def _table_head(self, columns: Sequence[Column]) -> None:
        self._room(16)
        self._cells([column.head for column in columns], columns, SMALL, MUTED)
        self.rule()

    def _row(self, columns: Sequence[Column], row: Sequence[str], aside: str) -> None:
        self._cells(row, columns, BODY, INK, aside)
        self.gap(0.8)
        self.rule()

    def _cells(
        self, row: Sequence[str], columns: Sequence[Column], size: float, colour: tuple[int, int, int], aside: str = ""
    ) -> None:
        top = bottom = self.get_y()
        left: float = MARGIN
        with self._tagged("/P"):
            for cell, column in zip(row, columns, strict=True):
                self.set_xy(left, top)
                self._ink(size, colour)
                apart = (
                    APART if column.is_number else ""
                )  # words of two cells do not run into one another when read out
                self.multi_cell(
                    column.inner, size * LEADING, f"{apart}{printable(cell)}", align="R" if column.is_number else "L",
                    new_x=XPos.LEFT, new_y=YPos.NEXT,
                )  # fmt: skip
                bottom, left = max(bottom, self.get_y()), left + column.outer
        if aside:
            first = self._lines(row[0], columns[0].inner) * size * LEADING
            self.set_xy(MARGIN, top + first)
            with self._tagged("/P"):
                self._write(aside, columns[0].inner, SMALL, colour=MUTED)
            bottom = max(bottom, self.get_y())
        self.set_xy(MARGIN, bottom)
        self.gap(0.8)

    def _height(self, columns: Sequence[Column], row: Sequence[str], aside: str) -> float:
        self._ink(BODY, INK)
        most = max(self._lines(cell, column.inner) for cell, column in zip(row, columns, strict=True))
        height = most * BODY * LEADING + 3.6
        if aside:
            self._ink(SMALL, MUTED)
            height += self._lines(aside, columns[0].inner) * SMALL * LEADING
        return height


def printable(text: str) -> str:
    """With the signs that the font has; a letter that it lacks loses its marks, and what is left then is "?"."""
    known = _signs()
    if all(ord(sign) in known for sign in text):
        return text
    return "".join(_printable(sign, known) for sign in unicodedata.normalize("NFC", text))


def _printable(sign: str, known: frozenset[int]) -> str:
    if ord(sign) in known or sign == "\n":
        return sign
    if not sign.isprintable():
        return ""
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if ord(part) in known)
    return bare or "?"


@cache
def _signs() -> frozenset[int]:
    return frozenset(TTFont(FONTS / "titillium-web-400.ttf").getBestCmap())
