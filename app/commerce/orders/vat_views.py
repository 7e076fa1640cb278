"""What pages show of an order's VAT."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.commerce.orders.models import Order


@dataclass(frozen=True)
class VatRow:
    rate: Decimal
    net_minor: int
    vat_minor: int


def rows(booked: Iterable[Mapping[str, Any]]) -> list[VatRow]:
    """Those of one or more orders (`Order.vat`), one per rate, the lowest first."""
    found: dict[Decimal, VatRow] = {}
    for row in booked:
        rate = Decimal(row["rate"])
        before = found.get(rate, VatRow(rate, 0, 0))
        found[rate] = VatRow(rate, before.net_minor + row["net_minor"], before.vat_minor + row["vat_minor"])
    return [found[rate] for rate in sorted(found)]


def added(order: Order) -> tuple[int, int]:
    """The VAT in (the goods', the delivery's) amount that its prices do not say; (0, 0) where they do."""
    if not order.prices_net:
        return 0, 0
    goods = sum(line.vat_minor for line in order.lines)
    return goods, sum(row["vat_minor"] for row in order.vat) - goods
