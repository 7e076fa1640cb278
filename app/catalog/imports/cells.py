"""The cells of one line, read as what our columns hold. All mistakes are found, none guessed.

Numbers are exact: "12.50" or "12,50". Texts keep their line breaks where they may have any.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.catalog import seasons
from app.catalog.allergens import NAMES as ANNEX_II
from app.catalog.by_weight import MOST_TOLERANCE, ByWeight
from app.catalog.classes import CLASSES
from app.catalog.facets import CERTIFICATIONS
from app.catalog.imports import escaping, label
from app.catalog.imports.columns import DESIGNATIONS, OF_WEIGHT, REQUIRED
from app.catalog.imports.rows import Picture, Row, RowError, quoted
from app.catalog.imports.source import LONGEST_CELL
from app.catalog.packaging import CODES, MOST_PARTS, PARTS
from app.kernel import formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount

LONGEST_TEXT = 4000
MOST_PICTURES = 20
LONGEST_SOURCE = 500
DEAREST_MINOR = 10_000_000
MOST_NET = 1_000_000
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RATE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would turn what stands around them
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Cells:
    """cells: by our columns. columns: our column → the file's, where it has another name. written: our column → what
    the file says there, where `cells` is made of it. is_ours: our own format.
    """

    def __init__(
        self,
        line: int,
        cells: Mapping[str, str],
        columns: Mapping[str, str] | None = None,
        *,
        written: Mapping[str, str] | None = None,
        pictures: Sequence[Picture] | None = None,
        is_ours: bool = True,
    ) -> None:
        self.line = line
        self.cells = cells
        self.columns = dict(columns or {})
        self.written = cells if written is None else written
        self.pictures = pictures
        self.is_ours = is_ours
        self.errors: list[RowError] = []
        for column, value in cells.items():
            if len(value) > LONGEST_CELL:
                self.wrong(column, _("È troppo lungo: al massimo %(most)s caratteri.", most=LONGEST_CELL))

    def row(self) -> Row:
        """The row; worth nothing when there are errors."""
        low_at = self.number("low_stock_at", 0, 100_000)
        food, safety = self.sheet()
        terms = self.by_weight()
        return Row(
            line=self.line,
            sku=self.like("sku", _SKU),
            slug=self.like("slug", _SLUG, longest=120),
            producer=self.text("producer", longest=120),
            category=self.text("category", longest=80),
            name=self.texts("name", longest=120, required=True),
            description=self.texts("description", lines=True),
            format=self.texts("format", longest=120),
            designation=self.one_of("designation", DESIGNATIONS) or None,
            net_amount=self.net_amount(terms),
            net_unit=self.one_of("net_unit", ("g", "ml", "piece"), required=True),
            drained_amount=self.number("drained_quantity", 1, MOST_NET),
            weight_g=self.number("weight_g", 0, 100_000) or 0,
            price_minor=terms.estimate_minor if terms and self.is_empty("price_eur") else self.price("price_eur"),
            vat_rate=self.rate("vat_rate"),
            by_weight=terms,
            food=food,
            safety=safety,
            product_class=self.one_of("product_class", tuple(CLASSES)) or None,
            packaging=self.packaging(),
            certifications=self.words("certifications", CERTIFICATIONS),
            tags=list(dict.fromkeys(self.text("tags").split())),
            seo={
                "title": self.texts("seo_title", longest=70, needs_italian=False),
                "description": self.texts("seo_description", longest=160, needs_italian=False),
            },
            season_mask=self.season(),
            pictures=self.named_pictures(),
            stock=self.number("stock", 0, 100_000) or 0,
            low_at=low_at,
            is_featured=self.flag("featured"),
            is_published=self.cells.get("published", "").strip() == "" or self.flag("published"),
            given=frozenset(self.cells),
            is_ours=self.is_ours,
            columns=self.columns,
            written=self.written,
        )

    def sheet(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What models.Product.food and .safety say; what the file does not tell is left out."""
        told: dict[str, Any] = {
            "shelf_life_days": self.number("shelf_life_days", 0, 36_500),
            "min_residual_days": self.number("min_residual_days", 0, 36_500),
            "date_type": self.one_of("date_type", ("TMC", "scadenza", "nessuna")),
            "ship_temp": self.one_of("ship_temp", ("ambiente", "fresco", "refrigerato", "surgelato")) or "ambiente",
            "alcohol_abv": self.rate("alcohol_abv"),
            "min_age": self.number("min_age", 0, 99),
            "withdrawal": self.one_of("withdrawal", ("art59_c", "art59_d", "art59_e")),
            # 1 says what the label says anyway; 0 asks that buyers be told more than the law wants (perishable.py).
            "omnibus_protected": self.asks_for_more(),
        }
        texts = {name: self.texts(name, lines=True) for name in ("ingredients", "storage", "origin")}
        for locale, text in texts["ingredients"].items():
            if text.count("*") % 2:
                said = _("Gli allergeni stanno fra due *asterischi*: qui ne manca uno.")
                self.wrong(f"ingredients_{locale}", said)
        allergens = self.text("allergens").split()
        if unknown := sorted(set(allergens) - set(ANNEX_II)):
            self.wrong("allergens", _("Questo allergene non è nell’elenco: %(name)s.", name=", ".join(unknown)))
        provinces = self.text("provinces").upper().split()
        kept = {name: value for name, value in told.items() if value not in (None, "")}
        more, safety = self.label()
        return {**texts, "allergens": allergens, "provinces": provinces, **kept, **more}, safety

    def asks_for_more(self) -> bool | None:
        """Whether buyers of what spoils are to be told the lowest price all the same; None: it says nothing of it."""
        is_perishable = self.flag("omnibus_perishable")
        return True if not is_perishable and not self.is_empty("omnibus_perishable") else None

    def by_weight(self) -> ByWeight | None:
        """How it is sold by its real weight; None at a fixed price, or with a mistake."""
        if not self.flag("by_weight"):
            for column in OF_WEIGHT:
                if not self.is_empty(column):
                    said = _("Vale solo per i prodotti a peso: scrivi 1 in by_weight, o lascia vuota questa cella.")
                    self.wrong(column, said)
            return None
        before = len(self.errors)
        kg_price = self.price("kg_price_eur")
        grams = self.number("net_quantity" if self.is_empty("estimated_g") else "estimated_g", 1, MOST_NET, due=True)
        tolerance = self.number("tolerance_percent", 1, MOST_TOLERANCE)
        if self.is_empty("tolerance_percent"):
            self.wrong("tolerance_percent", _("Scrivi di quanto può cambiare il peso, per esempio 10"))
        if self.text("net_unit") not in {"", "g"}:  # an empty one is told as ever
            self.wrong("net_unit", _("A peso si vendono solo prodotti in grammi."))
        if not self.is_empty("drained_quantity"):
            self.wrong("drained_quantity", _("Un prodotto a peso non ha il peso sgocciolato."))
        if len(self.errors) > before:
            return None
        terms = ByWeight(kg_price, grams or 0, tolerance or 0)
        if not 0 < terms.estimate_minor <= DEAREST_MINOR:
            said = _("Con questo peso il pezzo costerebbe meno di un centesimo, o più di 100.000.")
            self.wrong("kg_price_eur", said)
            return None
        return terms

    def net_amount(self, terms: ByWeight | None) -> int:
        """Of goods by weight it is the estimate: the cell may be empty, but says nothing else."""
        if terms and self.is_empty("net_quantity"):
            return terms.estimated_g
        amount = self.number("net_quantity", 1, MOST_NET) or 0
        if terms and amount and amount != terms.estimated_g:
            said = _("Di un prodotto a peso la quantità netta è il peso stimato: scrivi lo stesso numero.")
            self.wrong("net_quantity", said)
        return amount

    def label(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The particulars that have no column of their own: (of food, of other goods)."""
        try:
            return label.read(self.cells.get("label", ""))
        except ValueError as fault:
            self.wrong("label", str(fault))
            return {}, {}

    def packaging(self) -> list[dict[str, str]]:
        """ "bottiglia:GL 71|tappo:FOR 51" as parts and codes."""
        pairs = [pair.partition(":") for pair in self.text("packaging").split("|") if pair.strip()]
        parts = [{"part": part.strip(), "code": code.strip()} for part, _colon, code in pairs]
        if len(parts) > MOST_PARTS or any(p["part"] not in PARTS or p["code"] not in CODES for p in parts):
            self.wrong("packaging", _("Scrivi parti e codici così: bottiglia:GL 71|tappo:FOR 51."))
        return parts

    def words(self, column: str, known: Mapping[str, Any]) -> list[str]:
        found = self.text(column).split()
        if unknown := [word for word in found if word not in known]:
            said = _("Scrivi una di queste voci: %(values)s.", values=", ".join(known))
            self.wrong(column, f"{unknown[0]:.40}: {said}")
        return found

    def named_pictures(self) -> tuple[Picture, ...]:
        """In order; the first is the main one. Addresses are taken with https only."""
        named = self.pictures
        if named is None:
            named = [Picture(name.strip()) for name in self.text("image").split("|") if name.strip()]
        for each in named:
            if len(each.source) > LONGEST_SOURCE:
                said = _("È troppo lungo: al massimo %(most)s caratteri.", most=LONGEST_SOURCE)
                self.wrong("image", said, each.source)
            elif _SCHEME.match(each.source) and not each.source.lower().startswith("https://"):
                self.wrong("image", _("Le immagini si prendono solo da indirizzi https."), each.source)
        if len(named) > MOST_PICTURES:
            said = _("Un prodotto può avere al massimo %(most)s immagini.", most=MOST_PICTURES)
            self.wrong("image", said)
        return tuple(dict.fromkeys(named))

    def wrong(self, column: str, sentence: str, cell: str | None = None) -> None:
        """cell: the part of it that is meant; else what the file says there."""
        cell = self.written.get(column) if cell is None else cell
        self.errors.append(RowError(self.line, self.columns.get(column, column), sentence, quoted(cell)))

    def text(self, column: str, *, longest: int = LONGEST_TEXT, lines: bool = False) -> str:
        """A cell of text. In our own format one that a spreadsheet would run as a formula is refused: it is written
        with ' in front, which is taken back.
        """
        raw = _DIRECTIONS.sub("", self.cells.get(column, "").replace("\0", ""))
        raw = raw.replace("\r\n", "\n")
        is_formula = self.is_ours and escaping.is_formula(raw)
        value = escaping.back(raw).replace("\r", "\n").replace("\t", " ").strip()
        value = value if lines else value.replace("\n", " ")
        if is_formula:
            said = _("Un testo non può cominciare così: un foglio di calcolo lo prenderebbe per una formula.")
            self.wrong(column, said)
        elif len(value) > longest:
            self.wrong(column, _("È troppo lungo: al massimo %(most)s caratteri.", most=longest))
        elif _CONTROL.search(value):
            self.wrong(column, _("Contiene caratteri che non si possono leggere."))
        return value

    def texts(
        self,
        stem: str,
        *,
        longest: int = LONGEST_TEXT,
        lines: bool = False,
        required: bool = False,
        needs_italian: bool = True,
    ) -> dict[str, str]:
        found = {locale: self.text(f"{stem}_{locale}", longest=longest, lines=lines) for locale in LOCALES}
        if not found["it"] and (required or (needs_italian and any(found.values()))):
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

    def is_empty(self, column: str) -> bool:
        return not self.cells.get(column, "").strip()

    def number(self, column: str, least: int, most: int, *, due: bool = False) -> int | None:
        """A whole number; None for an empty cell, which required columns may not have. due: here neither."""
        value = self.cells.get(column, "").strip()
        if not value and not due and column not in REQUIRED:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            highest = formats.number(most, current_locale())
            self.wrong(column, _("Scrivi un numero intero da %(least)s a %(most)s.", least=least, most=highest))
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

    def price(self, column: str) -> int:
        written = re.sub(r"^([0-9]+[.,][0-9]{2})0+$", r"\1", self.cells.get(column, "").strip())
        try:
            price = parse_amount(written, "EUR")
        except ValueError as fault:
            self.wrong(column, str(fault))
            return 0
        if not 0 < price <= DEAREST_MINOR:
            self.wrong(column, _("Il prezzo deve stare fra 0,01 e 100.000 euro."))
        return price

    def season(self) -> int:
        """A bit for each month, January is bit 0; an empty cell is the whole year."""
        months = self.cells.get("season_months", "").split()
        if any(not re.fullmatch(r"[1-9]|1[0-2]", month) for month in months):
            self.wrong("season_months", _("Scrivi i mesi come numeri da 1 a 12, con uno spazio in mezzo."))
            return seasons.ALWAYS
        return seasons.mask_of(map(int, months))
