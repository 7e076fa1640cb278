"""Shopify's product export: a row per variant, the product's own cells in the first, further rows with pictures only.

Source: help.shopify.com, "Using CSV files to import and export products".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.catalog.imports import foreign
from app.catalog.imports.cells import Cells
from app.catalog.imports.foreign import Record
from app.catalog.imports.rows import Picture, RowError, quoted
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Asked, Terms
from app.kernel.i18n import gettext as _

KEY = "shopify"
NAME = "Shopify"
SIGNS = frozenset({"Handle", "Title", "Variant Price"})
COLUMNS = {  # ours → theirs, to tell mistakes
    "sku": "Variant SKU",
    "slug": "Handle",
    "producer": "Vendor",
    "category": "Type",
    "name_it": "Title",
    "description_it": "Body (HTML)",
    "format_it": "Option1 Value",
    "net_quantity": "Option1 Value",
    "weight_g": "Variant Grams",
    "price_eur": "Variant Price",
    "stock": "Variant Inventory Qty",
    "image": "Image Src",
    "published": "Status",
}
OF_PRODUCT = frozenset({"slug", "producer", "category", "name_it", "description_it", "published"})  # in its first row
OPTIONS = ("Option1 Value", "Option2 Value", "Option3 Value")
USED = frozenset(
    {*COLUMNS.values(), *OPTIONS, "Option1 Name", "Option2 Name", "Option3 Name"}
    | {"Published", "Image Position", "Image Alt Text", "Variant Image"}
)
DEFAULT = "Default Title"  # what Shopify writes for a product without options


@dataclass
class _Product:
    """The rows of one handle."""

    handle: str
    line: int
    first: Record
    variants: list[tuple[int, Record]] = field(default_factory=list)
    pictures: list[tuple[int, Picture]] = field(default_factory=list)


def faults(header: Sequence[str], _terms: Terms) -> list[RowError]:
    return [
        RowError(1, name, _("Questa colonna c’è due volte."))
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]


def unused(header: Sequence[str]) -> list[str]:
    return foreign.unused(header, USED)


def asked(source: Source) -> Asked:
    vendors: dict[str, None] = {}
    categories: dict[str, None] = {}
    for _line, record in foreign.records(source):
        if record.get("Title"):
            vendors[record.get("Vendor", "").strip()] = None
            categories[record.get("Type", "").strip()] = None
    return Asked(list(vendors), list(categories))


def cells(source: Source, terms: Terms) -> Iterator[Cells | RowError]:
    seen: set[str] = set()
    present: _Product | None = None
    for line, record in foreign.records(source):
        handle = record.get("Handle", "").strip()
        if present is None or handle != present.handle:
            if present is not None:
                yield from _variants(present, terms)
            present = None
            if not handle or not record.get("Title", "").strip():
                yield RowError(line, "Handle" if not handle else "Title", _without_head(handle, handle in seen))
                continue
            present = _Product(handle, line, record)
            if handle in seen:
                yield RowError(line, "Handle", _without_head(handle, True), quoted(handle))
                present = None
                continue
            seen.add(handle)
        _take(present, line, record)
    if present is not None:
        yield from _variants(present, terms)


def _without_head(handle: str, is_known: bool) -> str:
    if is_known:
        return _("Le righe di uno stesso prodotto devono stare una dopo l’altra.")
    return _("Manca il titolo del prodotto.") if handle else _("Manca l’indirizzo del prodotto.")


def _take(product: _Product, line: int, record: Record) -> None:
    source = record.get("Image Src", "").strip()
    if source:
        place = record.get("Image Position", "").strip()
        alt = record.get("Image Alt Text", "").strip()[:200]
        product.pictures.append((int(place) if place.isascii() and place.isdigit() else 999, Picture(source, alt)))
    if record.get("Variant Price", "").strip() or record.get("Variant SKU", "").strip():
        product.variants.append((line, record))
    elif not source:
        product.variants.append((line, record))  # neither: its price is told to be missing


def _variants(product: _Product, terms: Terms) -> Iterator[Cells]:
    pictures = [picture for _place, picture in sorted(product.pictures, key=lambda each: each[0])]
    first, vendor, kind = product.first, product.first.get("Vendor", "").strip(), product.first.get("Type", "").strip()
    hidden = first.get("Status", "active").strip().lower() not in {"", "active"}
    hidden = hidden or first.get("Published", "").strip().lower() == "false"
    for number, (line, record) in enumerate(product.variants):
        options = [value for name in OPTIONS if (value := record.get(name, "").strip()) not in {"", DEFAULT}]
        told = " · ".join(options)
        quantity, unit = foreign.net_of(*options, first["Title"])
        values = {
            "sku": record.get("Variant SKU", "").strip() or foreign.sku_of(product.handle, *options),
            "slug": foreign.slug_of(product.handle),
            "producer": terms.producer_of(vendor),
            "category": terms.categories.get(kind, ""),
            "name_it": first["Title"],
            "description_it": foreign.description_of(first.get("Body (HTML)", "")),
            "format_it": told[:120],
            "net_quantity": quantity,
            "net_unit": unit,
            "weight_g": foreign.grams_of(record.get("Variant Grams", "")),
            "price_eur": record.get("Variant Price", ""),
            "vat_rate": terms.rates.get(kind, ""),
            "stock": foreign.stock_of(record.get("Variant Inventory Qty", "")),
            "published": "0" if hidden else "1",
            "image": "",
        }
        shown = pictures if number == 0 else []
        yield Cells(line, values, COLUMNS, written=_written(first, record), pictures=shown, is_ours=False)


def _written(first: Record, record: Record) -> dict[str, str]:
    """Our column → what the file says: pictures stand in several rows, and are told one by one."""
    return {
        ours: (first if ours in OF_PRODUCT else record).get(theirs, "")
        for ours, theirs in COLUMNS.items()
        if ours != "image"
    }
