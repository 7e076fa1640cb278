"""WooCommerce's product export: simple products, and variable ones whose variations name them in `Parent`.

Its columns are headed in the shop's language; here they have their English names, and mistakes are told by those of the
file. Source: woocommerce.com/document/product-csv-importer-exporter, "Product CSV Import Schema".
"""

from collections.abc import Iterator, Mapping, Sequence

from app.catalog.imports import escaping, foreign
from app.catalog.imports import woocommerce_words as words
from app.catalog.imports.cells import Cells
from app.catalog.imports.foreign import Record
from app.catalog.imports.rows import Picture, RowError, quoted
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Asked, Terms
from app.kernel.i18n import gettext as _

KEY = "woocommerce"
NAME = "WooCommerce"
SIGNS = frozenset({"ID", "Type", "Regular price"})
COLUMNS = {  # ours → theirs, to tell mistakes
    "sku": "SKU",
    "slug": "Name",
    "producer": "Vendor",
    "category": "Categories",
    "name_it": "Name",
    "description_it": "Description",
    "format_it": "Attribute 1 value(s)",
    "net_quantity": "Attribute 1 value(s)",
    "weight_g": "Weight (kg)",
    "price_eur": "Regular price",
    "stock": "Stock",
    "image": "Images",
    "published": "Published",
}
ATTRIBUTES = tuple(f"Attribute {number} value(s)" for number in range(1, 4))
USED = frozenset(
    {*COLUMNS.values(), *ATTRIBUTES, *(f"Attribute {number} name" for number in range(1, 4))}
    | {"ID", "Type", "Parent", "Short description", "Weight (g)", "In stock?"}
)
SOLD = frozenset({"simple", "variable", "variation"})
CARRIED = ("Name", "Description", "Short description", "Categories", "Images", "Published", "Vendor")


def is_woocommerce(header: Sequence[str]) -> bool:
    return SIGNS.issubset(words.english(header))


def faults(header: Sequence[str], _terms: Terms) -> list[RowError]:
    names, theirs = words.english(header), _theirs(header)
    missing = [RowError(1, name, _("Manca questa colonna.")) for name in ("Name",) if name not in names]
    twice = [
        RowError(1, theirs[name], _("Questa colonna c’è due volte."))
        for name in dict.fromkeys(names)
        if name and names.count(name) > 1
    ]
    return missing + twice


def unused(header: Sequence[str]) -> list[str]:
    return [column for column, name in zip(header, words.english(header), strict=True) if column and name not in USED]


def _theirs(header: Sequence[str]) -> dict[str, str]:
    """English name → as the file has it; of several, the first."""
    return dict(zip(reversed(words.english(header)), reversed(header), strict=True))


def _records(source: Source) -> Iterator[tuple[int, Record]]:
    """As foreign.records, by the English names of the columns."""
    names = dict(zip(source.header, words.english(source.header), strict=True))
    for line, record in foreign.records(source):
        yield line, {names[column]: value for column, value in record.items()}


def asked(source: Source) -> Asked:
    vendors: dict[str, None] = {}
    categories: dict[str, None] = {}
    for _line, record in _records(source):
        if _kind(record) in {"simple", "variable"}:
            vendors[record.get("Vendor", "").strip()] = None
            categories[category_of(record)] = None
    return Asked(list(vendors), list(categories))


def category_of(record: Record) -> str:
    """The first of its categories, with those above it: "Oli > Extravergine"."""
    return record.get("Categories", "").partition(",")[0].strip()


def cells(source: Source, terms: Terms) -> Iterator[Cells | RowError]:
    """Twice through the file: a variation may stand before the product that it is of."""
    parents, theirs = _parents(source), _theirs(source.header)
    columns = {ours: theirs.get(name, name) for ours, name in COLUMNS.items()}
    wished: dict[str, str] = {}
    for line, record in _records(source):
        kind = _kind(record)
        if kind == "variable":
            continue  # sold by its variations
        parent = parents.get(record.get("Parent", "").strip().casefold()) if kind == "variation" else record
        if kind not in SOLD:
            yield RowError(
                line, theirs["Type"], _("Prodotti di questo tipo non li vendiamo: %(name)s.", name=kind[:40])
            )
        elif parent is None:
            said = _("Nel file non c’è il prodotto di questa variante.")
            yield RowError(line, theirs.get("Parent", "Parent"), said, quoted(record.get("Parent")))
        else:
            yield _cells(line, record, parent, terms, wished, columns)


def _kind(record: Record) -> str:
    """ "simple, virtual" is simple."""
    return record.get("Type", "").partition(",")[0].strip().lower()


def _parents(source: Source) -> dict[str, Record]:
    """Variable products, by "id:12" and by SKU."""
    found: dict[str, Record] = {}
    for _line, record in _records(source):
        if _kind(record) == "variable":
            kept = {name: record.get(name, "") for name in ("ID", *CARRIED)}
            found[f"id:{record.get('ID', '').strip()}"] = kept
            if sku := record.get("SKU", "").strip().casefold():
                found[sku] = kept
    return found


def _cells(
    line: int,
    record: Record,
    parent: Record,
    terms: Terms,
    wished: dict[str, str],
    columns: Mapping[str, str],
) -> Cells:
    """wished: slug → ID of the product that has it; two of one name get two addresses. columns: to tell mistakes."""
    number = parent.get("ID", "").strip()
    name = escaping.back(parent.get("Name", "").strip())
    slug = foreign.slug_of(name)
    if wished.setdefault(slug, number) != number:
        slug = f"{slug}-{foreign.slug_of(number)}".strip("-")
    options = [value.strip() for column in ATTRIBUTES if (value := record.get(column, "")) and parent is not record]
    quantity, unit = foreign.net_of(*options, name)
    said = parent.get("Description", "").strip() or parent.get("Short description", "")
    category = category_of(parent)
    if "Weight (g)" in record and not record.get("Weight (kg)"):
        weight = foreign.grams_of(record["Weight (g)"])
    else:
        weight = foreign.grams_of(record.get("Weight (kg)", ""), 1000)
    values = {
        "sku": record.get("SKU", "").strip() or foreign.sku_of("woo", record.get("ID", "") or slug),
        "slug": slug,
        "producer": terms.producer_of(parent.get("Vendor", "").strip()),
        "category": terms.categories.get(category, ""),
        "name_it": name,
        "description_it": foreign.description_of(_with_breaks(escaping.back(said))),
        "format_it": " · ".join(options)[:120],
        "net_quantity": quantity,
        "net_unit": unit,
        "weight_g": weight,
        "price_eur": record.get("Regular price", ""),
        "vat_rate": terms.rates.get(category, ""),
        "stock": foreign.stock_of(record.get("Stock", "")),
        "published": "1" if parent.get("Published", "1").strip() in {"", "1"} else "0",
        "image": "",
    }
    pictures = [*_pictures(parent), *(_pictures(record) if parent is not record else [])]
    return Cells(line, values, columns, written=_written(record, parent), pictures=pictures, is_ours=False)


def _written(record: Record, parent: Record) -> dict[str, str]:
    """Our column → what the file says; pictures are told one by one."""
    return {
        ours: (parent if name in CARRIED else record).get(name, "") for ours, name in COLUMNS.items() if ours != "image"
    }


def _with_breaks(said: str) -> str:
    """WordPress shows a line break where there is one, unless paragraphs are marked; exports write it as \\n."""
    lines = said.replace("\\n", "\n").replace("\r\n", "\n")
    return lines if "<p" in lines.lower() else lines.replace("\n", "<br>")


def _pictures(record: Record) -> list[Picture]:
    return [Picture(address.strip()) for address in record.get("Images", "").split(",") if address.strip()]
