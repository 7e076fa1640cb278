"""Stripe's objects as we use them: what we ask for, what came back, and how its JSON becomes that.

Amounts are minor units, currencies in capitals.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.kernel import clock


@dataclass(frozen=True)
class Item:
    """A line of the payment page. amount_minor: of one piece."""

    name: str
    amount_minor: int
    quantity: int


@dataclass(frozen=True)
class Split:
    """A destination charge: the account that it goes to at once, and what of it stays with us, in minor units."""

    account: str
    fee_minor: int


@dataclass(frozen=True)
class NewSession:
    """What is asked of Stripe for one payment. number: of the order group.

    without: Stripe's names of ways to pay that are not offered. shows_link: is its wallet Link?
    """

    shop: str
    number: str
    currency: str
    locale: str
    email: str
    items: Sequence[Item]
    expires_at: datetime
    success_url: str
    cancel_url: str
    without: Sequence[str] = ()
    shows_link: bool = True
    is_held: bool = False  # only authorised: what is captured is known later
    split: Split | None = None


@dataclass(frozen=True)
class NewIntent:
    """What is asked of Stripe for a payment on our own page. number, without: as for a Session."""

    shop: str
    number: str
    amount_minor: int
    currency: str
    without: Sequence[str] = ()
    is_held: bool = False
    split: Split | None = None


@dataclass(frozen=True)
class Session:
    """A Checkout Session as it is now. status: open | complete | expired; payment_status: paid | unpaid | …

    intent_status: of its PaymentIntent ("" while there is none); charge_id: the charge that took the money. failure: as
    Intent's.
    """

    id: str
    status: str
    payment_status: str
    amount_minor: int
    currency: str
    url: str | None
    intent_id: str | None
    intent_status: str
    charge_id: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status in {"paid", "no_payment_required"}

    @property
    def is_processing(self) -> bool:
        """The form is done, the money is on its way (SEPA)."""
        return self.status == "complete" and not self.is_paid and self.intent_status == "processing"

    @property
    def is_authorized(self) -> bool:
        """The bank keeps the money aside until it is captured."""
        return self.status == "complete" and self.intent_status == "requires_capture"

    @property
    def is_over(self) -> bool:
        """No money came, and none will."""
        is_open = self.is_paid or self.is_processing or self.is_authorized
        return self.status == "expired" or (self.status == "complete" and not is_open)


@dataclass(frozen=True)
class Intent:
    """A PaymentIntent as it is now, for a payment on our own page. It answers what settling asks of a Session.

    client_secret: what the buyer's browser pays with; never stored or logged. failure: Stripe's code for why the last
    try did not succeed, "" for none.
    """

    id: str
    status: str
    amount_minor: int
    currency: str
    charge_id: str | None
    client_secret: str = field(default="", repr=False)
    failure: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def intent_id(self) -> str:
        return self.id

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_processing(self) -> bool:
        return self.status == "processing"

    @property
    def is_authorized(self) -> bool:
        """As a Session's."""
        return self.status == "requires_capture"

    @property
    def is_over(self) -> bool:
        return self.status == "canceled"

    @property
    def is_open(self) -> bool:
        """It can still be paid, and be changed."""
        return self.status in {"requires_payment_method", "requires_confirmation", "requires_action"}


@dataclass(frozen=True)
class Sent:
    """A transfer, a reversal or a refund as Stripe has it. failure: why a refund failed, in Stripe's words."""

    id: str
    amount_minor: int
    status: str
    metadata: Mapping[str, str]
    failure: str = ""


@dataclass(frozen=True)
class Event:
    """A webhook event, verified. payload: as it came. object_id: what it is about."""

    id: str
    type: str
    object_id: str | None
    account: str | None
    api_version: str | None
    created_at: datetime
    payload: dict[str, Any]


def parsed(body: bytes) -> dict[str, Any]:
    """Raises ValueError for anything but an event."""
    payload: dict[str, Any] = json.loads(body)
    names = [payload.get("id"), payload.get("type")] if isinstance(payload, dict) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("not an event")
    return payload


def event_of(payload: dict[str, Any]) -> Event:
    """From a snapshot event, or a thin one of API v2, which names its object only."""
    about = (payload.get("data") or {}).get("object") or payload.get("related_object") or {}
    created = payload.get("created")
    at = datetime.fromtimestamp(created, UTC) if isinstance(created, int) else clock.now()
    return Event(
        id=payload["id"],
        type=payload["type"],
        object_id=about.get("id"),
        account=payload.get("account"),
        api_version=payload.get("api_version"),
        created_at=at,
        payload=payload,
    )


def session_of(body: dict[str, Any]) -> Session:
    """From Stripe's object; payment_intent is an id, an expanded object, or null before the buyer confirms."""
    intent = body.get("payment_intent")
    known = intent if isinstance(intent, dict) else {}
    charge = known.get("latest_charge")
    return Session(
        id=body["id"],
        status=body["status"],
        payment_status=body["payment_status"],
        amount_minor=body["amount_total"] or 0,
        currency=(body["currency"] or "").upper(),
        url=body.get("url"),
        intent_id=known.get("id") or (intent if isinstance(intent, str) else None),
        intent_status=known.get("status", ""),
        charge_id=charge["id"] if isinstance(charge, dict) else charge,
        metadata=body.get("metadata") or {},
        failure=_failure_of(known),
    )


def _failure_of(intent: dict[str, Any]) -> str:
    error = intent.get("last_payment_error") or {}
    return error.get("decline_code") or error.get("code") or ""


def intent_of(body: dict[str, Any]) -> Intent:
    """From Stripe's object; latest_charge is an id, an expanded object, or null before anybody tried."""
    charge = body.get("latest_charge")
    has_money = body["status"] == "succeeded"
    return Intent(
        id=body["id"],
        status=body["status"],
        amount_minor=body["amount_received"] if has_money else body["amount"],
        currency=body["currency"].upper(),
        charge_id=charge["id"] if isinstance(charge, dict) else charge,
        client_secret=body.get("client_secret") or "",
        failure=_failure_of(body),
        metadata=body.get("metadata") or {},
    )


def sent_of(body: dict[str, Any]) -> Sent:
    status, failure = body.get("status") or "succeeded", body.get("failure_reason") or ""
    return Sent(body["id"], body["amount"], status, body.get("metadata") or {}, failure)
