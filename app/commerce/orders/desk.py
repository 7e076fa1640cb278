"""The desk of a producer: what its pages show. Their frame: app/web/desk.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.commerce.orders import parcels, reckoning
from app.commerce.orders.models import Order, OrderEvent
from app.commerce.orders.queries import Away, ToPack
from app.commerce.orders.views import OPEN, LineView, ParcelView, address_lines, line_view, parcel_view
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class DeskOrder:
    """One parcel as its producer handles it: an order, and those that travel with it. is_late: it should have left.

    riders: what was added since, with money of its own. joins: the number of the order that this one travels with.
    """

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
    refunded_minor: int = 0
    sent_at: datetime | None = None  # of what is on its way, in the work list
    riders: Sequence["DeskOrder"] = ()
    joins: str = ""

    @property
    def lines(self) -> list[LineView]:
        """All that goes into the box."""
        return [*self.parcel.lines, *(line for rider in self.riders for line in rider.parcel.lines)]

    @property
    def pieces(self) -> int:
        return sum(line.pieces for line in self.lines)

    @property
    def is_cold(self) -> bool:
        return any(line.is_cold for line in self.lines)

    @property
    def cold_chain(self) -> str:
        return next((each.parcel.cold_chain for each in (self, *self.riders) if each.parcel.cold_chain), "")


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


def stacks(
    shop: ShopFacts,
    orders: Sequence[Order],
    counts: Mapping[str, int],
    today: date,
    joins: Mapping[int, str],
    away: Sequence[Away] = (),
) -> list[Stack]:
    """Today's work, by what is to be done; what must leave first comes first, then what was sent, the longest away
    first. joins: parcels.numbers. away: queries.on_the_way.
    """
    words = {
        "pending": (_("Da confermare"), _("Nessun ordine nuovo.")),
        "confirmed": (_("Da preparare"), _("Niente da preparare.")),
        "processing": (_("Da spedire"), _("Niente da spedire.")),
        "shipped": (_("In viaggio"), _("Niente in viaggio.")),
    }
    sent_at = {parcel.order.id: parcel.since for parcel in away}
    shown = [
        desk_order(shop, order, [], today, riders, joins.get(order.id, ""))
        for order, riders in parcels.with_riders(orders)
    ]
    shown.sort(key=lambda order: order.parcel.leaves or today)
    shown += [
        replace(desk_order(shop, order, [], today, riders, joins.get(order.id, "")), sent_at=sent_at[order.id])
        for order, riders in parcels.with_riders([parcel.order for parcel in away])
    ]
    return [
        Stack(state, title, empty, counts.get(state, 0), [order for order in shown if order.parcel.state == state])
        for state, (title, empty) in words.items()
    ]


def desk_order(
    shop: ShopFacts,
    order: Order,
    events: Sequence[OrderEvent],
    today: date,
    riders: Sequence[Order] = (),
    joins: str = "",
) -> DeskOrder:
    """An order with its group and lines loaded. riders: the same of what travels with it; joins: as DeskOrder's."""
    group, parcel = order.group, parcel_view(shop, order.group, order, events)
    money = reckoning.as_it_stands(order, group)
    waits = order.state in OPEN and parcel.leaves is not None
    return DeskOrder(
        parcel=parcel,
        name=group.name,
        phone=group.phone,
        city=group.city,
        address=address_lines(group),
        note=group.note,
        currency=group.currency,
        payout_minor=money.payout_minor,
        fee_minor=money.fee_minor,
        is_late=bool(waits and parcel.leaves and parcel.leaves < today),
        leaves_today=bool(waits and parcel.leaves == today),
        refunded_minor=order.refunded_minor,
        riders=[desk_order(shop, rider, [], today) for rider in riders],
        joins=joins,
    )


def packing_row(row: ToPack) -> PackingRow:
    return PackingRow(line_view(row.line), row.pieces, row.orders)
