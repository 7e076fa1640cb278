"""What the engine is asked about: a basket, who buys it, how often a promotion was used; and its ways to say no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.commerce.promotions.models import Promotion


@dataclass(frozen=True)
class Item:
    """One line of a basket. key: unique in it, > 0. price_minor: of one piece."""

    key: int
    product_id: int
    category_id: int
    producer_id: int
    stock_item_id: int
    quantity: int
    price_minor: int
    vat_rate: Decimal

    @property
    def total_minor(self) -> int:
        return self.quantity * self.price_minor


@dataclass(frozen=True)
class Gift:
    """What a promotion would add. available: pieces on its shelf that this shopper may have.

    may_go_along: it can travel there, and needs no age that the basket does not need.
    """

    variant_id: int
    stock_item_id: int
    producer_id: int
    quantity: int
    price_minor: int
    vat_rate: Decimal
    available: int
    is_sold: bool
    may_go_along: bool = True

    @property
    def total_minor(self) -> int:
        return self.quantity * self.price_minor


@dataclass(frozen=True)
class Buyer:
    """Who buys, as far as it is known. key: what uses are counted by, None while nobody has said who it is."""

    key: str | None = None
    has_account: bool = False
    has_bought: bool = False
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Uses:
    """How often a promotion was used already: in all, today, by this buyer. code_…: of the typed code."""

    total: int = 0
    today: int = 0
    buyer: int = 0
    code: int = 0
    code_limit: int | None = None


@dataclass(frozen=True)
class Sale:
    """delivery: what each producer's parcel costs before discounts; None while nobody knows where it goes."""

    items: Sequence[Item]
    delivery: Mapping[int, int] | None = None
    buyer: Buyer = field(default_factory=Buyer)

    @property
    def goods_minor(self) -> int:
        return sum(item.total_minor for item in self.items)


@dataclass(frozen=True)
class Given:
    """What one promotion takes off: by line key, by producer for deliveries. has_gift: its gift is among the lines."""

    lines: Mapping[int, int]
    delivery: Mapping[int, int]
    has_gift: bool = False


@dataclass(frozen=True)
class No:
    """Why a promotion does not apply: a key of words.REASONS, with what the sentence needs."""

    why: str
    missing_minor: int = 0
    missing_pieces: int = 0
    by: Promotion | None = None
    at: datetime | None = None
