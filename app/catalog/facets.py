"""What a list can be narrowed by: the choices in the address, and how many products each choice would leave.

Several values of one facet widen, several facets narrow; "without" narrows with each value. Counts are those that would
be found with the other facets as they are. They are exact up to `CAP` products; above, each is a least number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from app.catalog import allergens, seasons, tagging
from app.catalog.indexed import IndexedProduct
from app.catalog.models import Category
from app.catalog.vocabulary import Tag
from app.kernel.i18n import lazy_gettext as _l
from app.producers.models import Producer

CAP = 10_000
MOST_VALUES = 20  # chosen in one facet; what follows is left out
SHOWN = 12  # values of one facet
MOST_SHOWN = 40  # with those behind "show all": the ones with most products
ALLERGENS = tuple(allergens.NAMES)
CERTIFICATIONS = {
    "bio": _l("Biologico"),
    "vegano": _l("Vegano"),
    "vegetariano": _l("Vegetariano"),
    "senza-glutine": _l("Senza glutine (certificato)"),
    "presidio": _l("Presidio Slow Food"),
    "montagna": _l("Prodotto di montagna"),
}
_CODES = tuple(CERTIFICATIONS)


def certification_mask(product: Any) -> int:
    """The bits of a product's certifications, in the order of CERTIFICATIONS."""
    return _mask(getattr(product, "certifications", None) or (), _CODES)


def allergen_mask(keys: Iterable[str]) -> int:
    return _mask(keys, ALLERGENS)


def _mask(keys: Iterable[str], known: Sequence[str]) -> int:
    return sum(1 << known.index(key) for key in dict.fromkeys(keys) if key in known)


@dataclass(frozen=True)
class Choices:
    """What somebody chose. Prices in minor units. travels: bits of what cannot be sent to the postal code `cap`."""

    categories: tuple[str, ...] = ()  # slugs
    tags: tuple[str, ...] = ()  # slugs
    producers: tuple[str, ...] = ()  # slugs
    provinces: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None
    in_season: bool = False
    available: bool = False
    cap: str = ""
    travels: int = 0

    @property
    def active(self) -> tuple[str, ...]:
        """The facets of several values that have one chosen."""
        return tuple(name for name in FACETS if getattr(self, name))

    def pairs(self) -> list[tuple[str, str]]:
        """As they stand in the address."""
        found = [(facet.parameter, value) for name, facet in FACETS.items() for value in getattr(self, name)]
        found += [("prezzo-da", _euros(self.price_from))] if self.price_from is not None else []
        found += [("prezzo-a", _euros(self.price_to))] if self.price_to is not None else []
        found += [("stagione", "1")] if self.in_season else []
        found += [("disponibili", "1")] if self.available else []
        return found + ([("cap", self.cap)] if self.cap else [])

    def without_pair(self, parameter: str, value: str) -> "Choices":
        for name, facet in FACETS.items():
            if facet.parameter == parameter:
                chosen: dict[str, Any] = {name: tuple(v for v in getattr(self, name) if v != value)}
                return replace(self, **chosen)
        single: dict[str, dict[str, Any]] = {
            "prezzo-da": {"price_from": None},
            "prezzo-a": {"price_to": None},
            "stagione": {"in_season": False},
            "disponibili": {"available": False},
            "cap": {"cap": "", "travels": 0},
        }
        return replace(self, **single[parameter])


def _euros(minor: int | None) -> str:
    whole, cents = divmod(minor or 0, 100)
    return f"{whole},{cents:02}" if cents else str(whole)


@dataclass(frozen=True)
class Facet:
    """parameter: in the address. widens: several values widen (else each narrows)."""

    parameter: str
    title: Any
    column: Any
    widens: bool = True


FACETS: Mapping[str, Facet] = {
    "categories": Facet("categoria", _l("Reparto"), IndexedProduct.category_id),
    "tags": Facet("etichetta", _l("Etichette"), IndexedProduct.tag_mask),
    "producers": Facet("produttore", _l("Produttore"), IndexedProduct.producer_id),
    "provinces": Facet("provincia", _l("Provincia"), IndexedProduct.province),
    "marks": Facet("marchio", _l("Denominazione"), IndexedProduct.mark),
    "certifications": Facet("certificazione", _l("Certificazione e dieta"), IndexedProduct.certification_mask),
    "without": Facet("senza", _l("Senza allergeni"), IndexedProduct.allergen_mask, widens=False),
}


def read(query_string: str) -> Choices:
    """The choices of an address; what cannot be read is left out. `travels` is for the caller to fill in."""
    pairs = parse_qsl(query_string[:8000])
    values: dict[str, Any] = {}
    for name, facet in FACETS.items():
        found = dict.fromkeys(v[:120] for key, v in pairs if key == facet.parameter and v and "\x00" not in v)
        values[name] = tuple(found)[:MOST_VALUES]
    values["certifications"] = tuple(v for v in values["certifications"] if v in CERTIFICATIONS)
    values["without"] = tuple(v for v in values["without"] if v in ALLERGENS)
    single = dict(pairs)
    postal = single.get("cap", "").strip()[:10]
    low, high = minor(single.get("prezzo-da", "")), minor(single.get("prezzo-a", ""))
    if low is not None and high is not None and low > high:
        low, high = high, low  # typed the wrong way round
    return Choices(
        **values,
        price_from=low,
        price_to=high,
        in_season=single.get("stagione") == "1",
        available=single.get("disponibili") == "1",
        cap=postal if postal.isascii() and postal.replace("-", "").replace(" ", "").isalnum() else "",
    )


def minor(text: str) -> int | None:
    """ "12,50" → 1250; None for what is no sensible price."""
    whole, _, cents = text.strip().replace(".", ",").partition(",")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 6 and (not cents or cents.isdigit())):
        return None
    return int(whole) * 100 + int((cents + "00")[:2])


# ---- In SQL. A statement is made once per shape and kept.


def limits(shape: "Shape") -> list[ColumnElement[bool]]:
    """What a list of this shape asks of every indexed product, whatever is chosen in the facets."""
    row = IndexedProduct
    asked: list[ColumnElement[bool]] = [row.published_at <= bindparam("now", type_=row.published_at.type)]
    if shape.category:
        asked.append(row.category_id == _number("category"))
    if shape.producer:
        asked.append(row.producer_id == _number("producer"))
    if "price_from" in shape.limits:
        asked.append(row.price_minor >= _number("price_from"))
    if "price_to" in shape.limits:
        asked.append(row.price_minor <= _number("price_to"))
    if "in_season" in shape.limits:
        asked += [row.season_mask != seasons.ALWAYS, row.season_mask.op("&")(_number("bit")) != 0]
    if "available" in shape.limits:
        asked.append(row.is_available.is_(True))
    if "travels" in shape.limits:
        asked.append(row.travels.op("&")(_number("travels")) == 0)
    return asked


def conditions(shape: "Shape", row: Any = IndexedProduct) -> dict[str, ColumnElement[bool]]:
    """By facet, what the choices of this shape ask of a row with the columns of an indexed product."""
    return {name: _chosen(name, getattr(row, FACETS[name].column.key)) for name in shape.active}


def _chosen(name: str, column: Any) -> ColumnElement[bool]:
    """What the chosen values of one facet ask of its column."""
    found: ColumnElement[bool]
    match name:
        case "categories" | "producers":
            table: Any = Category if name == "categories" else Producer
            found = column.in_(select(table.id).where(table.slug.in_(_several(name))))
        case "tags":
            found = column.op("&")(_bits()) != 0
        case "certifications":
            found = column.op("&")(_number(name)) != 0
        case "without":
            found = column.op("&")(_number(name)) == 0
        case _:
            found = column.in_(_several(name))
    return found


def _bits() -> ColumnElement[int]:
    """The bits of the chosen tags that the public sees, together."""
    chosen = select(func.coalesce(func.sum(Tag.bit), 0)).where(Tag.slug.in_(_several("tags")), Tag.hidden_at.is_(None))
    return cast(chosen.scalar_subquery(), BigInteger)


@dataclass(frozen=True)
class Shape:
    """Which parts a statement has. words: how many stems each word of the query may have, the rarest word first."""

    category: bool = False
    producer: bool = False
    limits: frozenset[str] = field(default_factory=frozenset)
    active: tuple[str, ...] = ()
    words: tuple[int, ...] = ()


def shape_of(choices: Choices, *, category: bool, producer: bool, words: tuple[int, ...]) -> Shape:
    limits = {name for name in ("price_from", "price_to") if getattr(choices, name) is not None}
    limits |= {name for name in ("in_season", "available", "travels") if getattr(choices, name)}
    return Shape(category, producer, frozenset(limits), choices.active, words)


def values_of(choices: Choices) -> dict[str, Any]:
    """The parameters of a statement of that shape."""
    return {
        "categories": list(choices.categories),
        "tags": list(choices.tags),
        "producers": list(choices.producers),
        "provinces": list(choices.provinces),
        "marks": list(choices.marks),
        "certifications": _mask(choices.certifications, _CODES),
        "without": _mask(choices.without, ALLERGENS),
        "price_from": choices.price_from,
        "price_to": choices.price_to,
        "travels": choices.travels,
    }


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)


def _several(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=String, expanding=True)


def counted(shape: Shape, goods: Any = None) -> list[Select[str, str, int]]:
    """(facets, their values, products) of every column that a facet looks at: a statement each, to be put together.

    goods: what words found, within the limits of the shape (`listings`); None: all products.
    Two columns with few values are counted in one go ("marks|provinces", "DOP|RA"), which costs half as much. Masks are
    counted whole: there are few different ones, and `Counts` takes them apart.
    """
    everything = _set(shape, "", goods)
    alone = [name for name in shape.active if FACETS[name].widens]  # counted without their own choice
    sets = [(_set(shape, name, goods), [name]) for name in alone]
    for together in _TOGETHER:
        rest = [name for name in together if name not in alone]
        sets += [(everything, rest)] if rest else []
    branches = []
    for rows, names in sets:
        values = [rows.c[_COLUMNS[name].key] for name in names]
        text: ColumnElement[str] = cast(values[0], String)
        for value in values[1:]:
            text = text + JOINT + cast(value, String)
        branches.append(
            select(literal(JOINT.join(names)).label("facets"), text.label("values"), func.count().label("n"))
            .select_from(rows)
            .group_by(*values)
        )
    return branches


_SINGLE = {"in_season": IndexedProduct.season_mask, "available": IndexedProduct.is_available}
_COLUMNS = {**{name: facet.column for name, facet in FACETS.items()}, **_SINGLE}
_TOGETHER = (
    ("categories",),
    ("producers",),
    ("provinces", "marks"),
    ("certifications", "without"),
    ("tags", "in_season", "available"),
)
JOINT = "|"
BEST = "best"


def looked_at(row: Any = IndexedProduct) -> list[ColumnElement[Any]]:
    """The columns that facets narrow and count by."""
    return [getattr(row, column.key) for column in _COLUMNS.values()]


def _set(shape: Shape, but: str, goods: Any) -> Any:
    """What all choices leave but those of one facet; at most CAP products where words did not choose few already."""
    row = IndexedProduct if goods is None else goods.c
    asked = [wanted for name, wanted in conditions(shape, row).items() if name != but]
    if goods is not None and not asked:
        return goods
    rows = select(*looked_at(row)).where(*asked)
    rows = rows.where(*limits(shape)).limit(CAP) if goods is None else rows
    return rows.cte(f"but_{but or 'nothing'}")


@dataclass(frozen=True)
class Counts:
    """total: products found, at most CAP. by: facet → value → products (a value is an id, a code or "1").

    best: of a search, (id, version) of those that come first; who counts has them all before him.
    """

    total: int
    by: Mapping[str, Mapping[str, int]]
    best: Sequence[tuple[int, int]] = ()

    @property
    def is_capped(self) -> bool:
        return self.total >= CAP

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str | None, int]], month: int) -> "Counts":
        """From the rows of `counted`, and (BEST, "id|version", place) of those that come first."""
        by: dict[str, dict[str, int]] = {name: {} for name in (*FACETS, *_SINGLE)}
        total, best = 0, []
        for names, values, n in rows:
            if names == BEST:
                best.append((n, *map(int, (values or "").split(JOINT))))
                continue
            for name, value in zip(names.split(JOINT), (values or "").split(JOINT), strict=False):
                total += n if name == "available" else 0
                for key in _keys(name, value, month):
                    by[name][key] = by[name].get(key, 0) + n
        return cls(min(total, CAP), by, [(product_id, version) for _place, product_id, version in sorted(best)])


def _keys(name: str, value: str, month: int) -> list[str]:
    match name:
        case "certifications":
            return [key for place, key in enumerate(_CODES) if int(value) >> place & 1]
        case "without":
            return [key for place, key in enumerate(ALLERGENS) if not int(value) >> place & 1]
        case "tags":
            return [str(bit) for bit in tagging.bits(int(value))]
        case "in_season":
            mask = int(value)
            return ["1"] if seasons.is_seasonal(mask) and mask & seasons.bit(month) else []
        case "available":
            return ["1"] if value in {"1", "true", "t"} else []
    return [value] if value else []


@cache
def labels() -> Select[Any]:
    """(facet, id, slug, name) of categories and producers by their ids or slugs, and of all tags that the public sees.

    A tag's id is its bit. The names of categories and tags are JSON.
    """
    branches = []
    for name, table in (("categories", Category), ("producers", Producer)):
        by_id = table.id.in_(bindparam(f"{name}_ids", expanding=True))
        by_slug = table.slug.in_(bindparam(f"{name}_slugs", expanding=True))
        text = cast(table.name, String)
        branches.append(select(literal(name), table.id, table.slug, text).where(or_(by_id, by_slug)))
    branches.append(select(literal("tags"), Tag.bit, Tag.slug, cast(Tag.name, String)).where(Tag.hidden_at.is_(None)))
    return select(union_all(*branches).subquery())
