"""The facets of a list as a page shows them: values with counts, what is chosen as chips, and the addresses of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import allergens, facets
from app.catalog.facets import CERTIFICATIONS, FACETS, SHOWN, Choices, Counts
from app.catalog.listings import Wanted
from app.catalog.views import FacetValue, FacetView, Narrowing
from app.delivery.quotes import Quote, quote
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

Names = Mapping[str, Mapping[str, tuple[str, Any]]]
MOST_TRIED = 8  # choices that are taken away on trial where a list is empty
_NAMED = {"categoria": "categories", "etichetta": "tags", "produttore": "producers"}
_COLD, _ALCOHOL = 1, 2  # bits of IndexedProduct.travels


async def choices(db: AsyncSession, shop: ShopFacts, query_string: str) -> tuple[Choices, Quote | None, str]:
    """What an address chooses, with what cannot travel to its postal code; where that is; a sentence if nothing goes
    there, or it is none.
    """
    read = facets.read(query_string)
    if not read.cap:
        return read, None, ""
    try:
        code = addresses.postal_code(read.cap, shop.country)
    except ValueError as mistake:
        return read, None, str(mistake)
    read = replace(read, cap=code)
    zone = await quote(db, shop.country, code)
    if zone is None or not zone.is_served:
        return read, None, _("Qui non consegniamo.")
    barred = (0 if zone.fresh_ok else _COLD) | (0 if zone.alcohol_ok else _ALCOHOL)
    return replace(read, travels=barred), zone, ""


@dataclass(frozen=True)
class Address:
    """Of a list: its path in the reader's language, and what stays beside the choices."""

    path: str
    kept: Sequence[tuple[str, str]]

    def of(self, chosen: Choices) -> str:
        pairs = [*self.kept, *chosen.pairs()]
        return self.path + (f"?{urlencode(pairs)}" if pairs else "")

    def going_on(self, chosen: Choices) -> str:
        """Ending so that pagina=2 can follow."""
        pairs = [*self.kept, *chosen.pairs()]
        return self.path + (f"?{urlencode(pairs)}&" if pairs else "?")


@dataclass(frozen=True)
class Said:
    """What the choices are said with: the shop's currency, and what is wrong with the postal code."""

    currency: str
    cap_error: str = ""


def shown(wanted: Wanted, counted: Counts, names: Names, address: Address, said: Said) -> Narrowing:
    """The facets that say something here: of a category's own page not the category, and so on."""
    chosen = wanted.choices
    fixed = {"categories": wanted.category_id, "producers": wanted.producer_id, "provinces": wanted.producer_id}
    views = [_facet(name, chosen, counted, names) for name in FACETS if fixed.get(name) is None]
    toggles = [
        _toggle("stagione", _("Di stagione adesso"), "in_season", chosen.in_season, counted),
        _toggle("disponibili", _("Disponibili subito"), "available", chosen.available, counted),
    ]
    pairs = dict(chosen.pairs())
    return Narrowing(
        facets=[view for view in views if len(view.values) > 1 or any(value.chosen for value in view.values)],
        toggles=[view for view in toggles if view.values],
        price_from=pairs.get("prezzo-da", ""),
        price_to=pairs.get("prezzo-a", ""),
        cap=chosen.cap,
        cap_error=said.cap_error,
        currency=formats.currency_name(said.currency, current_locale()),
        chips=[
            (_chip(parameter, value, names, said.currency), address.of(chosen.without_pair(parameter, value)))
            for parameter, value in chosen.pairs()
        ],
        all_url=address.of(Choices()),
    )


def _facet(name: str, chosen: Choices, counted: Counts, names: Names) -> FacetView:
    facet, mine = FACETS[name], getattr(chosen, name)
    values = []
    for key, n in counted.by[name].items():
        slug, text = _named(name, key, names)
        if text:
            # What widens begins with what finds most; of what is left out, first what changes most: gluten, milk.
            place = -n if facet.widens else n
            values.append((place, text, FacetValue(slug, text, _count(n, counted), slug in mine)))
    there = {value.value for *_order, value in values}
    values += [(0, v, FacetValue(v, _named(name, v, names)[1] or v, "0", True)) for v in mine if v not in there]
    # A choice stays where it stood: who goes on from it with the keyboard is not thrown to the top of the facet.
    ordered = [value for *_order, value in sorted(values, key=lambda entry: entry[:2])]
    return FacetView(facet.parameter, str(facet.title), ordered[:SHOWN], ordered[SHOWN:])


def _toggle(parameter: str, title: str, name: str, is_on: bool, counted: Counts) -> FacetView:
    n = counted.by[name].get("1", 0)
    values = [FacetValue("1", title, _count(n, counted), is_on)] if n or is_on else []
    return FacetView(parameter, title, values)


def _count(n: int, counted: Counts) -> str:
    """Above what we look at, a number is the least that there are, and says so."""
    return f"{formats.number(n, current_locale())}{'+' if counted.is_capped else ''}"


def _named(name: str, key: str, names: Names) -> tuple[str, str]:
    """(value in the address, text) of a counted value; an id that is gone has no text."""
    match name:
        case "categories" | "tags":
            slug, texts = names[name].get(key, ("", {}))
            return slug, in_language(texts, current_locale()) if texts else ""
        case "producers":
            return names[name].get(key, ("", ""))
        case "certifications":
            return key, str(CERTIFICATIONS.get(key, ""))
        case "without":
            return key, str(allergens.NAMES.get(key, ""))
    return key, key


def _chip(parameter: str, value: str, names: Names, currency: str) -> str:
    if parameter in _NAMED:
        rows = names[_NAMED[parameter]].values()
        text = next((text for slug, text in rows if slug == value), value)
        return text if isinstance(text, str) else in_language(text, current_locale())
    said = {
        "certificazione": lambda: str(CERTIFICATIONS[value]),
        "senza": lambda: _("senza %(allergen)s", allergen=allergens.NAMES[value]),
        "prezzo-da": lambda: _("da %(price)s", price=_price(value, currency)),
        "prezzo-a": lambda: _("fino a %(price)s", price=_price(value, currency)),
        "stagione": lambda: _("Di stagione adesso"),
        "disponibili": lambda: _("Disponibili subito"),
        "cap": lambda: _("consegna a %(cap)s", cap=value),
    }
    return said[parameter]() if parameter in said else value


def _price(value: str, currency: str) -> str:
    return formats.money(facets.minor(value) or 0, currency, current_locale())


def fewer(chosen: Choices) -> list[Choices]:
    """Without one thing that is chosen: a facet whose values widen goes whole, others by each value; a few at most."""
    whole: list[dict[str, Any]] = [{name: ()} for name in chosen.active if FACETS[name].widens]
    told = {facet.parameter for facet in FACETS.values() if facet.widens}
    single = [chosen.without_pair(*pair) for pair in chosen.pairs() if pair[0] not in told]
    return [*(replace(chosen, **without) for without in whole), *single][:MOST_TRIED]
