"""A basket as read at one moment: what is in it, from whom, at what price, and what has changed. No database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from app.catalog import by_weight, packs
from app.catalog.by_weight import ByWeight
from app.catalog.views import Reduction
from app.commerce.additions.steps import Load
from app.commerce.promotions.announcing import CodePrice
from app.delivery.quotes import Span
from app.kernel.money import unit_price
from app.pricing.rules.bulk import Bulk
from app.producers.closures import Closure

MOST = 99  # pieces of one thing


@dataclass(frozen=True)
class Picture:
    """A picture of the storage. alt: in the reader's language, or ""."""

    key: str
    width: int
    height: int
    color: str
    alt: str = ""


@dataclass(frozen=True)
class Seller:
    """The producer behind some lines. fee_rate: percent kept by the shop, fee_base: of what; None: as the shop's own.

    daily_orders: how many he can send off in a day, None when he has not said.
    """

    id: int
    slug: str
    name: str
    street: str
    postal_code: str
    city: str
    province: str
    email: str
    phone: str
    legal: Mapping[str, str]
    pickup: bool
    fee_rate: Decimal | None
    closures: Sequence[Closure] = ()  # when it sends nothing
    daily_orders: int | None = None
    fee_base: str | None = None

    @property
    def closed(self) -> Sequence[Span]:
        return [closure.span for closure in self.closures]

    @property
    def company(self) -> str:
        """The legal name under which it sells."""
        return self.legal.get("company") or self.name

    @property
    def address(self) -> str:
        return f"{self.street}, {self.postal_code} {self.city} ({self.province})"


@dataclass(frozen=True)
class Ruled:
    """Why the price in the window is what it is. base_minor: without the rules. applied: the steps that made it."""

    base_minor: int
    applied: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class BasketLine:
    """So many pieces of a variant, with the facts of its product. Texts: locale → text. Prices: minor units."""

    id: int
    variant_id: int
    product_id: int
    stock_item_id: int
    sku: str
    slug: str
    name: Mapping[str, str]
    format: Mapping[str, str]
    designation: str | None
    food: Mapping[str, object]
    quantity: int
    price_minor: int
    seen_price_minor: int
    vat_rate: Decimal
    net_amount: int
    net_unit: str
    drained_amount: int | None
    weight_g: int
    category_id: int
    available: int  # pieces on the shelf that this shopper may still have, those held for his open payment among them
    is_sold: bool  # published, not deleted, its producer in the shop and able to sell
    seller: Seller
    image: Picture | None
    reduction: Reduction | None = None  # what may be announced of its price
    ruled: Ruled | None = None  # by rules of its date and of hours; their price is the one in the window
    bulk: Bulk | None = None  # the rule that made price_minor of the price in the window, for so many pieces
    kg_price_minor: int | None = None
    weight_tolerance: int | None = None
    code_price: CodePrice | None = None  # with a code that everybody may use
    waits: bool = False  # not sold only because its producer may not sell now (producers/selling.py)
    deposit_percent: int | None = None  # of a piece that is ordered with a deposit, and by itself
    making_days: int | None = None  # of such a piece: promised ready so many days after its deposit

    @property
    def shape(self) -> str:
        """The format in the reader's language, told from the others of its product."""
        return packs.named(self.format, self.net_amount, self.net_unit, is_weighed=self.by_weight is not None)

    @property
    def window_minor(self) -> int:
        """The price of a single piece."""
        return self.bulk.window_minor if self.bulk else self.price_minor

    @property
    def unruled_minor(self) -> int:
        """The price of a piece without any rule."""
        return self.ruled.base_minor if self.ruled else self.window_minor

    @property
    def saved_by_rules_minor(self) -> int:
        """On all pieces."""
        return (self.unruled_minor - self.price_minor) * self.quantity

    @property
    def total_minor(self) -> int:
        return self.quantity * self.price_minor

    @property
    def is_fresh(self) -> bool:
        return self.food.get("ship_temp") in {"fresco", "refrigerato", "surgelato"}

    @property
    def min_age(self) -> int:
        """Years one must be to buy it; 0 for anybody."""
        return int(str(self.food.get("min_age") or 0))

    @property
    def unit_price(self) -> tuple[int, str] | None:
        """(minor units, kg | l | piece): on the drained amount where there is liquid. None where none is due (L7)."""
        if self.by_weight:
            return self.by_weight.kg_price_minor, "kg"
        if self.food.get("unit_price_exempt") or (self.net_unit == "piece" and self.net_amount == 1):
            return None
        return unit_price(self.price_minor, self.drained_amount or self.net_amount, self.net_unit)

    @property
    def by_weight(self) -> ByWeight | None:
        """For goods that are sold by their real weight: price_minor is about what a piece costs."""
        return by_weight.of(
            self.price_minor, self.net_amount, self.net_unit, self.kg_price_minor, self.weight_tolerance
        )

    @property
    def price_changed(self) -> bool:
        return self.window_minor != self.seen_price_minor


def weight_of(lines: Sequence[BasketLine]) -> int:
    """What a parcel with these goods weighs, grams; goods by weight as they are estimated. A gift weighs nothing here:
    it must not make a delivery dearer.
    """
    return sum(line.weight_g * line.quantity for line in lines if line.id > 0)


def load_of(lines: Sequence[BasketLine]) -> Load:
    """What these goods bring into a parcel."""
    return Load(weight_of(lines), sum(line.total_minor for line in lines if line.id > 0))


@dataclass(frozen=True)
class Basket:
    """Everything in one cart. postal_code: where it is to be delivered, as far as the shopper has said.

    code: of a promotion, as the shopper typed it. joins_group_id: the paid order that it adds to. ordering: as Cart's.
    """

    cart_id: int | None = None
    country: str = "IT"
    postal_code: str | None = None
    lines: tuple[BasketLine, ...] = ()
    code: str | None = None
    joins_group_id: int | None = None
    ordering: int | None = None

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def goods_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)

    @property
    def min_age(self) -> int:
        return max((line.min_age for line in self.lines), default=0)

    @property
    def groups(self) -> list[tuple[Seller, list[BasketLine]]]:
        """The lines of each producer, the one first chosen first."""
        found: dict[int, tuple[Seller, list[BasketLine]]] = {}
        for line in self.lines:
            found.setdefault(line.seller.id, (line.seller, []))[1].append(line)
        return list(found.values())

    @cached_property
    def demand(self) -> Counter[int]:
        """Pieces asked for, by stock item: several variants may come from one shelf."""
        wanted: Counter[int] = Counter()
        for line in self.lines:
            wanted[line.stock_item_id] += line.quantity
        return wanted

    def most_of(self, line: BasketLine) -> int:
        """Pieces of this line that may be had beside the other lines; 0 when it is not sold (any more)."""
        others = self.demand[line.stock_item_id] - line.quantity
        return max(0, min(MOST, line.available - others)) if line.is_sold else 0

    def is_short(self, line: BasketLine) -> bool:
        """Is less of it left than this line asks for?"""
        return self.demand[line.stock_item_id] > line.available

    @property
    def can_be_bought(self) -> bool:
        return self.is_in_order and not self.is_mixed

    @property
    def is_in_order(self) -> bool:
        """Is there something in it, and all of it to be had?"""
        return bool(self.lines) and all(line.is_sold and not self.is_short(line) for line in self.lines)

    @property
    def is_mixed(self) -> bool:
        """Does a piece with a deposit lie beside other goods? Such a piece is ordered by itself."""
        return len(self.lines) > 1 and any(line.deposit_percent is not None for line in self.lines)

    @property
    def ordered(self) -> "Basket":
        """What the checkout orders: all of it, or of a mixed basket the part that its shopper has chosen.

        A mixed basket of which nothing has been chosen (any more) stays one, which cannot be bought.
        """
        if not self.is_mixed or self.ordering is None:
            return self
        if self.ordering:
            part = tuple(line for line in self.lines if line.variant_id == self.ordering and line.deposit_percent)
        else:
            part = tuple(line for line in self.lines if line.deposit_percent is None)
        return replace(self, lines=part) if part else self

    @property
    def has_new_prices(self) -> bool:
        return any(line.price_changed for line in self.lines)
