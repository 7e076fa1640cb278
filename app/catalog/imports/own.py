"""Our own CSV (columns.py)."""

from collections.abc import Iterator, Sequence

from app.catalog.imports.cells import Cells
from app.catalog.imports.columns import COLUMNS, REQUIRED
from app.catalog.imports.rows import RowError
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Asked, Terms
from app.kernel.i18n import gettext as _

KEY = "tavola"
NAME = "Tavola"
SIGNS = frozenset({"sku", "slug", "net_quantity", "price_eur"})


def faults(header: Sequence[str], terms: Terms) -> list[RowError]:
    """What is wrong with the columns."""
    names = [name.lower() for name in header]
    due = [name for name in REQUIRED if name != "producer" or terms.producer is None]
    missing = [RowError(1, name, _("Manca questa colonna.")) for name in due if name not in names]
    unknown = [RowError(1, name, _("Non conosciamo questa colonna.")) for name in names if name not in COLUMNS]
    twice = [
        RowError(1, name, _("Questa colonna c’è due volte.")) for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    return missing + unknown + twice


def unused(_header: Sequence[str]) -> list[str]:
    return []


def asked(_source: Source) -> Asked:
    """Nothing: it names our producers and departments."""
    return Asked()


def cells(source: Source, terms: Terms) -> Iterator[Cells | RowError]:
    """Each line; where there is one producer, a file without that column means that one."""
    header = [name.lower() for name in source.header]
    for line, values in source.records():
        if len(values) != len(header):
            said = _("La riga ha %(found)s celle, l’intestazione %(wanted)s.", found=len(values), wanted=len(header))
            yield RowError(line, "", said)
            continue
        told = dict(zip(header, values, strict=True))
        if terms.producer and not told.get("producer", "").strip():
            told["producer"] = terms.producer
        yield Cells(line, told)
