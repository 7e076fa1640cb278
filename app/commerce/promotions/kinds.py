"""What each kind of promotion takes off what is left of a basket. Source: docs/algorithms/promotions.md."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.commerce.promotions import models
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Gift, Given, Item, No, Sale
from app.kernel.money import allocate, percent_of


def covered(promotion: Promotion, sale: Sale) -> list[Item]:
    """The lines that it is for: those in every list that is not empty; a producer's own are for his goods only."""
    return [
        item
        for item in sale.items
        if promotion.producer_id in {None, item.producer_id}
        and (not promotion.producers or item.producer_id in promotion.producers)
        and (not promotion.categories or item.category_id in promotion.categories)
        and (not promotion.products or item.product_id in promotion.products)
    ]


def given(
    promotion: Promotion, gift: Gift | None, sale: Sale, off_lines: Mapping[int, int], off_delivery: Mapping[int, int]
) -> Given | No:
    """What it takes off, never more than is left; or why nothing. off_…: what others have taken off before."""
    items = covered(promotion, sale)
    if not items:
        return No("no_goods")
    if promotion.kind == models.DELIVERY and not _costs(items, sale):
        return No("delivery_free")  # whatever is still missing, there would be nothing to give
    if missing := max(0, promotion.minimum_minor - sum(item.total_minor for item in items)):
        return No("minimum" if len(items) == len(sale.items) else "minimum_of_these", missing_minor=missing)
    if promotion.kind == models.DELIVERY:
        return _delivery(promotion, items, sale, off_delivery)
    if promotion.kind == models.GIFT and gift is not None:
        return Given({-promotion.id: gift.total_minor}, {}, has_gift=True)
    left = [item.total_minor - off_lines.get(item.key, 0) for item in items]
    if promotion.kind == models.BUNDLE:
        parts = _bundle(promotion, items, left)
        if isinstance(parts, No):
            return parts
    else:
        wanted = promotion.amount_minor
        if promotion.kind == models.PERCENT:
            wanted = percent_of(sum(left), Decimal(promotion.percent))
        parts = allocate(min(_capped(promotion, wanted), sum(left)), left)
    if not sum(parts):
        return No("nothing_left")
    return Given({item.key: part for item, part in zip(items, parts, strict=True) if part}, {})


def _capped(promotion: Promotion, amount: int) -> int:
    return amount if promotion.cap_minor is None else min(amount, promotion.cap_minor)


def _costs(items: Sequence[Item], sale: Sale) -> bool:
    """Delivery of these lines costs something, or nobody knows yet."""
    return sale.delivery is None or any(sale.delivery.get(item.producer_id) for item in items)


def _delivery(promotion: Promotion, items: Sequence[Item], sale: Sale, off_delivery: Mapping[int, int]) -> Given | No:
    """The parcels of the producers of these lines."""
    if sale.delivery is None:
        return No("place_unknown")
    producers = sorted({item.producer_id for item in items})
    left = [max(0, sale.delivery.get(id_, 0) - off_delivery.get(id_, 0)) for id_ in producers]
    if not sum(left):
        return No("delivery_free")
    parts = allocate(_capped(promotion, sum(left)), left)
    return Given({}, {id_: part for id_, part in zip(producers, parts, strict=True) if part})


def _bundle(promotion: Promotion, items: Sequence[Item], left: Sequence[int]) -> list[int] | No:
    """The cheapest pieces of every whole set cost less; at equal price those of the line put in last."""
    size = promotion.buy_quantity + promotion.get_quantity
    pieces = sum(item.quantity for item in items)
    reduced = pieces // size * promotion.get_quantity
    if not reduced:
        return No("pieces", missing_pieces=size - pieces)
    parts = [0] * len(items)
    for place in sorted(range(len(items)), key=lambda i: (items[i].price_minor, -i)):
        taken = min(reduced, items[place].quantity)
        reduced -= taken
        off = percent_of(taken * items[place].price_minor, Decimal(promotion.percent))
        parts[place] = min(off, left[place])
    return allocate(_capped(promotion, sum(parts)), parts) if sum(parts) else parts


def gift_refusal(promotion: Promotion, gift: Gift | None, sale: Sale) -> No | None:
    """Why a gift cannot go along, or None; None for every other kind.

    It travels in a parcel of its producer that is sent anyway. Its VAT rate may not be above that of the goods that
    it accompanies: art. 15 DPR 633/72 would then tax it.
    """
    if promotion.kind != models.GIFT:
        return None
    if gift is None or not gift.is_sold:
        return No("gift_gone")
    demand = sum(item.quantity for item in sale.items if item.stock_item_id == gift.stock_item_id)
    if gift.available < demand + gift.quantity:
        return No("gift_gone")
    beside = [item.vat_rate for item in sale.items if item.producer_id == gift.producer_id]
    if not beside:
        return No("gift_apart")
    return None if gift.may_go_along and max(beside) >= gift.vat_rate else No("gift_barred")
