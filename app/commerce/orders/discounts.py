"""The discounts of an order as pages and mails show them: each promotion by the name that it had."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.commerce.orders.models import Order
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language


@dataclass(frozen=True)
class Taken:
    """One promotion. shop_minor: the part of both that the shop pays. note: for templates/commerce/_taken.html."""

    title: str
    goods_minor: int
    delivery_minor: int
    shop_minor: int
    is_gift: bool
    code: str | None
    note: str = ""

    @property
    def producer_minor(self) -> int:
        return self.goods_minor + self.delivery_minor - self.shop_minor


def of(orders: Iterable[Order]) -> list[Taken]:
    """Those of one order, or of all orders of a group: one row for each promotion, in the order of application."""
    found: dict[int, Taken] = {}
    for entry in (entry for order in orders for entry in order.discounts):
        known = found.get(entry["promotion"])
        found[entry["promotion"]] = _sum(entry, known)
    return list(found.values())


def _sum(entry: Mapping[str, Any], known: Taken | None) -> Taken:
    return Taken(
        in_language(entry["title"], current_locale()),
        entry["goods_minor"] + (known.goods_minor if known else 0),
        entry["delivery_minor"] + (known.delivery_minor if known else 0),
        entry["shop_funded_minor"] + (known.shop_minor if known else 0),
        bool(entry.get("is_gift")),
        entry.get("code"),
    )


def off_goods(taken: Sequence[Taken]) -> int:
    """What stands between the goods as chosen and as paid. Gifts were not chosen."""
    return sum(each.goods_minor for each in taken if not each.is_gift)
