"""What catalogue templates are given: plain values in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zlib import crc32

from markupsafe import Markup

from app.catalog.labels import Label
from app.catalog.proofs import Proof
from app.catalog.seasons import Season
from app.producers.closures import Closure, Span


@dataclass(frozen=True, slots=True)
class Picture:
    """key: None shows a tinted box with the initial instead."""

    key: str | None
    alt: str
    width: int
    height: int
    color: str
    initial: str


@dataclass(frozen=True, slots=True)
class Net:
    amount: int
    unit: str  # g | ml | piece


@dataclass(frozen=True, slots=True)
class UnitPrice:
    minor: int
    unit: str  # kg | l | piece


@dataclass(frozen=True, slots=True)
class Reduction:
    """What may be announced of a price: see catalog/reductions.py. percent: 0 is not told. until: its last second."""

    kind: str  # low | launched | previous | launch
    reference_minor: int | None
    percent: Decimal
    days: int | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """What everybody pays in the basket, less than in the window (catalog/offered.py). is_about: goods by weight.

    reduction: None where nothing may be announced; then lowest_minor is said alone, if there is any.
    """

    price_minor: int
    unit_price: UnitPrice | None
    reduction: Reduction | None
    lowest_minor: int | None
    is_about: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """url: without language prefix."""

    name: str
    url: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    url: str
    image: Picture
    mark: str | None
    producer_name: str
    place: str
    price_minor: int
    currency: str
    unit_price: UnitPrice | None
    format: str
    season: Season | None
    stock_state: str  # in | low | out
    left: int
    variant_id: int
    min_age: int | None
    is_from: bool = False  # there are dearer formats
    reduction: Reduction | None = None
    weight: str = ""  # of goods by weight, whose price_minor is about what a piece costs: what is said of that
    shrunk: str = ""  # of a pack that has become smaller and dearer: catalog/packs.py
    returns: str = ""  # of what is sold out: when the kitchen has more (catalog/refill_plan.py)
    offered: Offered | None = None  # instead of a reduction
    day: str = ""  # where it says when it comes (catalog/card_days.py); empty for what is sold out


@dataclass(frozen=True, slots=True)
class Sort:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class FacetValue:
    """count: as shown, "12" or "120+"."""

    value: str
    name: str
    count: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """parameter: its name in the address. more: values behind "show all"."""

    parameter: str
    title: str
    values: Sequence[FacetValue]
    more: Sequence[FacetValue] = ()

    @property
    def parts(self) -> Sequence[tuple[bool, Sequence[FacetValue]]]:
        """(whether it is behind "show all", values)."""
        return [(False, self.values), (True, self.more)] if self.more else [(False, self.values)]

    @property
    def is_more_chosen(self) -> bool:
        return any(value.chosen for value in self.more)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a list can be narrowed by, and what it is narrowed by: chips are (what, address without it)."""

    facets: Sequence[FacetView] = ()
    toggles: Sequence[FacetView] = ()
    price_from: str = ""
    price_to: str = ""
    cap: str = ""
    cap_error: str = ""
    chips: Sequence[tuple[str, str]] = ()
    all_url: str = ""
    currency: str = ""  # its name, as in "Prezzo in euro"
    way_out: tuple[int, str] | None = None  # of nothing: (products that come back, address without one choice)


@dataclass(frozen=True)
class ListDelivery:
    """What a producer's lightest parcel to a postal code costs. surges: (producer, why his costs something else today).

    heavier: what heavier ones cost, or "".
    """

    cap: str
    fee_minor: int
    free_from_minor: int | None
    currency: str
    surges: Sequence[tuple[str, str]] = ()
    heavier: str = ""


MOST_TOGETHER = 5  # pages of a list that stand below each other


@dataclass(frozen=True)
class Listing:
    """A page of ready cards. path and url carry the language prefix; url ends in ? or &.

    begins: the first of the pages that stand below each other; page is the last of them.
    """

    cards: Sequence[Markup]
    total: int
    page: int
    pages: int
    path: str
    url: str
    sort: str
    sorts: Sequence[Sort]
    first: int
    last: int
    title: str = ""
    intro: str | None = None
    choices: Sequence[tuple[str, str]] = ()
    trail: Sequence[tuple[str, str | None]] = ()
    related: Sequence[Link] = ()
    narrowing: Narrowing = field(default_factory=Narrowing)
    is_capped: bool = False  # there are more than `total`
    delivery: ListDelivery | None = None  # where a postal code is chosen
    begins: int = 1
    position: str = ""  # "25–48 di 120 prodotti"

    @property
    def may_grow(self) -> bool:
        """Whether the next page may be put below these."""
        return self.page + 1 < self.begins + MOST_TOGETHER

    @property
    def key(self) -> str:
        """The same for what stands below each other, another for another list: a morph keeps no picture of the last."""
        return f"goods-{crc32(f'{self.url}{self.begins}'.encode()):x}"

    @property
    def is_narrowed(self) -> bool:
        """Chosen by a reader: nothing for search engines (ux.md 38). Only sorted, it is the same as its canonical."""
        return bool(self.narrowing.chips)

    @classmethod
    def empty(cls, path: str, sort: str) -> "Listing":
        """A listing of nothing."""
        return cls([], 0, 1, 1, path, f"{path}?", sort, (), 0, 0)


@dataclass(frozen=True, slots=True)
class Maker:
    """A producer as shops show him; the seller of his goods (law.md L14, L47)."""

    name: str
    url: str
    place: str
    text: str
    image: Picture
    founded: int | None
    company: str
    address: str
    vat_number: str
    rea: str
    email: str
    phone: str
    approval_mark: str | None
    closed: Sequence[Closure] = ()
    pickup: bool = False  # what is bought can be fetched there
    registration: str | None = None  # of his premises (Reg. 852/2004, art. 6)


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant to choose. has_offer: a campaign made the price, whether it may be announced or not."""

    id: int
    label: str
    price_minor: int
    unit_price: UnitPrice | None
    stock_state: str
    left: int
    sku: str = ""
    net: Net | None = None  # what the unit price is of
    holds: Net | None = None  # the net quantity
    url: str = ""  # of the page with this format chosen
    reduction: Reduction | None = None
    has_offer: bool = False
    offered: Offered | None = None  # as a card's
    weight: str = ""
    shrunk: str = ""
    returns: str = ""
    deposit: str = ""  # of a piece that is ordered with one: what is paid now, and what later
    weight_g: int = 0  # of the parcel with it


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the list of ingredients; allergens are emphasised (Reg. 1169/2011, art. 21)."""

    text: str
    allergen: bool


@dataclass(frozen=True)
class Sheet:
    """A product with all that the law wants said before it is bought."""

    id: int
    name: str
    url: str
    mark: str | None
    image: Picture
    description: str
    trail: Sequence[tuple[str, str | None]]
    currency: str
    variants: Sequence[Choice]
    chosen: Choice
    max_quantity: int
    min_age: int | None
    season: Season | None
    legal_name: str
    ingredients: Sequence[Part]
    allergens: Sequence[str]
    storage: str
    shelf_life_days: int
    date_type: str | None
    origin: str
    format: str
    net: Net
    drained: Net | None  # without the liquid, where there is one
    registered: str  # the protected name in full, "" for none
    transport: str
    proofs: Sequence[Proof]
    cold: bool
    abv: str | None
    withdrawal: str
    category_id: int = 0
    producer_id: int = 0
    rating_count: int = 0
    rating_sum: int = 0
    closed: Sequence[Span] = ()  # days on which its producer sends nothing
    has_full_days: bool = False  # he has said how many orders he can send off in a day
    waits: str = ""  # why it cannot be ordered now, where its producer may not sell (producers/selling.py)
    label: Label | None = None
    seo_title: str = ""
    seo_description: str = ""
    tags: Sequence[Link] = ()  # to what else has them
    gallery: Sequence[Picture] = ()  # all pictures, the main one first; empty when that is the only one


@dataclass(frozen=True)
class Estimate:
    """Delivery to a postal code. error: what is wrong with the code; refused: why not there. surge: why it costs more
    than usual today, or ""."""

    cap: str
    error: str | None = None
    refused: str | None = None
    when: str = ""
    how: str = ""
    fee_minor: int = 0
    free_from_minor: int | None = None
    surge: str = ""


@dataclass(frozen=True)
class Hero:
    kicker: str
    title: str
    text: str
    image: Picture


@dataclass(frozen=True)
class Home:
    hero: Hero
    month: str
    season: Sequence[Markup]
    categories: Sequence[Link]
    producers: Sequence[Maker]
    product_count: int
    producer_count: int


@dataclass(frozen=True)
class Found:
    """What a search shows beside the products."""

    query: str
    was_cut: bool  # it was longer than we read
    suggestion: str | None = None
    producers: Sequence[Link] = field(default_factory=tuple)
    categories: Sequence[Link] = field(default_factory=tuple)
    popular: Sequence[str] = ()  # what others search for, where this search shows nothing
