"""Pictures in a ZIP: looked into without unpacking. Nothing of it is ever written under a name of its own.

Refused as a whole: paths that lead out, files in disguise of folders, encrypted ones, too many, too large unpacked
(declared or really), and what shrinks as no picture does: a bomb.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.catalog.pixels import MOST_BYTES
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

MOST_FILES = 5000
MOST_UNPACKED = 2_000_000_000
MOST_RATIO = 100  # pictures are packed already
LONGEST_NAME = 400
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Raises Refused, with a sentence about it."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as fault:
        raise Refused(_("Il file delle immagini non è uno ZIP che si possa leggere."), "zip") from fault
    with archive:
        yield archive


def names(path: Path) -> dict[str, str]:
    """Pictures by what a table may call them, in lower case: name, name without ending; → source "zip:NAME#CRC".

    Raises Refused for a ZIP that is not one of pictures.
    """
    found: dict[str, str] = {}
    with opened(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise Refused(_("Nello ZIP ci sono troppi file: al massimo %(most)s.", most=MOST_FILES), "zip")
        if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            raise Refused(_("Lo ZIP è troppo grande una volta aperto."), "zip")
        for entry in entries:
            _check(entry)
            file = Path(entry.filename).name
            if (
                entry.is_dir()
                or Path(file).suffix.lower() not in SUFFIXES
                or file.startswith(".")
                or len(entry.filename) > LONGEST_NAME
            ):
                continue
            source = f"zip:{entry.filename}#{entry.CRC:08x}"
            for name in (entry.filename, file, Path(file).stem):
                found.setdefault(name.casefold(), source)
    return found


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\\" in name or "\0" in entry.orig_filename:
        raise Refused(_("Nello ZIP c’è un percorso che esce dalla cartella: %(name)s", name=name[:60]), "zip")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused(_("Nello ZIP c’è un collegamento al posto di un’immagine: %(name)s", name=name[:60]), "zip")
    if entry.flag_bits & 1:
        raise Refused(_("Lo ZIP ha una password: toglila e riprova."), "zip")
    if entry.file_size > 1_000_000 and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise Refused(_("Nello ZIP c’è un file che aperto diventa enorme: %(name)s", name=name[:60]), "zip")


def read(archive: zipfile.ZipFile, source: str) -> bytes:
    """The picture of a source; one byte too many when it is too heavy, whatever it declares. Raises Refused."""
    name = source.removeprefix("zip:").rpartition("#")[0]
    try:
        with archive.open(name) as file:
            return file.read(MOST_BYTES + 1)
    except (KeyError, *_BROKEN) as fault:
        raise Refused(_("Nello ZIP questa immagine è rovinata."), "zip") from fault


def title(source: str) -> str:
    """What a person calls it."""
    return source.removeprefix("zip:").rpartition("#")[0] if source.startswith("zip:") else source
