"""Goods by weight at the checkout: the most that they can cost, which is authorised, and what an order freezes."""

from app.commerce.checkout.plan import Parcel, Plan
from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.reckoning import LineFacts, Off


def most_minor(plan: Plan) -> int:
    """What the whole checkout costs at most; its total where nothing is sold by weight."""
    return sum(_most(parcel) if has_any(parcel) else parcel.total_minor for parcel in plan.parcels)


def has_any(parcel: Parcel) -> bool:
    return any(line.by_weight for line in parcel.lines)


def _most(parcel: Parcel) -> int:
    goods = 0
    for line in parcel.lines:
        facts = LineFacts(line.quantity, line.total_minor, line.vat_rate, _off(parcel, line.id), line.by_weight)
        price = facts.price(None)
        off = reckoning.scaled(facts.off, price, facts.placed_minor) if facts.terms else facts.off
        goods += price - sum(own + shop for _promotion, own, shop in off)
    return goods + parcel.delivery_minor


def _off(parcel: Parcel, key: int) -> list[Off]:
    """What each promotion takes off a line: what the producer gives, and what the shop gives."""
    found = []
    for applied in parcel.outcome.applied:
        whole, shop = applied.lines.get(key, 0), applied.shop_lines.get(key, 0)
        if whole:
            found.append((applied.promotion.id, whole - shop, shop))
    return found


def freeze(order: Order, parcel: Parcel) -> None:
    """Note what was agreed about the weights on the lines of an order that is being written, and about its discounts:
    goods of a fixed price are charged with those of another's order by weight, and reckoned again then.
    """
    if not has_any(parcel) and not parcel.outcome.applied:
        return
    for row, line in zip(order.lines, parcel.lines, strict=True):
        row.snapshot = {**row.snapshot, "placed_minor": line.total_minor, "off": _off(parcel, line.id)}
        if terms := line.by_weight:
            row.kg_price_minor, row.estimated_g, row.weight_tolerance = (
                terms.kg_price_minor, terms.estimated_g, terms.tolerance
            )  # fmt: skip
    on_delivery = {applied.promotion.id: applied.shop_delivery for applied in parcel.outcome.applied}
    order.discounts = [
        {**entry, "delivery_shop_minor": on_delivery[entry["promotion"]].get(parcel.seller.id, 0)}
        for entry in order.discounts
    ]


def raise_to_most(group: OrderGroup) -> None:
    """Give the orders with goods by weight the amounts at their upper limits: that is what will be authorised."""
    at_most = {
        place: reckoning.reckon(reckoning.facts_of(order), [None] * len(order.lines))
        for place, order in enumerate(group.orders)
        if reckoning.is_by_weight(order)
    }
    if at_most:
        reckoning.write(group, at_most)
