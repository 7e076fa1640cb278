"""The formats that we take, known by their columns; and a file of any of them as rows."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from app.catalog.imports import own, shopify, woocommerce
from app.catalog.imports.rows import Row, RowError
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Terms
from app.kernel.i18n import gettext as _

FORMATS: dict[str, ModuleType] = {module.KEY: module for module in (own, shopify, woocommerce)}
AT_ONCE = 200  # rows of a batch, and a few more where a product has several


def detected(header: Sequence[str]) -> str:
    """The key of the format whose signs stand in the header; our own where there are none."""
    if shopify.SIGNS.issubset(header):
        return shopify.KEY
    return woocommerce.KEY if woocommerce.is_woocommerce(header) else own.KEY


@dataclass
class Batch:
    """Some rows that belong together, with what is wrong in their lines. last: the last line of the file so far."""

    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    last: int = 1


def batches(source: Source, key: str, terms: Terms, at_once: int = AT_ONCE) -> Iterator[Batch]:
    """The file's good rows and its mistakes, in order; the same each time. Rows of one product that stand together
    are never parted. Raises ValueError, with a sentence, for what is no table.
    """
    module = FORMATS[key]
    if faults := module.faults(source.header, terms):
        yield Batch(errors=faults)
        return
    judge = _Judge()
    batch = Batch()
    for found in module.cells(source, terms):
        if isinstance(found, RowError):
            batch.errors.append(found)
            batch.last = max(batch.last, found.line)
            continue
        row = found.row()
        errors = found.errors or judge.errors(row)
        if len(batch.rows) >= at_once and (errors or row.slug != batch.rows[-1].slug):
            yield batch
            batch = Batch()
        batch.errors += errors
        if not errors:
            batch.rows.append(row)
        batch.last = max(batch.last, row.line)
    yield batch


class _Judge:
    """What only the whole file can tell: a code met before, an address that an earlier row gave to another product."""

    def __init__(self) -> None:
        self.skus: dict[str, int] = {}
        self.slugs: dict[str, tuple[int, bytes]] = {}

    def errors(self, row: Row) -> list[RowError]:
        if row.sku in self.skus:
            said = _("Questo codice c’è già alla riga %(line)s.", line=self.skus[row.sku])
            return [row.wrong("sku", said)]
        facts = hashlib.sha256(repr(row.product_facts).encode()).digest()[:16]
        line, first = self.slugs.setdefault(row.slug, (row.line, facts))
        if first != facts:
            return [row.wrong("slug", _("Alla riga %(line)s questo indirizzo è di un altro prodotto.", line=line))]
        self.skus[row.sku] = row.line
        return []
