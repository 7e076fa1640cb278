"""Product classes, and which particulars each must have before it can be sold (law.md 1.7). Data, with its dates.

A product's class is its own, else that of its category, else `alimento`; a drink with more than 1.2 % vol without a
class of its own counts as `alcolico`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.support import LazyProxy

from app.kernel.i18n import lazy_gettext as _l

PLAIN = "alimento"
ALCOHOL_FROM = Decimal("1.2")  # % vol


@dataclass(frozen=True)
class Need:
    """A particular that is due from a day on; always, without one."""

    name: str
    since: date | None = None

    def is_due(self, on: date) -> bool:
        return self.since is None or on >= self.since


@dataclass(frozen=True)
class ProductClass:
    """needs: without these nothing is sold. also: what else its sheet asks. marked: needs an approval mark (Reg. 853).

    is_food decides which laws look at it; is_dated: sold with a date and a promise of days left (L13); may_be_undated:
    some of it needs no date (Annex X Reg. 1169/2011: bread of the day, vinegar, sugar). is_counted: its quantity is a
    number of pieces (L7).
    """

    key: str
    name: LazyProxy
    is_food: bool
    needs: tuple[Need, ...]
    also: tuple[str, ...] = ()
    is_dated: bool = False
    is_marked: bool = False
    needs_nutrition: bool = False
    may_be_undated: bool = False
    is_counted: bool = False

    def due(self, on: date) -> Iterator[str]:
        """The names of the particulars that are due on a day."""
        return (need.name for need in self.needs if need.is_due(on))

    @property
    def asked(self) -> tuple[str, ...]:
        """All particulars of its sheet, in the order of the form."""
        return tuple(dict.fromkeys([*(need.name for need in self.needs), *self.also]))


def _needs(*names: str | Need) -> tuple[Need, ...]:
    return tuple(name if isinstance(name, Need) else Need(name) for name in names)


_LABEL = ("ingredients", "storage", "origin")
_FOOD_TOO = (
    *("legal_name", "allergens", "instructions", "ship_temp", "withdrawal", "unit_price_exempt", "omnibus_protected"),
)
_DAYS = ("date_type", "shelf_life_days", "min_residual_days")
_NUTRITION = ("nutrition", "nutrition_exempt")
_WHO = ("maker", "maker_address", "maker_contact", "model", "warnings")
_GPSR = tuple(Need(name, since=date(2024, 12, 13)) for name in _WHO)  # Reg. (EU) 2023/988, art. 52
_OUTSIDE = ("is_from_outside", "responsible", "withdrawal")
BREAKFAST = date(2026, 6, 14)  # Dir. (EU) 2024/1438; D.Lgs. 207/2025


def _food(
    key: str,
    name: LazyProxy,
    *more: str | Need,
    is_marked: bool = False,
    needs_nutrition: bool = True,
    may_be_undated: bool = False,
    is_counted: bool = False,
) -> ProductClass:
    """A prepacked food with a date."""
    also = ("primary_origin", *_FOOD_TOO, *_DAYS, *_NUTRITION)
    return ProductClass(
        key, name, True, _needs(*_LABEL, *more), also, True, is_marked, needs_nutrition, may_be_undated, is_counted
    )  # fmt: skip


def _good(key: str, name: LazyProxy, *more: str | Need, also: tuple[str, ...] = ()) -> ProductClass:
    """A consumer product that is no food: general product safety, and what its kind asks."""
    return ProductClass(key, name, False, (*_GPSR, *_needs(*more)), (*also, *_OUTSIDE))


_ALL = (
    _food(PLAIN, _l("Alimento confezionato"), may_be_undated=True),
    _food("forno", _l("Pane, pasta e dolci"), may_be_undated=True),
    _food("latticino", _l("Latte e formaggi"), is_marked=True),
    _food("salume", _l("Salumi"), is_marked=True),
    _food("conserva-pesce", _l("Pesce conservato"), is_marked=True),
    _food("olio", _l("Olio extravergine")),
    _food("aceto", _l("Aceti e condimenti"), may_be_undated=True),
    _food("miele", _l("Miele"), Need("origins", since=BREAKFAST)),
    _food("confettura", _l("Confetture e marmellate"), "fruit_g"),
    _food("carne", _l("Carne fresca"), "raised_in", "slaughtered_in", is_marked=True),
    _food("pesce", _l("Pesce e molluschi freschi"), "scientific_name", "catch_method", "catch_area", is_marked=True,
          needs_nutrition=False),
    _food("uova", _l("Uova"), "hens", "egg_code", is_marked=True, needs_nutrition=False,
          is_counted=True),
    ProductClass("sale", _l("Sale e spezie"), True, _needs(*_LABEL), (*_FOOD_TOO, *_NUTRITION), needs_nutrition=True),
    ProductClass("ortofrutta", _l("Frutta e verdura fresca"), True, _needs("storage", "origin", "quality_class"),
                 ("variety", "ingredients", *_FOOD_TOO, "shelf_life_days", "min_residual_days")),
    ProductClass("sfuso", _l("Alimento sfuso"), True, _needs("ingredients"), (*_FOOD_TOO, "storage", "origin")),
    ProductClass("vino", _l("Vino"), True, _needs("ingredients", "storage", "origin", "alcohol_abv", "min_age",
                                                  "vintage", "bottler"),
                 ("no_sulphites", *_FOOD_TOO, *_NUTRITION), needs_nutrition=True),
    ProductClass("alcolico", _l("Birra e altre bevande alcoliche"), True,
                 _needs("storage", "origin", "alcohol_abv", "min_age"), ("ingredients", *_FOOD_TOO, *_DAYS)),
    _good("articolo", _l("Altro articolo, non alimentare")),
    _good("calzatura", _l("Calzature"), "upper", "lining", "sole"),
    _good("tessile", _l("Abbigliamento e tessili"), "fibres"),
    _good("gioiello", _l("Gioielli"), "metal", "fineness", "maker_mark", "metal_limits", "stones"),
    _good("olio-essenziale", _l("Oli essenziali (CLP)"), "botanical", "signal", also=("pictograms", "hazards")),
    _good("cosmetico", _l("Cosmetici"), "inci", "responsible",
          Need("fragrance_allergens", since=date(2026, 7, 31))),  # Reg. (EU) 2023/1545, new products
    ProductClass("confezione-regalo", _l("Confezione regalo"), True, _needs("contents", *_LABEL),
                 (*_FOOD_TOO, *_DAYS, *_NUTRITION), True, needs_nutrition=True, may_be_undated=True),
    ProductClass("esperienza", _l("Visita o esperienza"), False, _needs("place", "duration"), ("withdrawal",)),
)  # fmt: skip

CLASSES: Mapping[str, ProductClass] = {each.key: each for each in _ALL}


def strength(food: Mapping[str, Any]) -> Decimal | None:
    """The alcohol of a sheet in % vol; None if there is none, or it cannot be read."""
    try:
        return Decimal(str(food.get("alcohol_abv") or ""))
    except InvalidOperation:
        return None


def class_of(own: str | None, of_category: str, food: Mapping[str, Any]) -> ProductClass:
    """The class by which a product is judged."""
    if own and own in CLASSES:
        return CLASSES[own]
    known = CLASSES.get(of_category, CLASSES[PLAIN])
    if known.key == PLAIN and (strength(food) or Decimal(0)) > ALCOHOL_FROM:
        return CLASSES["alcolico"]
    return known
