"""The forms of the import pages."""

from collections.abc import Mapping
from typing import Any, Literal, cast

from pydantic import Field, create_model

from app.catalog.editor_forms import RATES
from app.catalog.imports.guessing import Offered
from app.catalog.imports.terms import Asked, Terms
from app.web.forms import Filled, Form

FIELDS = {"vendors": "vendor", "categories": "category", "rates": "rate"}  # of Terms → stems of inputs


class StartForm(Form):
    """producer: slug of the one whose goods these are; "" leaves it to the file. Files are read apart."""

    producer: str = Field("", max_length=120)
    file: str = ""
    zip: str = ""


class ConfirmForm(Form):
    """partial: only the good lines."""

    partial: bool = False


def choices_form(asked: Asked, there: Offered, *, any_vendor: bool) -> type[Form]:
    """One select for each name of the file that has to be matched. any_vendor: producers are chosen too."""
    makers = Literal[tuple(slug for slug, _name in there.producers)]  # type: ignore[valid-type]
    kinds = Literal[tuple(slug for slug, _name in there.categories)]  # type: ignore[valid-type]
    fields: dict[str, Any] = {}
    if any_vendor:
        fields |= {f"vendor-{place}": (makers, ...) for place, _name in enumerate(asked.vendors)}
    for place, _name in enumerate(asked.categories):
        fields[f"category-{place}"] = (kinds, ...)
        fields[f"rate-{place}"] = (Literal[RATES], ...)
    return cast("type[Form]", create_model("ChoicesForm", __base__=Form, **fields))


def choices_of(form: Filled[Form], asked: Asked) -> dict[str, dict[str, str]]:
    """What was chosen, by the file's names."""
    data: Any = form.data
    names = {"vendors": asked.vendors, "categories": asked.categories, "rates": asked.categories}
    return {
        part: {
            name: chosen
            for place, name in enumerate(names[part])
            if (chosen := getattr(data, f"{stem}-{place}", None)) is not None
        }
        for part, stem in FIELDS.items()
    }


def typed(terms: Terms, asked: Asked) -> Mapping[str, str]:
    """Terms as the inputs show them."""
    shown = {f"vendor-{place}": terms.vendors.get(name, "") for place, name in enumerate(asked.vendors)}
    shown |= {f"category-{place}": terms.categories.get(name, "") for place, name in enumerate(asked.categories)}
    return shown | {f"rate-{place}": terms.rates.get(name, "") for place, name in enumerate(asked.categories)}
