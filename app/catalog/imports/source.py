"""A CSV file as records, a line at a time: what its letters and its separator are is guessed, and told.

UTF-8 (with or without its mark), UTF-16, Windows-1252; commas, semicolons, tabs. However long a line or large a file,
only a bounded piece of it is in memory. Faults of the file as a whole are ValueErrors with a sentence.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.kernel.i18n import gettext as _

MOST_BYTES = 50_000_000
MOST_ROWS = 200_000
LONGEST_CELL = 100_000  # characters; the csv module itself stops a little above
LONGEST_LINE = 1_000_000
LONGEST_RECORD = 4_000_000
MOST_COLUMNS = 500
DELIMITERS = (",", ";", "\t")
_CHUNK = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Guess:
    """How a file is written: Python's name of its encoding, and its delimiter."""

    encoding: str
    delimiter: str


class Source:
    """A CSV file on disk. header: its column names as they are, stripped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        if self.size > MOST_BYTES:
            raise ValueError(too_large())
        encoding = _encoding(path)
        first, self._skipped = _first_line(path, encoding)
        self.guess = Guess(encoding, _delimiter(first))
        self.position = 0  # bytes read, roughly
        self.header: Sequence[str] = next((cells for _line, cells in self._records(whole=True)), [])
        self.header = [name.strip() for name in self.header]
        if len(self.header) > MOST_COLUMNS:
            raise ValueError(_("Ci sono troppe colonne: al massimo %(most)s.", most=MOST_COLUMNS))

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of what follows the header; empty lines are passed over. Can be asked again."""
        count = 0
        for number, (line, cells) in enumerate(self._records()):
            if number == 0:
                continue
            count += 1
            if count > MOST_ROWS:
                raise ValueError(_("Ci sono troppe righe: al massimo %(most)s.", most=MOST_ROWS))
            yield line, cells

    def _records(self, *, whole: bool = False) -> Iterator[tuple[int, list[str]]]:
        """whole: with lines that are empty."""
        with self.path.open("rb") as raw, io.TextIOWrapper(raw, encoding=self.guess.encoding, newline="") as text:
            for _time in range(self._skipped):
                _next_line(text)
            lines = _Lines(text)
            reader = csv.reader(lines, delimiter=self.guess.delimiter, strict=True)
            while True:
                line = self._skipped + reader.line_num + 1
                lines.taken = 0
                try:
                    cells = next(reader, None)
                except csv.Error as fault:
                    raise ValueError(_said(fault, line)) from fault
                except UnicodeError as fault:
                    raise ValueError(_unreadable()) from fault
                self.position = min(raw.tell(), self.size)
                if cells is None:
                    return
                if whole or any(cells):
                    yield line, cells


def _first_line(path: Path, encoding: str) -> tuple[str, int]:
    """(the line with the names of the columns, how many stand before it: Excel's own hint, "sep=;")."""
    try:
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
            first = _next_line(text)
            return (_next_line(text), 1) if first[:4].lower() == "sep=" else (first, 0)
    except csv.Error as fault:
        raise ValueError(_said(fault, 1)) from fault
    except UnicodeError as fault:
        raise ValueError(_unreadable()) from fault


class _Lines(Iterator[str]):
    """The physical lines of a text, each of a bounded length. taken: characters since it was last set to 0."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.taken = 0

    def __next__(self) -> str:
        line = _next_line(self.text)
        self.taken += len(line)
        if not line:
            raise StopIteration
        if self.taken > LONGEST_RECORD:
            raise csv.Error("field larger than field limit")
        return line


def _next_line(text: io.TextIOWrapper) -> str:
    line = text.readline(LONGEST_LINE)
    if len(line) >= LONGEST_LINE:
        raise csv.Error("field larger than field limit")
    return line


def _said(fault: csv.Error, line: int) -> str:
    if "limit" in str(fault):
        return _("Alla riga %(line)s una cella è troppo lunga.", line=line)
    return _("Alla riga %(line)s le virgolette non tornano.", line=line)


def too_large() -> str:
    return _("Il file è troppo grande: al massimo %(most)s MB.", most=MOST_BYTES // 1_000_000)


def _unreadable() -> str:
    return _("Non riusciamo a leggere le lettere del file: salvalo come «CSV UTF-8».")


def _encoding(path: Path) -> str:
    """Raises ValueError when no encoding fits."""
    with path.open("rb") as raw:
        head = raw.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) > 3 and head[:2].count(0) == 1 and head.count(0) > len(head) // 3:  # every other byte of Latin text
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return next((name for name in ("utf-8", "cp1252") if _fits(path, name)), "") or _none()


def _none() -> str:
    raise ValueError(_unreadable())


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as raw:
        try:
            while chunk := raw.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _delimiter(first: str) -> str:
    """The one that cuts the header into most cells."""

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells)
