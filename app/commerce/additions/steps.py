"""What an addition pays of the delivery: the step by which it makes a paid parcel dearer. Pure.

Source: docs/algorithms/open-orders.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.commerce.orders.models import Order, OrderLine
from app.delivery.quotes import Quote


@dataclass(frozen=True)
class Load:
    """What is in a parcel. weight_g: grams; gifts weigh nothing. goods_minor: as prices say, before discounts."""

    weight_g: int = 0
    goods_minor: int = 0

    def plus(self, other: "Load") -> "Load":
        return Load(self.weight_g + other.weight_g, self.goods_minor + other.goods_minor)


@dataclass(frozen=True)
class Packed:
    """A parcel that is paid: as it was bought, and what is left of it since something was taken out."""

    bought: Load
    left: Load


@dataclass(frozen=True)
class Step:
    """What a parcel costs by the tariff in force, before and with what joins it. weight_g: of it all."""

    weight_g: int
    before_minor: int
    whole_minor: int

    @property
    def due_minor(self) -> int:
        """Nothing is given back where the whole costs less: the goods have passed the free threshold."""
        return max(0, self.whole_minor - self.before_minor)


def step(zone: Quote, packed: Packed, added: Load) -> Step | None:
    """The step that `added` makes; None: the parcel would be too heavy to be delivered.

    What was taken out has been paid for and makes room: the parcel before is the dearer of what was bought and what is
    left. A full day of its producer counts for nothing here, since an addition takes no place of its own in it.
    """
    whole = packed.left.plus(added)
    cost = zone.cost(whole.weight_g, whole.goods_minor)
    if cost is None:
        return None
    costs = [zone.cost(load.weight_g, load.goods_minor) for load in (packed.bought, packed.left)]
    return Step(whole.weight_g, max(cost if before is None else before for before in costs), cost)


def packed(orders: Sequence[Order]) -> Packed:
    """The parcel of these orders, whose lines are loaded."""
    lines = [line for order in orders for line in order.lines if not line.snapshot.get("gift")]
    bought = [_load(line, line.quantity) for line in lines]
    left = [_load(line, line.quantity - line.refunded_pieces) for line in lines]
    return Packed(_sum(bought), _sum(left))


def _load(line: OrderLine, pieces: int) -> Load:
    return Load(pieces * int(line.snapshot.get("weight_g") or 0), pieces * line.unit_price_minor)


def _sum(loads: Sequence[Load]) -> Load:
    return Load(sum(load.weight_g for load in loads), sum(load.goods_minor for load in loads))
