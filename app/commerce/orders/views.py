"""Orders as pages and mails show them: plain values in the reader's language, made from frozen rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from app.commerce.orders import (
    carriers,
    deposit_views,
    discounts,
    leaving,
    promises,
    reckoning,
    standing,
    states,
    vat_views,
    weight_views,
    words,
)
from app.commerce.orders.deposit_views import DepositView
from app.commerce.orders.discounts import Taken
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.commerce.orders.vat_views import VatRow
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts

STEPS = ("confirmed", "processing", "shipped", "delivered")
PICKUP_STEPS = ("confirmed", "processing", "delivered")
OPEN = states.OPEN

Happened = tuple[datetime | None, str, str | None]  # when (none: still to come), what, aside


@dataclass(frozen=True)
class LineView:
    """price_minor: of one piece. total_minor: of all, without discount_minor; where VAT is added, both are net of it.

    withdrawal: the sentence of law.md L25. is_cold: travels refrigerated. is_gift: added by a promotion.
    refunded_pieces: of quantity, not to be sent, or sent back.
    """

    sku: str
    slug: str
    name: str
    format: str
    quantity: int
    price_minor: int
    total_minor: int
    vat_rate: Decimal
    designation: str | None
    withdrawal: str
    is_cold: bool
    id: int = 0
    discount_minor: int = 0
    is_gift: bool = False
    refunded_pieces: int = 0
    reasons: Sequence[str] = ()  # the rules that made the price
    saving_minor: int = 0  # by them, on all pieces
    weight: str = ""  # of goods by weight: about and at most, or what they weigh
    is_about: bool = False  # total_minor is the most that it can become

    @property
    def pieces(self) -> int:
        """What is still to be sent, or was kept."""
        return self.quantity - self.refunded_pieces

    @property
    def full_minor(self) -> int:
        """Before discounts."""
        return self.total_minor + self.discount_minor


@dataclass(frozen=True)
class ParcelView:
    """One producer's order. how: the way it travels; arrival: when it is expected, "" once it is on its way.

    missed: the last day on which it was expected, where that is over. may_choose: its buyer has rights because of that.
    leaves: the day by which it must be sent; none when it is fetched, gone, or not paid whole. goods_minor,
    delivery_minor: as paid, without the VAT where is_net: it is then added below. total_minor: always with it;
    listed_…: before discounts, without gifts. shop_funded_minor: of the discounts, what the shop pays. travels_with:
    the number of the order in whose parcel it is, or "".
    """

    id: int
    number: str
    state: str
    label: str
    tone: str
    is_pickup: bool
    seller: str
    seller_slug: str
    company: str
    seller_facts: Sequence[tuple[str, str]]
    lines: Sequence[LineView]
    timeline: Sequence[Happened]
    how: str
    arrival: str
    leaves: date | None
    cold_chain: str
    carrier: str
    tracking_number: str | None
    tracking_url: str | None
    goods_minor: int
    delivery_minor: int
    total_minor: int
    vat: Sequence[VatRow]
    missed: date | None = None
    may_choose: bool = False
    has_arrived: bool = False
    is_presumed: bool = False  # nobody has said that it has arrived
    is_awaited: bool = False  # its buyer may say that he has it
    carrier_code: str = ""
    discounts: Sequence[Taken] = ()
    delivery_discount_minor: int = 0
    shop_funded_minor: int = 0
    travels_with: str = ""
    about_minor: int | None = None  # goods by weight, not charged yet: about what it costs; total_minor: at most
    needs_weights: bool = False  # the producer has still to type what they weigh
    deposit: DepositView | None = None  # of its group
    is_net: bool = False  # VAT was added to its prices
    heavier: str = ""  # what it made the parcel dearer that it was added to, in a sentence

    @property
    def listed_goods_minor(self) -> int:
        return self.goods_minor + discounts.off_goods(self.discounts)

    @property
    def listed_delivery_minor(self) -> int:
        return self.delivery_minor + self.delivery_discount_minor

    @property
    def pieces(self) -> int:
        return sum(line.pieces for line in self.lines)

    @property
    def is_cold(self) -> bool:
        return any(line.is_cold for line in self.lines)


@dataclass(frozen=True)
class GroupView:
    """What a buyer ordered in one go. next: what happens now, in a sentence or two."""

    id: int
    number: str
    state: str
    title: str
    next: str
    currency: str
    placed_at: datetime
    paid_at: datetime | None
    email: str
    name: str
    phone: str
    address: Sequence[str]
    note: str
    invoice: Sequence[tuple[str, str]]
    parcels: Sequence[ParcelView]
    goods_minor: int
    delivery_minor: int
    total_minor: int
    vat: Sequence[VatRow]
    discounts: Sequence[Taken] = ()
    credit_minor: int = 0  # of the total: paid from stored value
    about_minor: int | None = None  # as a parcel's
    deposit: DepositView | None = None
    due_minor: int = 0  # what the card pays next, or has paid last
    has_contract: bool = False  # it stands: its contract can be taken away (contracts.py)
    is_net: bool = False  # as a parcel's
    refunded_minor: int = 0  # of the total: has gone back, or is about to

    @property
    def by_card_minor(self) -> int:
        return self.total_minor - self.credit_minor

    @property
    def listed_goods_minor(self) -> int:
        """As ParcelView's."""
        return self.goods_minor + discounts.off_goods(self.discounts)

    @property
    def listed_delivery_minor(self) -> int:
        return self.delivery_minor + sum(parcel.delivery_discount_minor for parcel in self.parcels)

    @property
    def shop_funded_minor(self) -> int:
        return sum(parcel.shop_funded_minor for parcel in self.parcels)


def group_view(
    shop: ShopFacts,
    group: OrderGroup,
    events: Sequence[OrderEvent],
    now: datetime,
    joins: Mapping[int, str] = MappingProxyType({}),
) -> GroupView:
    """A group with its orders and lines loaded. events: of the whole group, oldest first. joins: parcels.numbers."""
    orders = [reckoning.as_it_stands(order, group) for order in group.orders]
    total_minor = sum(order.total_minor for order in orders)
    parcels = [
        replace(
            parcel_view(shop, group, order, [event for event in events if event.order_id == order.id]),
            travels_with=joins.get(order.id, ""),
        )
        for order in group.orders
    ]
    title, following = standing.said(group, [parcel.state for parcel in parcels], now)
    return GroupView(
        id=group.id,
        number=group.number,
        state=group.state,
        title=title,
        next=following,
        currency=group.currency,
        placed_at=group.placed_at,
        paid_at=group.paid_at,
        email=group.email,
        name=group.name,
        phone=group.phone,
        address=address_lines(group),
        note=group.note,
        invoice=words.invoice_facts(group.invoice),
        parcels=parcels,
        goods_minor=sum(parcel.goods_minor for parcel in parcels),
        delivery_minor=sum(parcel.delivery_minor for parcel in parcels),
        total_minor=total_minor,
        is_net=any(parcel.is_net for parcel in parcels),
        vat=vat_views.rows(row for order in orders for row in order.vat),
        discounts=discounts.of(orders),
        credit_minor=min(group.credit_minor, total_minor),
        about_minor=weight_views.about(group),
        deposit=deposit_views.deposit_view(group, next(iter(group.orders), None)),
        due_minor=deposit_views.due_minor(group),
        has_contract=group.paid_at is not None or group.authorized_at is not None,
        refunded_minor=group.refunded_minor,
    )


def parcel_view(shop: ShopFacts, group: OrderGroup, order: Order, events: Sequence[OrderEvent]) -> ParcelView:
    """One order with its lines loaded. events: its own, oldest first."""
    about_minor, order = weight_views.about_order(order, group), reckoning.as_it_stands(order, group)
    seller, delivery, added = order.producer, order.delivery, vat_views.added(order)
    is_pickup, leaves = leaving.is_pickup(order), leaving.day(order, group, shop.time_zone)
    deposit = deposit_views.deposit_view(group, order)
    waits = deposit is not None and deposit.stage == "asked"
    days = promises.expected(order, group, shop.time_zone)
    travels = order.state in OPEN and not is_pickup and group.state != deposit_views.DEPOSITED
    return ParcelView(
        id=order.id,
        number=order.number,
        state=order.state,
        label=_("Aspetta il saldo") if waits else words.state(order.state, pickup=is_pickup),
        tone=words.tone(order.state),
        is_pickup=is_pickup,
        seller=seller.get("name", ""),
        seller_slug=seller.get("slug", ""),
        company=seller.get("company") or seller.get("name", ""),
        seller_facts=_seller_facts(seller),
        lines=[line_view(line, group) for line in order.lines if line.quantity],
        timeline=_timeline(order, events, is_pickup=is_pickup),
        how=carriers.name(order.carrier) or _how(delivery),
        arrival=_days(days.first, days.last) if days and not days.is_past else "",
        missed=days.last if days and days.is_past else None,
        may_choose=bool(days and days.is_past and promises.may_choose(order, group, shop.time_zone)),
        leaves=leaves if travels else None,
        cold_chain=words.text(delivery.get("cold_chain")),
        carrier=carriers.name(order.carrier),
        tracking_number=order.tracking_number,
        tracking_url=carriers.link(order.carrier, order.tracking_number),
        goods_minor=order.goods_minor - added[0],
        delivery_minor=order.delivery_minor - added[1],
        total_minor=order.total_minor,
        is_net=order.prices_net,
        vat=vat_views.rows(order.vat),
        has_arrived=any(event.to_state == "delivered" for event in events),
        is_presumed=any(event.kind == states.PRESUMED for event in events),
        is_awaited=_is_awaited(order, group),
        carrier_code=order.carrier or "",
        discounts=discounts.of([order]),
        delivery_discount_minor=order.delivery_discount_minor,
        shop_funded_minor=order.shop_funded_minor,
        about_minor=about_minor,
        needs_weights=order.state in OPEN and not reckoning.is_weighed(order),
        deposit=deposit,
        heavier=_heavier(order, order.delivery_minor - added[1], group.currency),
    )


def _heavier(order: Order, delivery_minor: int, currency: str) -> str:
    step = order.delivery.get("step")
    if not step or step.get("merged"):  # of two orders merged, a refund says what has come back
        return ""
    return words.heavier(step["weight_g"], delivery_minor, currency)


def line_view(line: OrderLine, group: OrderGroup | None = None) -> LineView:
    """group: that it is of, where its weights are to be told."""
    known = line.snapshot
    reasons, unruled_minor = _rules(known, line.unit_price_minor)
    return LineView(
        sku=line.sku,
        slug=known.get("slug") or "",
        name=words.text(known.get("name")),
        format=words.shape(line),
        quantity=line.quantity,
        price_minor=line.unit_price_minor,
        total_minor=line.gross_minor - (line.vat_minor if known.get("vat_added") else 0),
        vat_rate=Decimal(line.vat_rate),
        designation=known.get("designation"),
        withdrawal=words.withdrawal(known.get("withdrawal") or ""),
        is_cold=known.get("ship_temp", "ambiente") not in {"ambiente", None},
        id=line.id,
        discount_minor=line.discount_minor,
        is_gift=bool(known.get("gift")),
        refunded_pieces=line.refunded_pieces,
        reasons=reasons,
        saving_minor=(unruled_minor - line.unit_price_minor) * line.quantity,
        weight=weight_views.said(line, group.currency) if group else "",
        is_about=bool(group and weight_views.may_cost_less(line, group)),
    )


def _rules(known: Mapping[str, Any], price_minor: int) -> tuple[list[str], int]:
    """(which rules made the price of a piece, what it would have cost without them), as the order froze it."""
    ruled, bulk = known.get("rules"), known.get("bulk")
    reasons = [words.text(each) for each in ruled["reasons"]] if ruled else []
    if bulk:
        reasons.append(words.text(bulk["reason"]))
    before = ruled["unruled_minor"] if ruled else bulk["window_minor"] if bulk else price_minor
    return reasons, before


def address_lines(group: OrderGroup) -> list[str]:
    """Where it goes, line by line, without the name."""
    town = f"{group.postal_code} {group.city}" + (f" ({group.province})" if group.province else "")
    return [group.street, town, dict(addresses.countries(current_locale())).get(group.country, group.country)]


def _is_awaited(order: Order, group: OrderGroup) -> bool:
    is_ready = order.state == "processing" and leaving.is_pickup(order) and group.state != deposit_views.DEPOSITED
    return order.state == "shipped" or is_ready


def _how(delivery: Mapping[str, Any]) -> str:
    if delivery.get("method") == "pickup":
        return _("Ritiro dal produttore: %(address)s", address=delivery.get("address", ""))
    return words.text(delivery.get("carrier")) or _("Corriere")


def promised(order: Order, group: OrderGroup, time_zone: str) -> str:
    """When it would arrive if it were paid now; "" where it is fetched, or has still to be made."""
    is_open = not leaving.is_pickup(order) and not group.deposit_minor
    return _days(*promises.arrival(order, group, time_zone)) if is_open else ""


def _days(first: date, last: date) -> str:
    return formats.days(first, last, current_locale())


def _seller_facts(seller: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = (
        ("address", _("Sede")),
        ("vat_number", _("Partita IVA")),
        ("rea", _("REA")),
        ("email", _("E-mail")),
        ("phone", _("Telefono")),
        ("pec", _("PEC")),
    )
    return [(label, str(seller[name])) for name, label in labels if seller.get(name)]


def _timeline(order: Order, events: Sequence[OrderEvent], *, is_pickup: bool) -> list[Happened]:
    """What has happened, then what is still to come; nothing more comes to an order that has ended."""
    done: list[Happened] = []
    seen: set[str] = set()
    for event in events:
        if event.kind == "shipped":
            name, number = carriers.name(order.carrier), order.tracking_number
            aside = f"{name} {number}" if number else name
        else:
            aside = ""
        known = words.event(event.kind, of_order=event.kind != "paid", pickup=is_pickup)
        done.append((event.at, known, aside or None))
        seen.add(event.to_state or event.kind)
    if order.state in {"awaiting_payment", *OPEN, "shipped"}:
        steps = PICKUP_STEPS if is_pickup else STEPS
        rest = [step for step in steps if step not in seen]
        done += [(None, words.state(step, pickup=is_pickup), None) for step in rest]
    return done
