"""Documents as pages show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from app.commerce.documents import issuing, words
from app.commerce.documents import waiting as waits
from app.commerce.documents.models import Document, Transmission
from app.commerce.documents.waiting import Trouble
from app.commerce.orders.models import Order
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.tenancy import ShopFacts
from app.producers import tax
from app.producers.models import Producer

RESEND_WITHIN = timedelta(days=5)  # of a rejection, with the same number and date
MONTHS = 13


@dataclass(frozen=True)
class Row:
    """A line of a list. total_minor: negative on credit notes. who: to whom it is made out."""

    id: int
    number: str
    date: date
    kind: str
    name: str
    state: str
    label: str
    tone: str
    seller: str
    who: str
    order: str
    currency: str
    total_minor: int


@dataclass(frozen=True)
class Try:
    """One file on its way."""

    filename: str
    label: str
    tone: str
    reason: str
    made_at: datetime
    handed_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True)
class Waiting:
    """An order whose invoice is not made yet, and why. due: until when it has to be with the SdI; is_near: soon."""

    order: str
    producer: str
    name: str
    total_minor: int
    currency: str
    missing: Sequence[str]
    trouble: str
    due: datetime
    is_near: bool


def row(document: Document) -> Row:
    label, tone = words.STATES[document.state]
    body: Mapping[str, Any] = document.body
    sign = -1 if body["type"] == "TD04" else 1
    return Row(
        id=document.id,
        number=document.number,
        date=document.date,
        kind=document.kind,
        name=words.name_of(document.kind),
        state=document.state,
        label=str(label),
        tone=tone,
        seller=body["seller"]["name"],
        who=body["buyer"]["name"],
        order=body["order"]["number"] if body["order"] else "",
        currency=document.currency,
        total_minor=sign * document.total_minor,
    )


def tries(document: Document) -> list[Try]:
    """Every file of a document, the latest first. Its transmissions are loaded."""
    return [_try(sent) for sent in reversed(document.transmissions)]


def _try(sent: Transmission) -> Try:
    label, tone = words.STATES[sent.state]
    return Try(sent.filename, str(label), tone, sent.reason, sent.made_at, sent.handed_at, sent.answered_at)


def resend_by(document: Document) -> datetime | None:
    """Until when a rejected document may be sent again as it is numbered."""
    rejected = [sent.answered_at for sent in document.transmissions if sent.state == "rejected" and sent.answered_at]
    return rejected[-1] + RESEND_WITHIN if document.state == "rejected" and rejected else None


def due(document: Document) -> date:
    """By when the SdI has to have it: twelve days from its date, or five from the rejection."""
    again = resend_by(document)
    return again.date() if again else document.date + timedelta(days=waits.DAYS)


def waiting(
    orders: Iterable[Order], producers: Mapping[int, Producer], troubles: Mapping[str, str] = MappingProxyType({})
) -> list[Waiting]:
    """Orders with their groups. troubles: what went wrong, by reference of the document."""
    missing = {producer_id: tax.missing(producer) for producer_id, producer in producers.items()}
    names = {producer_id: producer.name for producer_id, producer in producers.items()}
    return [_waiting(order, names[order.producer_id], missing[order.producer_id], troubles) for order in orders]


def _waiting(order: Order, producer: str, missing: Sequence[str], troubles: Mapping[str, str]) -> Waiting:
    paid_at = waits.paid_at(order)
    return Waiting(
        order=order.number,
        producer=producer,
        name=order.group.name,
        total_minor=order.total_minor,
        currency=order.group.currency,
        missing=issuing.obstacles(order, missing),
        trouble=troubles.get(f"order:{order.id}", ""),
        due=waits.due(order),
        is_near=clock.now() >= paid_at + timedelta(days=waits.WARNED_AFTER),
    )


@dataclass(frozen=True)
class Unfinished:
    """A commission, or a credit note, that could not be made. what: "Commissione, ottobre 2026"."""

    what: str
    producer: str
    missing: Sequence[str]
    trouble: str
    since: datetime


def unfinished(shop: ShopFacts, troubles: Iterable[Trouble]) -> list[Unfinished]:
    """All but the invoices of orders, which are listed by themselves."""
    return [
        Unfinished(
            _what(each),
            each.producer.name,
            issuing.fee_obstacles(shop, each.producer) if each.reference.startswith(waits.FEES) else [],
            each.reason,
            each.since,
        )
        for each in troubles
        if not each.reference.startswith("order:")
    ]


def _what(trouble: Trouble) -> str:
    if not trouble.reference.startswith(waits.FEES):
        return words.name_of("credit_note")
    month = formats.date(date.fromisoformat(f"{trouble.month}-01"), current_locale(), style="LLLL yyyy")
    return f"{words.name_of('commission')}, {month}"


def months(today: date) -> list[tuple[str, str]]:
    """("2026-11", "novembre 2026") and the twelve before it."""
    found, day = [], today.replace(day=1)
    for _place in range(MONTHS):
        found.append((f"{day:%Y-%m}", formats.date(day, current_locale(), style="LLLL yyyy")))
        day = (day - timedelta(days=1)).replace(day=1)
    return found
