"""Who bears a lost dispute, and how much of it. Pure. Source: docs/algorithms/reconciliation.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.commerce.orders.models import Order
from app.kernel.money import allocate
from app.kernel.tenancy import ShopFacts
from app.shops import rules

PRODUCER, SHOP = "producer", "shop"
BUYER = "buyer"  # of a part of a deposit, whose order ended: he had it from his bank, and got the rest from us
Refunded = tuple[int, int]  # to the buyer, and of it by the producer


@dataclass(frozen=True)
class Part:
    """What one producer gives back of a lost dispute."""

    order_id: int
    producer_id: int
    amount_minor: int


def rule(shop: ShopFacts) -> str:
    """As the shop has set: the producer, who is the seller, unless the shop takes it upon itself."""
    return rules.DISPUTE_BEARER.of(shop)


def parts(orders: Sequence[Order], amount_minor: int, refunded: Mapping[int, Refunded]) -> list[Part]:
    """Each producer's part: his order's share of the amount, less the share of it that he never got (the fee).

    refunded: what has gone back of an order already, by its id.
    """
    found = shares(_all_left(orders, refunded), amount_minor)
    return [Part(order.id, order.producer_id, share) for order, share in zip(orders, found, strict=True) if share]


def disputed(orders: Sequence[Order], amount_minor: int, refunded: Mapping[int, Refunded]) -> list[int]:
    """What of the amount each order loses, whoever bears it: by what its buyer paid for it and has not had back."""
    return allocate(amount_minor, [total for total, _got in _all_left(orders, refunded)])


def _all_left(orders: Sequence[Order], refunded: Mapping[int, Refunded]) -> list[tuple[int, int]]:
    left = [_left(order, refunded.get(order.id, (0, 0))) for order in orders]
    if any(total for total, _got in left):
        return left
    return [_left(order, (0, 0)) for order in orders]  # all was given back already, and the bank took it once more


def _left(order: Order, refunded: Refunded) -> tuple[int, int]:
    total = max(0, order.total_minor - refunded[0])
    return total, max(0, min(order.payout_minor - refunded[1], total))


def shares(orders: Sequence[tuple[int, int]], amount_minor: int) -> list[int]:
    """orders: (what the buyer paid for it, what the producer got of that), each 0 or more and not all 0."""
    found = []
    disputed = allocate(amount_minor, [total for total, _got in orders])
    for (total, got), part in zip(orders, disputed, strict=True):
        found.append(allocate(part, [got, total - got])[0] if total else 0)
    return found
