"""A basket as read at one moment: what is in it, from whom, at what price, and what has changed. No database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from app.kernel.money import unit_price

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
    """The producer behind some lines. fee_rate: percent kept by the shop; None: the shop's own rate."""

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

    @property
    def company(self) -> str:
        """The legal name under which it sells."""
        return self.legal.get("company") or self.name

    @property
    def address(self) -> str:
        return f"{self.street}, {self.postal_code} {self.city} ({self.province})"


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
    available: int  # pieces on the shelf that this shopper may still have, those held for his open payment among them
    is_sold: bool  # published, not deleted, its producer open
    seller: Seller
    image: Picture | None

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
    def unit_price(self) -> tuple[int, str]:
        """(minor units, kg | l | piece): on the drained amount where there is liquid."""
        return unit_price(self.price_minor, self.drained_amount or self.net_amount, self.net_unit)

    @property
    def price_changed(self) -> bool:
        return self.price_minor != self.seen_price_minor


@dataclass(frozen=True)
class Basket:
    """Everything in one cart. postal_code: where it is to be delivered, as far as the shopper has said."""

    cart_id: int | None = None
    country: str = "IT"
    postal_code: str | None = None
    lines: tuple[BasketLine, ...] = ()

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
        return bool(self.lines) and all(line.is_sold and not self.is_short(line) for line in self.lines)

    @property
    def has_new_prices(self) -> bool:
        return any(line.price_changed for line in self.lines)
