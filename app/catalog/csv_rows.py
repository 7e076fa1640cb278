"""Read our product CSV: one row per variant; rows of one product share its slug. All mistakes are found, none guessed.

The columns are those of app/demo/data/tavola/products.csv. Texts stand in `name_it`, `name_en`, …; Italian comes first.
UTF-8 (with or without its mark) or Windows-1252; commas or semicolons. Numbers are exact: "12.50" or "12,50".
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.catalog import seasons
from app.catalog.allergens import NAMES as ANNEX_II
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount

MOST_BYTES = 8_000_000
MOST_ROWS = 10_000
LONGEST_CELL = 4000
REQUIRED = (
    "sku",
    "slug",
    "producer",
    "category",
    "name_it",
    "net_quantity",
    "net_unit",
    "weight_g",
    "price_eur",
    "vat_rate",
)
TEXTS = ("name", "description", "format", "ingredients", "storage", "origin")
OTHERS = (
    *("designation", "drained_quantity", "vat_verify", "allergens", "shelf_life_days", "min_residual_days"),
    *("date_type", "ship_temp", "alcohol_abv", "min_age", "omnibus_perishable", "withdrawal", "season_months"),
    *("provinces", "image", "stock", "low_stock_at", "featured"),
)
COLUMNS = frozenset({*REQUIRED, *(f"{text}_{locale}" for text in TEXTS for locale in LOCALES), *OTHERS})
DESIGNATIONS = ("DOP", "IGP", "DOC", "DOCG", "IGT", "PAT")
LOW_AT = 3
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RATE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class RowError:
    """What is wrong in one cell. line: as an editor counts, the header is 1; column: "" for the line as a whole."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """One variant and its product, as the file says. Texts are locale → text; prices minor units of EUR."""

    line: int
    sku: str
    slug: str
    producer: str
    category: str
    name: dict[str, str]
    description: dict[str, str]
    format: dict[str, str]
    designation: str | None
    net_amount: int
    net_unit: str
    drained_amount: int | None
    weight_g: int
    price_minor: int
    vat_rate: str
    food: dict[str, Any]
    season_mask: int
    image: str
    stock: int
    low_at: int
    is_featured: bool
    given: frozenset[str]  # the columns of the file: what it has no column for stays as it is

    @property
    def product_facts(self) -> tuple[Any, ...]:
        """What all rows of one product must agree on."""
        return (self.producer, self.category, self.name, self.description, self.designation, self.food)


def read_rows(body: bytes) -> tuple[list[Row], list[RowError]]:
    """The rows that are well formed, and every mistake of the others. What needs the shop is judged later."""
    try:
        text = _decoded(body)
        header, lines = _table(text)
    except ValueError as fault:
        return [], [RowError(1, "", str(fault))]
    errors = _header_errors(header)
    if errors:
        return [], errors
    rows: list[Row] = []
    for line, cells in lines:
        if len(cells) != len(header):
            said = _("La riga ha %(found)s celle, l’intestazione %(wanted)s.", found=len(cells), wanted=len(header))
            errors.append(RowError(line, "", said))
            continue
        cell_reader = _Cells(line, dict(zip(header, cells, strict=True)))
        row = cell_reader.row()
        errors += cell_reader.errors
        if not cell_reader.errors:
            rows.append(row)
    return _without_duplicates(rows, errors)


def _decoded(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        raise ValueError(_("Il file è troppo grande: al massimo %(most)s MB.", most=MOST_BYTES // 1_000_000))
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body:
        raise ValueError(_("Il file non è un CSV di testo: salvalo come «CSV UTF-8»."))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(_("Non riusciamo a leggere le lettere del file: salvalo come «CSV UTF-8»."))


def _table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and (line, cells) of what follows; empty lines are skipped. Raises ValueError."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    line = 1
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return header, lines
            if any(cells):
                lines.append((line, cells))
            if len(lines) > MOST_ROWS:
                raise ValueError(_("Ci sono troppe righe: al massimo %(most)s.", most=MOST_ROWS))
    except csv.Error as fault:
        raise ValueError(
            _("Alla riga %(line)s le virgolette non tornano, o una cella è troppo lunga.", line=line)
        ) from fault


def _header_errors(header: list[str]) -> list[RowError]:
    missing = [RowError(1, name, _("Manca questa colonna.")) for name in REQUIRED if name not in header]
    unknown = [RowError(1, name, _("Non conosciamo questa colonna.")) for name in header if name not in COLUMNS]
    twice = [RowError(1, name, _("Questa colonna c’è due volte.")) for name in set(header) if header.count(name) > 1]
    return missing + unknown + twice


def _without_duplicates(rows: list[Row], errors: list[RowError]) -> tuple[list[Row], list[RowError]]:
    """Refuse a SKU met before, and a slug that an earlier row gave to another product."""
    skus: dict[str, int] = {}
    slugs: dict[str, Row] = {}
    good: list[Row] = []
    for row in rows:
        if row.sku in skus:
            errors.append(RowError(row.line, "sku", _("Questo codice c’è già alla riga %(line)s.", line=skus[row.sku])))
        elif slugs.setdefault(row.slug, row).product_facts != row.product_facts:
            said = _("Alla riga %(line)s questo indirizzo è di un altro prodotto.", line=slugs[row.slug].line)
            errors.append(RowError(row.line, "slug", said))
        else:
            skus[row.sku] = row.line
            good.append(row)
    return good, sorted(errors, key=lambda error: error.line)


class _Cells:
    """The cells of one line, and the mistakes found while reading them."""

    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        self.line = line
        self.cells = cells
        self.errors: list[RowError] = []

    def row(self) -> Row:
        """The row; worth nothing when there are errors."""
        low_at = self.number("low_stock_at", 0, 100_000)
        return Row(
            line=self.line,
            sku=self.like("sku", _SKU),
            slug=self.like("slug", _SLUG, longest=120),
            producer=self.text("producer", longest=120),
            category=self.text("category", longest=80),
            name=self.texts("name", longest=120, required=True),
            description=self.texts("description"),
            format=self.texts("format", longest=120),
            designation=self.one_of("designation", DESIGNATIONS) or None,
            net_amount=self.number("net_quantity", 1, 1_000_000) or 0,
            net_unit=self.one_of("net_unit", ("g", "ml", "piece"), required=True),
            drained_amount=self.number("drained_quantity", 1, 1_000_000),
            weight_g=self.number("weight_g", 0, 100_000) or 0,
            price_minor=self.price(),
            vat_rate=self.rate("vat_rate"),
            food=self.food(),
            season_mask=self.season(),
            image=self.text("image", longest=80),
            stock=self.number("stock", 0, 100_000) or 0,
            low_at=LOW_AT if low_at is None else low_at,
            is_featured=self.flag("featured"),
            given=frozenset(self.cells),
        )

    def food(self) -> dict[str, Any]:
        """What models.Product.food says; what the file does not tell is left out."""
        allergens = self.text("allergens").split()
        if unknown := sorted(set(allergens) - set(ANNEX_II)):
            self.wrong("allergens", _("Questo allergene non è nell’elenco: %(name)s.", name=", ".join(unknown)))
        told: dict[str, Any] = {
            "shelf_life_days": self.number("shelf_life_days", 0, 36_500),
            "min_residual_days": self.number("min_residual_days", 0, 36_500),
            "date_type": self.one_of("date_type", ("TMC", "scadenza", "nessuna")),
            "ship_temp": self.one_of("ship_temp", ("ambiente", "fresco", "refrigerato", "surgelato")) or "ambiente",
            "alcohol_abv": self.rate("alcohol_abv"),
            "min_age": self.number("min_age", 0, 99),
            "withdrawal": self.one_of("withdrawal", ("art59_d", "art59_e")),
            "omnibus_perishable": self.flag("omnibus_perishable"),
        }
        texts = {name: self.texts(name) for name in ("ingredients", "storage", "origin")}
        for locale, text in texts["ingredients"].items():
            if text.count("*") % 2:
                said = _("Gli allergeni stanno fra due *asterischi*: qui ne manca uno.")
                self.wrong(f"ingredients_{locale}", said)
        provinces = self.text("provinces").upper().split()
        kept = {name: value for name, value in told.items() if value not in (None, "")}
        return {**texts, "allergens": allergens, "provinces": provinces, **kept}

    def wrong(self, column: str, sentence: str) -> None:
        self.errors.append(RowError(self.line, column, sentence))

    def text(self, column: str, *, longest: int = LONGEST_CELL) -> str:
        """A cell of text. One that a spreadsheet would run as a formula is refused."""
        raw = self.cells.get(column, "")
        value = " ".join(raw.split())
        if raw.startswith(("=", "+", "-", "@", "\t", "\r")):
            said = _("Un testo non può cominciare così: un foglio di calcolo lo prenderebbe per una formula.")
            self.wrong(column, said)
        elif len(value) > longest:
            self.wrong(column, _("È troppo lungo: al massimo %(most)s caratteri.", most=longest))
        elif _CONTROL.search(raw):
            self.wrong(column, _("Contiene caratteri che non si possono leggere."))
        return value

    def texts(self, stem: str, *, longest: int = LONGEST_CELL, required: bool = False) -> dict[str, str]:
        found = {locale: self.text(f"{stem}_{locale}", longest=longest) for locale in LOCALES}
        if not found["it"] and (required or any(found.values())):
            self.wrong(f"{stem}_it", _("Manca il testo in italiano."))
        return {locale: text for locale, text in found.items() if text}

    def like(self, column: str, pattern: re.Pattern[str], *, longest: int = 60) -> str:
        value = self.text(column)
        if not pattern.fullmatch(value) or len(value) > longest:
            said = _("Scrivilo con lettere senza accento, cifre e trattini, al massimo %(most)s segni.", most=longest)
            self.wrong(column, said)
        return value

    def one_of(self, column: str, values: tuple[str, ...], *, required: bool = False) -> str:
        value = self.text(column)
        if (value or required) and value not in values:
            self.wrong(column, _("Scrivi una di queste voci: %(values)s.", values=", ".join(values)))
        return value

    def number(self, column: str, least: int, most: int) -> int | None:
        """A whole number; None for an empty cell, which required columns may not have."""
        value = self.cells.get(column, "").strip()
        if not value and column not in REQUIRED:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            said = _("Scrivi un numero intero da %(least)s a %(most)s.", least=least, most=most)
            self.wrong(column, said)
            return None
        return int(value)

    def flag(self, column: str) -> bool:
        value = self.cells.get(column, "").strip()
        if value not in {"", "0", "1"}:
            self.wrong(column, _("Scrivi 0 oppure 1."))
        return value == "1"

    def rate(self, column: str) -> str:
        """An exact percentage in its shortest writing, "" for none: "4.0" → "4"."""
        value = self.cells.get(column, "").strip().replace(",", ".")
        if not value and column not in REQUIRED:
            return ""
        if not _RATE.fullmatch(value):
            self.wrong(column, _("Scrivi una percentuale, per esempio 4 oppure 13,5."))
            return ""
        whole, point, rest = value.partition(".")
        rest = rest.rstrip("0")
        return str(Decimal(whole)) + (point + rest if rest else "")

    def price(self) -> int:
        try:
            price = parse_amount(self.cells.get("price_eur", ""), "EUR")
        except ValueError as fault:
            self.wrong("price_eur", str(fault))
            return 0
        if not 0 < price <= 10_000_000:
            self.wrong("price_eur", _("Il prezzo deve stare fra 0,01 e 100.000 euro."))
        return price

    def season(self) -> int:
        """A bit for each month, January is bit 0; an empty cell is the whole year."""
        months = self.cells.get("season_months", "").split()
        if any(not re.fullmatch(r"[1-9]|1[0-2]", month) for month in months):
            self.wrong("season_months", _("Scrivi i mesi come numeri da 1 a 12, con uno spazio in mezzo."))
            return seasons.ALWAYS
        return seasons.mask_of(map(int, months))
