"""Orders as pages and mails show them: plain values in the reader's language, made from frozen rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.commerce.orders import carriers, words
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.delivery.quotes import departure, working_days_after
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

STEPS = ("confirmed", "processing", "shipped", "delivered")
PICKUP_STEPS = ("confirmed", "processing", "delivered")
OPEN = ("pending", "confirmed", "processing")

Happened = tuple[datetime | None, str, str | None]  # when (none: still to come), what, aside


@dataclass(frozen=True)
class LineView:
    """price_minor: of one piece. withdrawal: the sentence of law.md L25. is_cold: travels refrigerated."""

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


@dataclass(frozen=True)
class VatRow:
    rate: Decimal
    net_minor: int
    vat_minor: int


@dataclass(frozen=True)
class ParcelView:
    """One producer's order. how: the way it travels; arrival: when it is expected, "" once it is on its way.

    leaves: the day by which it must be sent; none when it is fetched, or gone.
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
    has_arrived: bool = False

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

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


def group_view(shop: ShopFacts, group: OrderGroup, events: Sequence[OrderEvent], now: datetime) -> GroupView:
    """A group with its orders and their lines loaded. events: of the whole group, oldest first."""
    parcels = [
        parcel_view(shop, group, order, [event for event in events if event.order_id == order.id])
        for order in group.orders
    ]
    title, following = _standing(group, parcels, now)
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
        goods_minor=group.goods_minor,
        delivery_minor=group.delivery_minor,
        total_minor=group.total_minor,
        vat=_vat(row for order in group.orders for row in order.vat),
    )


def parcel_view(shop: ShopFacts, group: OrderGroup, order: Order, events: Sequence[OrderEvent]) -> ParcelView:
    """One order with its lines loaded. events: its own, oldest first."""
    seller, delivery = order.producer, order.delivery
    is_pickup = delivery.get("method") == "pickup"
    leaves = order.ship_by or departure(group.paid_at or group.placed_at, shop.time_zone, _weekdays(delivery))
    return ParcelView(
        id=order.id,
        number=order.number,
        state=order.state,
        label=words.state(order.state, pickup=is_pickup),
        tone=words.tone(order.state),
        is_pickup=is_pickup,
        seller=seller.get("name", ""),
        seller_slug=seller.get("slug", ""),
        company=seller.get("company") or seller.get("name", ""),
        seller_facts=_seller_facts(seller),
        lines=[line_view(line) for line in order.lines],
        timeline=_timeline(order, events, is_pickup=is_pickup),
        how=carriers.name(order.carrier) or _how(delivery),
        arrival=_arrival(delivery, leaves) if order.state in OPEN and not is_pickup else "",
        leaves=leaves if order.state in OPEN and not is_pickup else None,
        cold_chain=text(delivery.get("cold_chain")),
        carrier=carriers.name(order.carrier),
        tracking_number=order.tracking_number,
        tracking_url=carriers.link(order.carrier, order.tracking_number),
        goods_minor=order.goods_minor,
        delivery_minor=order.delivery_minor,
        total_minor=order.total_minor,
        vat=_vat(order.vat),
        has_arrived=any(event.to_state == "delivered" for event in events),
    )


def line_view(line: OrderLine) -> LineView:
    known = line.snapshot
    return LineView(
        sku=line.sku,
        slug=known.get("slug") or "",
        name=text(known.get("name")),
        format=text(known.get("format")),
        quantity=line.quantity,
        price_minor=line.unit_price_minor,
        total_minor=line.gross_minor,
        vat_rate=Decimal(line.vat_rate),
        designation=known.get("designation"),
        withdrawal=words.withdrawal(known.get("withdrawal") or ""),
        is_cold=known.get("ship_temp", "ambiente") not in {"ambiente", None},
        id=line.id,
    )


def text(texts: Mapping[str, str] | str | None) -> str:
    """A frozen text in the reader's language."""
    return texts if isinstance(texts, str) else in_language(texts or {}, current_locale())


def address_lines(group: OrderGroup) -> list[str]:
    """Where it goes, line by line, without the name."""
    town = f"{group.postal_code} {group.city}" + (f" ({group.province})" if group.province else "")
    countries = dict(addresses.countries(current_locale()))
    return [group.street, town, countries.get(group.country, group.country)]


def _weekdays(delivery: Mapping[str, Any]) -> Sequence[int]:
    return list(delivery.get("departures") or [])


def _how(delivery: Mapping[str, Any]) -> str:
    if delivery.get("method") == "pickup":
        return _("Ritiro dal produttore: %(address)s", address=delivery.get("address", ""))
    return text(delivery.get("carrier")) or _("Corriere")


def _arrival(delivery: Mapping[str, Any], leaves: date) -> str:
    first, last = (working_days_after(leaves, delivery.get(name) or 0) for name in ("lead_days_min", "lead_days_max"))
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


def _vat(rows: Iterable[Mapping[str, Any]]) -> list[VatRow]:
    """Rows of one or more orders, one per rate, the lowest first."""
    found: dict[Decimal, VatRow] = {}
    for row in rows:
        rate = Decimal(row["rate"])
        before = found.get(rate, VatRow(rate, 0, 0))
        found[rate] = VatRow(rate, before.net_minor + row["net_minor"], before.vat_minor + row["vat_minor"])
    return [found[rate] for rate in sorted(found)]


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


def _standing(group: OrderGroup, parcels: Sequence[ParcelView], now: datetime) -> tuple[str, str]:
    """Title and next step, as the buyer reads them."""
    match group.state:
        case "awaiting_payment":
            return _("Manca il pagamento"), _("I prodotti sono da parte per te: l’ordine parte appena hai pagato.")
        case "cancelled":
            return _("Ordine annullato"), _("Non è stato pagato in tempo, e non ti abbiamo addebitato nulla.")
        case "refunding":
            return _("Ti restituiamo tutto"), _(
                "Il pagamento è arrivato quando i prodotti non c’erano più. Il rimborso è in viaggio: "
                "di solito arriva in 5–10 giorni."
            )
        case "refunded":
            return _("Ti abbiamo restituito tutto"), _("Il rimborso è sul metodo di pagamento che hai usato.")
    return _paid_standing(group, parcels, now)


def _paid_standing(group: OrderGroup, parcels: Sequence[ParcelView], now: datetime) -> tuple[str, str]:
    """The same for what has been paid: the hour after the payment is for thanks."""
    on_the_way = [p for p in parcels if p.state == "shipped"]
    waiting = [p for p in parcels if p.state in OPEN]
    if not waiting and not on_the_way:
        return _("È arrivato tutto"), _("Buon appetito! Se qualcosa non va, scrivi al produttore o a noi.")
    if on_the_way and not waiting:
        return _("È in viaggio"), _("I produttori hanno spedito: segui i pacchi qui sotto.")
    if on_the_way or any(p.state != "pending" for p in parcels):
        return _("Ci stanno lavorando"), _("Ogni produttore spedisce il suo pacco: qui sotto vedi a che punto sono.")
    if group.paid_at and (now - group.paid_at).total_seconds() < 3600:
        return _("Grazie, %(name)s", name=group.name.partition(" ")[0]), _(
            "I produttori hanno ricevuto l’ordine e preparano i pacchi. Ti scriviamo a %(email)s quando partono.",
            email=group.email,
        )
    return _("Il tuo ordine"), _("I produttori hanno ricevuto l’ordine: lo confermano e preparano i pacchi.")
