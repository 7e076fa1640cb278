"""Open orders as the pages of their buyer show them: plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.commerce.additions import words
from app.commerce.additions.opening import Open
from app.commerce.orders import words as order_words
from app.commerce.orders.models import Order
from app.commerce.orders.views import LineView, line_view
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class AddedView:
    """What travels with an order, or waits to be paid for that. can_remove: something can still be taken out.

    delivery_minor: of the total, what it pays because it makes the parcel heavier.
    """

    number: str
    label: str
    tone: str
    lines: Sequence[LineView]
    total_minor: int
    can_remove: bool
    delivery_minor: int = 0


@dataclass(frozen=True)
class OpenView:
    """One order of the page. until: how long it is open, "" when it is not. with_number: what it could travel with."""

    number: str
    seller: str
    until: str
    can_add: bool
    added: Sequence[AddedView]
    with_number: str = ""


@dataclass(frozen=True)
class Known:
    """What a page knows of its orders. opened: of additions too. added: by order id. partners: order id → number."""

    opened: Mapping[int, Open]
    added: Mapping[int, Sequence[Order]]
    partners: Mapping[int, str]


def open_views(shop: ShopFacts, orders: Sequence[Order], known: Known) -> list[OpenView]:
    """Those of a page that can still be changed, or that something travels with."""
    shown = [_one(shop, order, known) for order in orders]
    return [each for each in shown if each.until or each.added]


def _one(shop: ShopFacts, order: Order, known: Known) -> OpenView:
    seller, open_ = str(order.producer.get("name", "")), known.opened.get(order.id)
    return OpenView(
        order.number,
        seller,
        words.until(shop, open_, seller) if open_ else "",
        order.joins_order_id is None,
        [_added(each, known) for each in known.added.get(order.id, ())],
        known.partners.get(order.id, ""),
    )


def _added(order: Order, known: Known) -> AddedView:
    return AddedView(
        order.number,
        order_words.state(order.state),
        order_words.tone(order.state),
        [line_view(line) for line in order.lines],
        order.total_minor,
        order.id in known.opened,
        order.delivery_minor - (order.refunded_minor - sum(line.refunded_minor for line in order.lines)),
    )
