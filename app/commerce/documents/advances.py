"""What a buyer pays ahead for a piece that is still to be made: its VAT is due on that day, for that amount.

Part of the price (acconto), not earnest money: art. 6, c. 4, DPR 633/72; why, in docs/algorithms/deposits.md. Pure.
Amounts: minor units, VAT included unless they say otherwise.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from app.catalog import deposits
from app.commerce.documents.content import Content, Line, Mention, Total
from app.commerce.orders.models import Order, OrderLine
from app.kernel.money import split_vat

TAKEN_OFF = "deposit"  # kind of the lines by which an invoice takes off what the deposit's has invoiced
NO_GOODS = -2  # their position: neither a line of the order nor its delivery


def share(line: OrderLine) -> int:
    """What of a line was paid ahead."""
    return deposits.share(line.gross_minor, line.snapshot.get("deposit"))


def by_rate(order: Order) -> list[Total]:
    """Of the deposit, what bears which rate; the lowest first. Lines are loaded."""
    gross: dict[Decimal, int] = {}
    for line in order.lines:
        gross[Decimal(line.vat_rate)] = gross.get(Decimal(line.vat_rate), 0) + share(line)
    return [Total(str(rate), *split_vat(minor, rate)) for rate, minor in sorted(gross.items()) if minor]


def taken_off(
    lines: Sequence[Line], totals: Sequence[Total], advance: Content, mention: Mention, day: str
) -> tuple[list[Line], list[Total]]:
    """The invoice of the whole, less what `advance` has invoiced. mention, day: its number, and its date in words."""
    gone = {Decimal(total.rate): total for total in advance.totals}
    less = [
        Line(
            kind=TAKEN_OFF,
            description=f"Acconto già fatturato con {mention.number} del {day}",
            quantity=1,
            list_minor=-total.gross_minor,
            discount_minor=0,
            net_minor=-total.net_minor,
            vat_minor=-total.vat_minor,
            rate=total.rate,
            nature=total.nature,
            position=NO_GOODS,
        )
        for total in advance.totals
    ]
    return [*lines, *less], [_moved(total, gone.get(Decimal(total.rate)), -1) for total in totals]


def whole(content: Content) -> Content:
    """An invoice as it would be had nothing been paid ahead: what its credit notes lower."""
    less = [line for line in content.lines if line.kind == TAKEN_OFF]
    if not less:
        return content
    back = {Decimal(line.rate): Total(line.rate, -line.net_minor, -line.vat_minor) for line in less}
    return replace(
        content,
        lines=[line for line in content.lines if line.kind != TAKEN_OFF],
        totals=[_moved(total, back.get(Decimal(total.rate)), 1) for total in content.totals],
    )


def _moved(total: Total, by: Total | None, sign: int) -> Total:
    if by is None:
        return total
    return replace(
        total, net_minor=total.net_minor + sign * by.net_minor, vat_minor=total.vat_minor + sign * by.vat_minor
    )
