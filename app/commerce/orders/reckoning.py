"""What an order with goods by weight comes to, for any weights of its pieces. Pure but for `write`.

Price, discounts, VAT and fee follow the grams, by the rules of docs/algorithms/catch-weight.md. The amounts of an order
that waits for its weights are those at the upper limit: what its buyer has authorised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import inspect

from app.catalog.by_weight import ByWeight
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.kernel.money import RateTotal, divided, fee_of_order, vat_of_order
from app.shops.rules import GROSS, NET

Row = TypeVar("Row", Order, OrderLine)
Off = tuple[int, int, int]  # promotion, what the producer gives, what the shop gives


@dataclass(frozen=True)
class LineFacts:
    """A line as it was placed. placed_minor: its price then, before `off`. terms: None for a fixed price."""

    quantity: int
    placed_minor: int
    vat_rate: Decimal
    off: Sequence[Off] = ()
    terms: ByWeight | None = None

    def price(self, grams: Sequence[int] | None) -> int:
        """Before discounts. grams: of each piece; None: at most."""
        if self.terms is None:
            return self.placed_minor
        if grams is None:
            return self.quantity * self.terms.most_minor
        return sum(self.terms.price_of(each) for each in grams)


@dataclass(frozen=True)
class OrderFacts:
    """delivery_minor: as the buyer pays it. delivery_shop_minor: what the shop pays of it besides.

    fee_base: shops.rules.GROSS | NET.
    """

    lines: Sequence[LineFacts]
    fee_rate: Decimal
    delivery_minor: int = 0
    delivery_shop_minor: int = 0
    fee_base: str = GROSS


@dataclass(frozen=True)
class LineMoney:
    """price_minor: before the discounts `off`."""

    price_minor: int
    off: Sequence[Off]
    vat_minor: int = 0
    fee_minor: int = 0

    @property
    def shop_minor(self) -> int:
        return sum(shop for _promotion, _own, shop in self.off)

    @property
    def discount_minor(self) -> int:
        return sum(own + shop for _promotion, own, shop in self.off)

    @property
    def gross_minor(self) -> int:
        """What the buyer pays."""
        return self.price_minor - self.discount_minor


@dataclass(frozen=True)
class OrderMoney:
    lines: Sequence[LineMoney]
    vat: Sequence[RateTotal]
    fee_minor: int
    delivery_minor: int

    @property
    def goods_minor(self) -> int:
        return sum(line.gross_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor


def reckon(facts: OrderFacts, grams: Sequence[Sequence[int] | None]) -> OrderMoney:
    """What an order comes to. grams: of the pieces of each line, in order; None: at most (and for fixed prices)."""
    bare = []
    for line, weights in zip(facts.lines, grams, strict=True):
        price = line.price(weights)
        bare.append(LineMoney(price, scaled(line.off, price, line.placed_minor) if line.terms else line.off))
    taxed = [line.gross_minor + line.shop_minor for line in bare]
    goods = [(gross, line.vat_rate) for gross, line in zip(taxed, facts.lines, strict=True)]
    totals, vat = vat_of_order(goods, facts.delivery_minor + facts.delivery_shop_minor)
    fee, fees = fee_of_order(fee_bases(taxed, vat, facts.fee_base), facts.fee_rate)
    parts = zip(bare, vat, fees, strict=True)
    lines = [LineMoney(line.price_minor, line.off, vat_part, fee_part) for line, vat_part, fee_part in parts]
    return OrderMoney(lines, totals, fee, facts.delivery_minor)


def fee_bases(taxed: Sequence[int], vat: Sequence[int], base: str) -> list[int]:
    """Of what the shop's percentage is taken, line by line. taxed: with its VAT, and what the shop gives."""
    return [gross - part if base == NET else gross for gross, part in zip(taxed, vat, strict=True)]


def scaled(off: Sequence[Off], price_minor: int, placed_minor: int) -> list[Off]:
    """Discounts on a line whose price has become another: each keeps its proportion to the price.

    Running sums are rounded half up, so that all parts together are the rounded whole, and never more than the price.
    """
    found: list[Off] = []
    before = run = 0
    for promotion, own, shop in off:
        parts = []
        for part in (own, shop):
            run += part
            after = divided(run * price_minor, placed_minor) if placed_minor else 0
            parts.append(after - before)
            before = after
        found.append((promotion, parts[0], parts[1]))
    return found


def facts_of(order: Order) -> OrderFacts:
    """An order with its lines loaded, as `checkout.placing` froze it."""
    return OrderFacts(
        [_line(line) for line in order.lines],
        Decimal(order.fee_rate),
        order.delivery_minor,
        sum(entry.get("delivery_shop_minor", 0) for entry in order.discounts),
        order.fee_base,
    )


def terms_of(line: OrderLine) -> ByWeight | None:
    """What was agreed about a line's weight; None for a fixed price."""
    if line.kg_price_minor is None or line.estimated_g is None or line.weight_tolerance is None:
        return None
    return ByWeight(line.kg_price_minor, line.estimated_g, line.weight_tolerance)


def is_by_weight(order: Order) -> bool:
    return any(line.kg_price_minor is not None for line in order.lines)


def is_weighed(order: Order) -> bool:
    """Has every piece its weight? True for an order that needs none."""
    return all(line.kg_price_minor is None or line.weighed_at is not None or not line.quantity for line in order.lines)


def weights(order: Order, *, estimated: bool = False) -> list[list[int] | None]:
    """The grams that count for each line: as charged, as weighed, else None (estimated: as was said)."""
    found: list[list[int] | None] = []
    for line in order.lines:
        known = line.charged_grams or line.piece_grams or None
        guess = [line.estimated_g] * line.quantity if estimated and line.estimated_g else None
        found.append(known if known is not None or line.kg_price_minor is None else guess)
    return found


def _line(line: OrderLine) -> LineFacts:
    """Placed: the price that the discounts were reckoned on. Of pieces called off since, both go with them."""
    placed = line.snapshot.get("placed_minor", line.gross_minor + line.discount_minor)
    off = [(promotion, own, shop) for promotion, own, shop in line.snapshot.get("off") or []]
    terms = terms_of(line)
    if line.called_off and terms is None:
        left = divided(placed * line.quantity, line.quantity + line.called_off)
        placed, off = left, scaled(off, left, placed)
    return LineFacts(line.quantity, placed, Decimal(line.vat_rate), off, terms)


def money_of(order: Order, *, estimated: bool = False) -> OrderMoney:
    """What an order comes to by the weights that are known; nothing for one that has been called off."""
    if order.state == "cancelled":
        return OrderMoney([LineMoney(0, ()) for _line in order.lines], (), 0, 0)
    return reckon(facts_of(order), weights(order, estimated=estimated))


def as_it_stands(order: Order, group: OrderGroup) -> Order:
    """What pages show of an order, with its lines loaded: itself, or where something of it has been called off before
    it is charged, a copy that no session knows, with the amounts of what is left, at the upper limits.
    """
    is_off = order.state == "cancelled"
    if group.state != "authorized" or not (is_off or any(line.called_off for line in order.lines)):
        return order
    shown = _copy(order)
    shown.lines = [_copy(line) for line in order.lines]
    _write(shown, money_of(order) if is_off else reckon(facts_of(order), [None] * len(order.lines)))
    return shown


def _copy(row: Row) -> Row:
    """The columns of a row, without what it is related to."""
    kind = type(row)
    return kind(**{column.key: getattr(row, column.key) for column in inspect(kind).column_attrs})


def write(group: OrderGroup, money: Mapping[int, OrderMoney]) -> None:
    """Give the orders of a group these amounts, by their place among them, and the group their sum."""
    for place, order in enumerate(group.orders):
        if place in money:
            _write(order, money[place])
    group.goods_minor = sum(order.goods_minor for order in group.orders)
    group.delivery_minor = sum(order.delivery_minor for order in group.orders)
    group.total_minor = sum(order.total_minor for order in group.orders)
    group.discount_minor = sum(order.discount_minor for order in group.orders)


def _write(order: Order, money: OrderMoney) -> None:
    off: dict[int, tuple[int, int]] = {}
    for line, new in zip(order.lines, money.lines, strict=True):
        line.gross_minor, line.discount_minor, line.shop_funded_minor = (
            new.gross_minor, new.discount_minor, new.shop_minor
        )  # fmt: skip
        line.vat_minor, line.fee_minor = new.vat_minor, new.fee_minor
        for promotion, own, shop in new.off:
            before = off.get(promotion, (0, 0))
            off[promotion] = (before[0] + own + shop, before[1] + shop)
    is_off = not money.vat
    order.discounts = [] if is_off else [_entry(entry, off) for entry in order.discounts]
    order.vat = [
        {"rate": str(each.rate), "gross_minor": each.gross, "net_minor": each.net, "vat_minor": each.vat}
        for each in money.vat
    ]
    order.goods_minor, order.delivery_minor, order.total_minor = (
        money.goods_minor, money.delivery_minor, money.total_minor
    )  # fmt: skip
    if is_off:
        order.delivery_discount_minor = 0
    on_delivery = sum(entry.get("delivery_shop_minor", 0) for entry in order.discounts)
    order.shop_funded_minor = sum(line.shop_minor for line in money.lines) + on_delivery
    order.discount_minor = sum(line.discount_minor for line in money.lines) + order.delivery_discount_minor
    order.fee_minor = money.fee_minor


def _entry(entry: Mapping[str, object], off: Mapping[int, tuple[int, int]]) -> dict[str, object]:
    goods, shop = off.get(int(str(entry["promotion"])), (0, 0))
    on_delivery = int(str(entry.get("delivery_shop_minor", 0)))
    return {**entry, "goods_minor": goods, "shop_funded_minor": shop + on_delivery}
