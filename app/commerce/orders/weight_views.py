"""Goods by weight in orders, as pages and mails tell of them: about and at most, then, once charged, exactly."""

from app.catalog import weight_words
from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderGroup, OrderLine


def is_open(group: OrderGroup) -> bool:
    """Nothing has been charged yet: amounts are those at the upper limits."""
    return group.state in {"awaiting_payment", "authorized"}


def about_order(order: Order, group: OrderGroup) -> int | None:
    """About what an order will cost, by the weights that are known; None when its sum is certain."""
    if not is_open(group) or order.state == "cancelled" or not reckoning.is_by_weight(order):
        return None
    return reckoning.money_of(order, estimated=True).total_minor


def about(group: OrderGroup) -> int | None:
    """The same of a whole group."""
    if not is_open(group) or not any(reckoning.is_by_weight(order) for order in group.orders):
        return None
    return sum(reckoning.money_of(order, estimated=True).total_minor for order in group.orders)


def may_cost_less(line: OrderLine, group: OrderGroup) -> bool:
    """Is its amount the most that it can become? Not of what has been called off: that costs nothing."""
    is_left = line.gross_minor + line.discount_minor > 0
    return is_open(group) and line.kg_price_minor is not None and is_left


def said(line: OrderLine, currency: str) -> str:
    """What a line's pieces weigh, as far as that is known; "" for a fixed price."""
    terms = reckoning.terms_of(line)
    if terms is None:
        return ""
    if grams := line.charged_grams or line.piece_grams:
        return weight_words.weighed(terms, grams, currency)
    known = (weight_words.kilogram(terms, currency), weight_words.pieces(terms, line.quantity, currency))
    return " · ".join(known)
