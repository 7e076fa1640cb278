"""The forms of the product editor, one for each of its sections; that of the label is made for the product's class."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints, create_model

from app.catalog import proofs
from app.catalog.by_weight import MOST_TOLERANCE
from app.catalog.classes import CLASSES, ProductClass
from app.catalog.deposits import LEAST_PERCENT, MOST_DAYS, MOST_PERCENT
from app.catalog.facets import CERTIFICATIONS
from app.catalog.packaging import CODES, MOST_PARTS, PARTS
from app.catalog.particulars import NUTRIENTS, PARTICULARS, Particular
from app.catalog.tagging import MOST
from app.kernel.i18n import SOURCE_LOCALE
from app.kernel.i18n import gettext as _
from app.web.forms import Filled, Form, MultiLine

LONGEST_NAME = 120
LONGEST_TEXT = 4000
MOST_SHARES = 12
RATES = ("4", "5", "10", "22", "0")
Long = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), MultiLine()]
Short = Annotated[str, StringConstraints(max_length=300)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
Digest = Annotated[str, StringConstraints(max_length=64)]
_SHARE = re.compile(r"(.{1,80}?)[\s:]+([0-9]{1,3}(?:[.,][0-9]{1,2})?)\s*%?")


class NewForm(Form):
    """The least that a product begins with."""

    name_it: Name
    category_id: int = Field(ge=1)


class PublishForm(Form):
    """at: local time of the shop, as a browser sends it. announced: what is to come is shown before."""

    when: Literal["off", "now", "at"]
    at: str = Field("", max_length=20)
    announced: bool = False


class VariantForm(Form):
    """A format. by_weight: sold by real weight, at kg_price, about net_amount grams, tolerance percent up and down;
    price is not asked then. was: the price that the page showed, minor units; of a new one: the stock to begin with."""

    format_it: Name
    format_en: Name = ""
    format_de: Name = ""
    format_fr: Name = ""
    net_amount: int = Field(ge=1, le=1_000_000)
    net_unit: Literal["g", "ml", "piece"]
    drained_amount: int | None = Field(None, ge=1, le=1_000_000)
    weight_g: int = Field(ge=0, le=100_000)
    vat_rate: Literal["0", "4", "5", "10", "22"]
    price: str = Field("", max_length=20)
    by_weight: bool = False
    kg_price: str = Field("", max_length=20)
    tolerance: int | None = Field(None, ge=1, le=MOST_TOLERANCE)
    was: int = Field(0, ge=0)
    stock: int = Field(0, ge=0, le=100_000)


class AskForm(Form):
    """Why a product may bear a protected name."""

    designation: Name
    reason: Annotated[str, StringConstraints(max_length=1000), MultiLine()]


@cache
def texts_form(locales: tuple[str, ...]) -> type[Form]:
    fields: dict[str, Any] = {"was": (Digest, "")}
    for locale in locales:
        is_due = locale == SOURCE_LOCALE
        fields[f"name_{locale}"] = (Name, ... if is_due else "")
        fields[f"description_{locale}"] = (Long, "")
    return _made("TextsForm", fields)


@cache
def seo_form(locales: tuple[str, ...]) -> type[Form]:
    fields: dict[str, Any] = {"was": (Digest, "")}
    for locale in locales:
        fields[f"seo_title_{locale}"] = (Annotated[str, StringConstraints(max_length=70)], "")
        fields[f"seo_description_{locale}"] = (Annotated[str, StringConstraints(max_length=160)], "")
    return _made("SeoForm", fields)


class SaleForm(Form):
    """tags: slugs. designation: "" | PAT | mark|registered name, of a certificate. months: numbers; none means always.

    deposit_percent: of the price, none for a product that is paid at once. making_days: of a piece with a deposit.
    """

    was: Digest = ""
    category_id: int = Field(ge=1)
    product_class: str = Field("", max_length=30)
    designation: str = Field("", max_length=130)
    certifications: list[Literal[tuple(CERTIFICATIONS)]] = Field(default_factory=list)  # type: ignore[valid-type]
    tags: list[str] = Field(default_factory=list, max_length=MOST)
    months: list[int] = Field(default_factory=list, max_length=12)
    deposit_percent: int | None = Field(None, ge=LEAST_PERCENT, le=MOST_PERCENT)
    making_days: int | None = Field(None, ge=1, le=MOST_DAYS)
    is_featured: bool = False


@cache
def packaging_form() -> type[Form]:
    fields: dict[str, Any] = {"was": (Digest, "")}
    for place in range(MOST_PARTS):
        fields[f"part-{place}"] = (Literal[("", *PARTS)], "")
        fields[f"code-{place}"] = (Literal[("", *CODES)], "")
    return _made("PackagingForm", fields)


@cache
def proofs_form() -> type[Form]:
    """Evidence for each claim that has one; until: the last day of the certificate."""
    fields: dict[str, Any] = {"was": (Digest, "")}
    for claim in proofs.CLAIMS:
        fields[f"proof_{claim}_text"] = (Annotated[str, StringConstraints(max_length=600), MultiLine()], "")
        fields[f"proof_{claim}_body"] = (Name, "")
        fields[f"proof_{claim}_until"] = (date | None, None)
    return _made("ProofsForm", fields)


@cache
def label_form(class_key: str, locales: tuple[str, ...]) -> type[Form]:
    """One field or more for each particular that the class asks."""
    fields: dict[str, Any] = {"was": (Digest, "")}
    for name in CLASSES[class_key].asked:
        fields |= _fields(PARTICULARS[name], locales)
    return _made("LabelForm", fields)


def _made(name: str, fields: dict[str, Any]) -> type[Form]:
    return cast("type[Form]", create_model(name, __base__=Form, **fields))


def _fields(about: Particular, locales: Sequence[str]) -> dict[str, Any]:
    options = tuple(about.options or ())
    one: dict[str, Any] = {
        "shares": (Long, ""),
        "number": (int | None, Field(None, ge=0, le=36_500)),
        "percent": (Decimal | None, Field(None, ge=0, le=100, max_digits=5, decimal_places=2)),
        "choice": (Literal[("", *options)], ""),
        "choices": (list[Literal[("", *options)]], Field(default_factory=list)),  # type: ignore[valid-type]
        "flag": (bool, False),
        "text": (Short, ""),
    }
    if about.kind == "texts":
        return {f"{about.name}_{locale}": (Long, "") for locale in locales}
    if about.kind == "nutrition":
        figure = (Decimal | None, Field(None, ge=0, le=10_000, max_digits=7, decimal_places=2))
        return {f"{about.name}_{key}": figure for key in NUTRIENTS}
    return {about.name: one[about.kind]}


def label_values(product_class: ProductClass, sheet: Mapping[str, Any], locales: Sequence[str]) -> dict[str, Any]:
    """A sheet as the inputs show it."""
    typed: dict[str, Any] = {}
    for name in product_class.asked:
        kept = sheet.get(name)
        match PARTICULARS[name].kind:
            case "texts":
                typed |= {f"{name}_{locale}": (kept or {}).get(locale, "") for locale in locales}
            case "shares":
                typed[name] = "\n".join(f"{word} {_comma(part)}" for word, part in kept or ())
            case "choices":
                typed[name] = list(kept or ())
            case "flag":
                typed[name] = "1" if kept else ""
            case "nutrition":
                typed |= {f"{name}_{key}": _comma((kept or {}).get(key, "")) for key in NUTRIENTS}
            case "percent":
                typed[name] = _comma("" if kept is None else kept)
            case _:
                typed[name] = "" if kept is None else str(kept)
    return typed


def _comma(figure: Any) -> str:
    return str(figure).replace(".", ",")


def label_facts(
    product_class: ProductClass, form: Filled[Form], sheet: Mapping[str, Any], locales: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What was written, by column: {"food": …, "safety": …}. What nobody wrote is None, to be taken out.

    sheet: as it is; its texts in languages that the form does not have stay. Mistakes are noted in the form.
    """
    data: Any = form.data
    found: dict[str, dict[str, Any]] = {"food": {}, "safety": {}}
    for name in product_class.asked:
        about = PARTICULARS[name]
        value: Any = None
        match about.kind:
            case "texts":
                value = texts(data, name, locales, sheet.get(name) or {})
            case "shares":
                value = _shares(form, name, getattr(data, name))
            case "nutrition":
                given = {key: getattr(data, f"{name}_{key}") for key in NUTRIENTS}
                value = {key: _plain(figure) for key, figure in given.items() if figure is not None}
            case "percent":
                figure = getattr(data, name)
                value = None if figure is None else _plain(figure)
            case _:
                value = getattr(data, name)
        empty = value in (None, "", [], {}, False) or (name == "withdrawal" and value == "standard")
        found[about.store][name] = None if empty and name != "allergens" else value
    return found


def texts(data: Any, name: str, locales: Sequence[str], old: Mapping[str, str]) -> dict[str, str]:
    """A text by language: as written in those of the form, as it is in the others."""
    written = {locale: getattr(data, f"{name}_{locale}") for locale in locales}
    kept = {locale: text for locale, text in old.items() if locale not in written}
    return {**kept, **{locale: text for locale, text in written.items() if text}}


def _plain(figure: Decimal) -> str:
    """Without needless zeros: 1.60 → "1.6"."""
    text = f"{figure:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shares(form: Filled[Form], name: str, typed: str) -> list[list[str]] | None:
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    found = [_SHARE.fullmatch(line) for line in lines]
    if len(lines) > MOST_SHARES or not all(found):
        form.refused(_("Scrivi ogni voce con la sua percentuale."), name)
        return None
    return [[match[1].strip(), match[2].replace(",", ".")] for match in found if match]
