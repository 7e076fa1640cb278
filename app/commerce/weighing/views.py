"""What the pages of weights show, the desk's and the staff's, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.catalog.by_weight import ByWeight
from app.commerce.orders import reckoning, words
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.words import text
from app.commerce.payments.models import Payment
from app.commerce.weighing import forms, lost
from app.commerce.weighing.forms import Weights
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _


@dataclass(frozen=True)
class PieceView:
    """One field. remark: what follows from a weight outside the tolerance, or ""."""

    field: str
    label: str
    typed: str
    error: str | None
    remark: str


@dataclass(frozen=True)
class ToWeigh:
    """A line of the form. is_closed: charged by weights that stand."""

    name: str
    format: str
    about: str
    pieces: Sequence[PieceView]
    is_closed: bool


@dataclass(frozen=True)
class WeighingView:
    """estimate_minor, most_minor: of the whole parcel; real_minor: by the weights, none while one is missing.

    capture_by: when it is charged at the latest; none once it has been.
    """

    number: str
    buyer: str
    currency: str
    lines: Sequence[ToWeigh]
    most_minor: int
    real_minor: int | None
    capture_by: datetime | None
    is_open: bool


@dataclass(frozen=True)
class HeldOrder:
    """One producer's order of a group that is not charged yet. is_open: it can still be called off."""

    number: str
    seller: str
    label: str
    tone: str
    needs_weights: bool
    is_open: bool
    about_minor: int


@dataclass(frozen=True)
class HeldView:
    """A group that is not charged yet, for staff. held_minor: what the bank keeps aside; credit_minor: stored value
    besides. about_minor: what it will cost, about. capture_by: charged then at the latest. is_open: can be called off.
    """

    number: str
    buyer: str
    currency: str
    held_minor: int
    credit_minor: int
    about_minor: int
    capture_by: datetime | None
    orders: Sequence[HeldOrder]
    is_open: bool


def held_view(group: OrderGroup, payment: Payment | None) -> HeldView:
    """group: with orders and lines. payment: the one that is held; none once there is none any more."""
    is_held = payment is not None and payment.state == "authorized"
    orders = [
        HeldOrder(
            order.number,
            str(order.producer.get("name", "")),
            words.state(order.state),
            words.tone(order.state),
            needs_weights=order.state in lost.STILL_HERE and not reckoning.is_weighed(order),
            is_open=is_held and order.state in lost.STILL_HERE,
            about_minor=reckoning.money_of(order, estimated=True).total_minor,
        )
        for order in group.orders
    ]
    return HeldView(
        number=group.number,
        buyer=group.name,
        currency=group.currency,
        held_minor=payment.amount_minor if payment else 0,
        credit_minor=group.credit_minor,
        about_minor=sum(order.about_minor for order in orders),
        capture_by=payment.capture_by if payment and is_held else None,
        orders=orders,
        is_open=any(order.is_open for order in orders),
    )


def weighing_view(order: Order, form: Weights, capture_by: datetime | None) -> WeighingView:
    """An order with group and lines loaded."""
    currency, is_paid = order.group.currency, order.group.paid_at is not None
    lines = []
    for line in order.lines:
        terms = reckoning.terms_of(line)
        if terms is None or not line.quantity:
            continue
        pieces = [
            _piece(form, forms.name(line.id, place), place, line.quantity, terms)
            for place in range(1, line.quantity + 1)
        ]
        is_closed = is_paid and line.weighed_at is not None
        lines.append(
            ToWeigh(text(line.snapshot.get("name")), text(line.snapshot.get("format")), _about(terms, currency), pieces,
                    is_closed)
        )  # fmt: skip
    weighed = reckoning.is_weighed(order)
    most = reckoning.reckon(reckoning.facts_of(order), [None] * len(order.lines)).total_minor
    return WeighingView(
        number=order.number,
        buyer=order.group.name,
        currency=currency,
        lines=lines,
        most_minor=most,
        real_minor=reckoning.money_of(order).total_minor if weighed else None,
        capture_by=capture_by,
        is_open=any(not line.is_closed for line in lines) and order.state not in {"cancelled", "refunded"},
    )


def _piece(form: Weights, field: str, place: int, pieces: int, terms: ByWeight) -> PieceView:
    typed, remark = form.typed.get(field, ""), ""
    if typed.isascii() and typed.isdigit() and len(typed) < forms.LONGEST:
        if terms.is_light(int(typed)):
            remark = _("Pesa meno del previsto: chi compra paga meno.")
        elif terms.is_heavy(int(typed)):
            remark = _("Pesa più del previsto: si paga fino al limite, il resto lo regali tu.")
    label = _("Grammi del pezzo %(num)s", num=place) if pieces > 1 else _("Grammi")
    return PieceView(field, label, typed, form.errors.get(field), remark)


def _about(terms: ByWeight, currency: str) -> str:
    locale = current_locale()
    return _(
        "Previsti %(about)s, da %(least)s a %(most)s. %(price)s al kg.",
        about=formats.quantity(terms.estimated_g, "g", locale),
        least=formats.quantity(terms.least_g, "g", locale),
        most=formats.quantity(terms.most_g, "g", locale),
        price=formats.money(terms.kg_price_minor, currency, locale),
    )
