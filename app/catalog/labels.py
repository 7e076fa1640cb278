"""The label of a product on its page, in the reader's language: what the law wants read before the purchase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from app.catalog import facets, nutrition, packaging
from app.catalog.classes import ProductClass
from app.catalog.packaging import Component
from app.catalog.particulars import EXEMPTIONS, NUTRIENTS, PARTICULARS
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language

# Shown in places of their own; the rest follows in the order of the class.
_ELSEWHERE = frozenset(
    {
        *("legal_name", "ingredients", "allergens", "storage", "origin", "date_type", "shelf_life_days", "ship_temp"),
        *("min_residual_days", "withdrawal", "alcohol_abv", "min_age", "nutrition", "nutrition_exempt"),
        *("unit_price_exempt", "omnibus_protected"),
        *("is_from_outside", "maker", "maker_address", "maker_contact", "responsible", "model", "warnings"),
    }
)
_LATIN = Markup('<i lang="la">{}</i>')  # a screen reader says it as Latin (WCAG 3.1.2)
_PARTS = frozenset({"saturates", "sugars"})  # of the row above


@dataclass(frozen=True)
class NutritionRow:
    """is_part: “di cui”, of the row above."""

    name: str
    value: str
    is_part: bool


@dataclass(frozen=True)
class Nutrition:
    """rows: of 100 g or 100 ml; empty where `reason` says why none is due. energy: as wine labels write it, or ""."""

    per: str
    rows: Sequence[NutritionRow] = ()
    reason: str = ""
    energy: str = ""


@dataclass(frozen=True)
class Safety:
    """General product safety (Reg. (EU) 2023/988, art. 19). responsible: in the Union, where the maker is outside."""

    maker: str
    address: str
    contact: str
    responsible: str
    model: str
    warnings: str


@dataclass(frozen=True)
class Label:
    """more: the particulars that only this class has, by name. promise: the days left at delivery."""

    is_food: bool
    more: Sequence[tuple[str, str]]
    promise: str
    note: str
    nutrition: Nutrition | None
    certifications: Sequence[str]
    packaging: Sequence[Component]
    safety: Safety | None


def label_of(
    product_class: ProductClass,
    sheet: Mapping[str, Any],
    *,
    unit: str,
    packed: Sequence[Mapping[str, Any]] = (),
    certified: Sequence[str] = (),
    is_small: bool = False,
) -> Label:
    """sheet: the particulars by name. unit: of the net quantity. is_small: the maker, see facts.SellerFacts."""
    days = int(sheet.get("min_residual_days") or 0)
    is_dated = str(sheet.get("date_type") or "").lower() in {"tmc", "scadenza"}
    return Label(
        is_food=product_class.is_food,
        more=_more(product_class, sheet),
        promise=_promise(days) if days and is_dated else "",
        note=_note(product_class),
        nutrition=_nutrition(product_class, sheet, "ml" if unit == "ml" else "g", is_small=is_small),
        certifications=[str(facets.CERTIFICATIONS[key]) for key in certified if key in facets.CERTIFICATIONS],
        packaging=packaging.components(packed),
        safety=None if product_class.is_food or product_class.key == "esperienza" else _safety(sheet),
    )


def _promise(days: int) -> str:
    return ngettext("Almeno %(num)s giorno dalla consegna", "Almeno %(num)s giorni dalla consegna", days)


def _note(product_class: ProductClass) -> str:
    """What the law wants written word for word (Reg. (EU) 2022/2104, art. 6)."""
    if product_class.key != "olio":
        return ""
    return _(
        "Olio d’oliva di categoria superiore ottenuto direttamente dalle olive e unicamente mediante procedimenti "
        "meccanici"
    )


def _more(product_class: ProductClass, sheet: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = ((name, text_of(name, sheet.get(name))) for name in product_class.asked if name not in _ELSEWHERE)
    return [
        (str(PARTICULARS[name].label), _LATIN.format(text) if name == "scientific_name" else text)
        for name, text in shown
        if text
    ]


def text_of(name: str, value: Any) -> str:
    """A particular as a reader reads it; "" for nothing."""
    about, locale = PARTICULARS[name], current_locale()
    if value in (None, "", [], {}, False):
        return ""
    if about.kind == "texts":
        return in_language(value, locale)
    if about.kind == "shares":
        return ", ".join(f"{word} {formats.percent(Decimal(str(part)), locale)}" for word, part in value)
    if about.kind == "flag":
        return _("Sì")
    if about.options and str(value) in about.options:
        return str(about.options[str(value)])
    return str(value)


def _nutrition(
    product_class: ProductClass, sheet: Mapping[str, Any], unit: str, *, is_small: bool
) -> Nutrition | None:  # fmt: skip
    per, given = f"100\u00a0{unit}", nutrition.figures(sheet.get("nutrition"))
    if len(given) == len(NUTRIENTS):
        return Nutrition(per, _rows(given), energy=_energy(per, given) if product_class.key == "vino" else "")
    reason = str(sheet.get("nutrition_exempt") or ("19" if is_small and product_class.needs_nutrition else ""))
    return Nutrition(per, reason=str(EXEMPTIONS[reason])) if reason in EXEMPTIONS else None


def _energy(per: str, given: Mapping[str, Decimal]) -> str:
    locale = current_locale()
    kj, kcal = formats.number(given["kj"], locale), formats.number(given["kcal"], locale)
    return f"E ({per}) = {kj}\u00a0kJ/{kcal}\u00a0kcal"


def _rows(given: Mapping[str, Decimal]) -> list[NutritionRow]:
    """Seven rows: the energy has both its units."""
    locale = current_locale()
    kj, kcal = formats.number(given["kj"], locale), formats.number(given["kcal"], locale)
    rows = [NutritionRow(_("Energia"), f"{kj}\u00a0kJ / {kcal}\u00a0kcal", is_part=False)]
    for key, label in NUTRIENTS.items():
        if key not in {"kj", "kcal"}:
            amount = f"{formats.number(given[key], locale)}\u00a0g"
            rows.append(NutritionRow(str(label).rpartition(",")[0], amount, key in _PARTS))
    return rows


def _safety(sheet: Mapping[str, Any]) -> Safety:
    texts = {name: text_of(name, sheet.get(name)) for name in ("maker", "maker_address", "maker_contact", "model")}
    return Safety(
        texts["maker"],
        texts["maker_address"],
        texts["maker_contact"],
        text_of("responsible", sheet.get("responsible")),
        texts["model"],
        text_of("warnings", sheet.get("warnings")),
    )
