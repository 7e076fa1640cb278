"""The desk of a producer: what its pages show. Their frame: app/web/desk.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.commerce.orders.models import Order, OrderEvent
from app.commerce.orders.queries import ToPack
from app.commerce.orders.views import OPEN, LineView, ParcelView, address_lines, line_view, parcel_view
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class DeskOrder:
    """One order as its producer handles it. is_late: it should have left before today."""

    parcel: ParcelView
    name: str
    phone: str
    city: str
    address: Sequence[str]
    note: str
    currency: str
    payout_minor: int
    fee_minor: int
    is_late: bool
    leaves_today: bool


@dataclass(frozen=True)
class Stack:
    """The orders that wait for the same deed. count: all of them, even where `orders` shows fewer."""

    state: str
    title: str
    empty: str
    count: int
    orders: Sequence[DeskOrder]


@dataclass(frozen=True)
class PackingRow:
    line: LineView
    pieces: int
    orders: int


def stacks(shop: ShopFacts, orders: Sequence[Order], counts: Mapping[str, int], today: date) -> list[Stack]:
    """Today's work, by what is to be done; what must leave first comes first."""
    words = {
        "pending": (_("Da confermare"), _("Nessun ordine nuovo.")),
        "confirmed": (_("Da preparare"), _("Niente da preparare.")),
        "processing": (_("Da spedire"), _("Niente da spedire.")),
    }
    shown = [desk_order(shop, order, [], today) for order in orders]
    shown.sort(key=lambda order: order.parcel.leaves or today)
    return [
        Stack(state, title, empty, counts.get(state, 0), [order for order in shown if order.parcel.state == state])
        for state, (title, empty) in words.items()
    ]


def desk_order(shop: ShopFacts, order: Order, events: Sequence[OrderEvent], today: date) -> DeskOrder:
    """An order with its group and lines loaded."""
    group, parcel = order.group, parcel_view(shop, order.group, order, events)
    waits = order.state in OPEN and parcel.leaves is not None
    return DeskOrder(
        parcel=parcel,
        name=group.name,
        phone=group.phone,
        city=group.city,
        address=address_lines(group),
        note=group.note,
        currency=group.currency,
        payout_minor=order.payout_minor,
        fee_minor=order.fee_minor,
        is_late=bool(waits and parcel.leaves and parcel.leaves < today),
        leaves_today=bool(waits and parcel.leaves == today),
    )


def packing_row(row: ToPack) -> PackingRow:
    return PackingRow(line_view(row.line), row.pieces, row.orders)
