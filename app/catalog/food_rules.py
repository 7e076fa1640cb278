"""What the law asks of edibles beyond the particulars of their class (law.md 1.2). Pure; each yields what it misses."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

from app.catalog import lint, nutrition
from app.catalog.allergens import NAMES as ALLERGENS
from app.catalog.classes import ALCOHOL_FROM, BREAKFAST, strength
from app.catalog.facts import Missing, ProductFacts, SellerFacts
from app.catalog.particulars import PARTICULARS
from app.catalog.search import fold
from app.kernel.i18n import gettext as _

ADULT = 18
DATED_BELOW = 10  # % vol: below, a drink has a date (Annex X Reg. 1169/2011)
WHOLE = Decimal(100)
LAST_BEFORE_WINE_LABELS = 2023  # harvests made into wine before 8 December 2023 (Reg. (EU) 2021/2117, art. 5(8))
_CITRUS = re.compile(r"\b(?:agrum|aranc|limon|mandarin|clementin|pompelm|bergamott|cedr|chinott|lime)")
_BEEF = re.compile(r"\b(?:bovin|vitell|manz|bue)")


def allergens(product: ProductFacts) -> Iterator[Missing]:
    """Declared and emphasised are the same, in every language that there is (art. 21; L11)."""
    declared = set(product.sheet.get("allergens") or ())
    texts = product.sheet.get("ingredients") or {}
    for locale, text in texts.items():
        where = f"ingredients_{locale}"
        if text.count("*") % 2:
            yield Missing("L11", _("Gli allergeni stanno fra due *asterischi*: qui ne manca uno."), where)
            continue
        named = {key for piece in lint.marked(text) if (key := lint.allergen_of(piece))}
        for key in sorted(declared - named):
            said = _("Segna fra *asterischi* dove c’è: %(name)s.", name=ALLERGENS.get(key, key))
            yield Missing("L11", said, where)
        for key in sorted(named - declared):
            said = _("È fra gli ingredienti ma non fra gli allergeni: %(name)s.", name=ALLERGENS[key])
            yield Missing("L11", said, "allergens")


def energy(product: ProductFacts, seller: SellerFacts) -> Iterator[Missing]:
    """Seven figures, or a lawful reason for none (L12). Wine has a regime of its own (L17)."""
    given, reason = nutrition.figures(product.sheet.get("nutrition")), product.said("nutrition_exempt")
    if given:
        for key, sentence in nutrition.faults(product.sheet.get("nutrition")):
            yield Missing("L12", sentence, f"nutrition_{key}")
        return
    if product.product_class.key == "vino":
        vintage = product.said("vintage")
        is_older = vintage.isdecimal() and int(vintage) <= LAST_BEFORE_WINE_LABELS
        if not (reason == "ante-2023" and is_older):
            yield Missing("L17", _("Dal 2024 il vino dice valori nutrizionali e ingredienti."), "nutrition_kj")
    elif product.product_class.needs_nutrition and not reason and not seller.is_small:
        yield Missing("L12", _("Scrivi i valori nutrizionali, o il motivo per cui non servono."), "nutrition_kj")


def days(product: ProductFacts) -> Iterator[Missing]:
    """Which date there is on the label; with one, the days left at delivery are promised before (L13)."""
    kind, said = product.product_class, product.said("date_type").lower()
    if kind.is_dated and not said:
        yield Missing("L13", _("Scegli quale data c’è in etichetta."), "date_type")
    vol = strength(product.sheet)
    is_weak = kind.key == "alcolico" and vol is not None and vol < DATED_BELOW
    if said not in {"tmc", "scadenza"}:
        if (said and kind.is_dated and not kind.may_be_undated) or is_weak:
            yield Missing("L13", _("Questo alimento vuole una data: TMC o scadenza."), "date_type")
        return
    life, left = product.number("shelf_life_days"), product.number("min_residual_days")
    if not life:
        yield Missing("L13", _("Scrivi quanti giorni dura dal confezionamento."), "shelf_life_days")
    if not left:
        yield Missing("L13", _("Scrivi quanti giorni garantisci dalla consegna."), "min_residual_days")
    elif life and left > life:
        yield Missing("L13", _("Garantisci più giorni di quanti ne dura."), "min_residual_days")


def alcohol(product: ProductFacts) -> Iterator[Missing]:
    """Sold from 18 years on (L18)."""
    vol = strength(product.sheet)
    if vol is not None and not 0 <= vol <= WHOLE:
        yield Missing("L17", _("Il titolo alcolometrico sta fra 0 e 100."), "alcohol_abv")
    elif vol is not None and vol > ALCOHOL_FROM and product.number("min_age") < ADULT:
        yield Missing("L18", _("L’alcol si vende dai 18 anni: scrivi 18."), "min_age")


def wine(product: ProductFacts) -> Iterator[Missing]:
    """Above 10 mg/l sulphites are declared; below, somebody says so (Annex II Reg. 1169/2011; L17)."""
    if product.product_class.key != "vino":
        return
    declared = "solfiti" in (product.sheet.get("allergens") or ())
    if not declared and not product.has("no_sulphites"):
        yield Missing("L17", str(PARTICULARS["no_sulphites"].ask), "allergens")
    if declared and product.has("no_sulphites"):
        yield Missing("L17", _("I solfiti sono fra gli allergeni: allora non sono sotto i 10 mg/l."), "no_sulphites")


def pieces(product: ProductFacts, units: Iterable[str]) -> Iterator[Missing]:
    """Food is sold by weight or volume, so that it has a unit price, unless the law lets it go without (L7)."""
    if "piece" in units and not product.product_class.is_counted and not product.has("unit_price_exempt"):
        said = _("A pezzo non ha un prezzo al chilo: scrivi grammi o millilitri, o il motivo per cui non serve.")
        yield Missing("L7", said, "unit_price_exempt")


def honey(product: ProductFacts, on: date) -> Iterator[Missing]:
    """Each country with its share, in falling order (Dir. (EU) 2024/1438; L15)."""
    if product.product_class.key == "miele" and on >= BREAKFAST and product.has("origins"):
        yield from shares(product, "origins", "L15")


def shares(product: ProductFacts, name: str, rule: str) -> Iterator[Missing]:
    """Pairs of a word and its percentage, in falling order, that come to 100."""
    try:
        parts = [Decimal(str(percent)) for _word, percent in product.sheet.get(name) or ()]
    except (InvalidOperation, ValueError, TypeError):
        yield Missing(rule, _("Scrivi ogni voce con la sua percentuale."), name)
        return
    if sum(parts) != WHOLE or min(parts, default=WHOLE) <= 0:
        yield Missing(rule, _("Le percentuali insieme devono fare 100."), name)
    elif parts != sorted(parts, reverse=True):
        yield Missing(rule, _("Comincia dalla percentuale più grande."), name)


def jam(product: ProductFacts, on: date) -> Iterator[Missing]:
    """How much fruit a jam's name promises; what may be called marmalade (Dir. 2001/113 as of 2024/1438; L15)."""
    if product.product_class.key != "confettura":
        return
    name = fold(product.name.get("it", ""))
    fruit = product.number("fruit_g")
    if "marmellata" in name:
        if on >= BREAKFAST and not _CITRUS.search(name):
            yield Missing("L15", _("La marmellata è di agrumi: con altra frutta si chiama confettura."), "name_it")
        least = 20
    elif on >= BREAKFAST:
        least = 50 if "extra" in name else 45
    else:
        least = 45 if "extra" in name else 35
    if fruit and not least <= fruit <= WHOLE * 3:
        said = _("Con questo nome servono almeno %(least)s g di frutta ogni 100 g.", least=least)
        yield Missing("L15", said, "fruit_g")


def origin(product: ProductFacts) -> Iterator[Missing]:
    """Particulars that only some need: gear of what was caught, birth of beef, variety of graded produce (L15)."""
    kind = product.product_class.key
    if kind == "pesce" and product.said("catch_method") in {"pescato", "acque-dolci"} and not product.has("gear"):
        yield Missing("L15", _("Scrivi l’attrezzo da pesca."), "gear")
    said = fold(f"{product.name.get('it', '')} {product.said('ingredients')}")
    if kind == "carne" and _BEEF.search(said) and not product.has("born_in"):
        yield Missing("L15", _("Scrivi dove è nato."), "born_in")
    graded = product.said("quality_class") in {"extra", "I", "II"}
    if kind == "ortofrutta" and graded and not product.has("variety"):
        yield Missing("L15", _("Scrivi la varietà."), "variety")


def unmarked(product: ProductFacts) -> Iterator[Missing]:
    """Hints: words that look like allergens and stand there unmarked (L11)."""
    for locale, text in (product.sheet.get("ingredients") or {}).items():
        for word, key in lint.unmarked(text):
            said = _("“%(word)s” sembra un allergene (%(name)s): se lo è, mettilo fra *asterischi*.",
                     word=word, name=ALLERGENS[key])  # fmt: skip
            yield Missing("L11", said, f"ingredients_{locale}")
