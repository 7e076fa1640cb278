"""Stripe through its official SDK: the calls we make, with time-outs and our own idempotency keys.

The SDK is imported at the first call: it is big, and most processes never pay. Parameters are literal dicts, so that
mypy checks them against the SDK's own types; the sandbox checks them once more against Stripe's description.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx
import structlog

from app.integrations.breaker import Breaker
from app.kernel import clock
from app.kernel.errors import Unavailable
from app.kernel.i18n import gettext as _
from app.settings import Settings

if TYPE_CHECKING:  # nothing at runtime mentions it before the first call
    import stripe

log = structlog.get_logger()
CONNECT_SECONDS, READ_SECONDS = 3.0, 20.0
NETWORK_RETRIES = 2
TOLERANCE_SECONDS = 300
LONGEST_NAME = 250
SANDBOX_PATH = "/_stripe"
Made = TypeVar("Made")
StripeLocale = Literal["it", "en", "de", "fr"]
_LOCALES: Mapping[str, StripeLocale] = {"it": "it", "en": "en", "de": "de", "fr": "fr"}


class PaymentUnreachable(Unavailable):
    """Stripe did not answer, or not with an answer to the question: the outcome is unknown.

    kept: Stripe answered 5xx itself and may repeat that answer under the same idempotency key for a day.
    """

    def __init__(self, *, kept: bool = False) -> None:
        super().__init__(
            _("Il servizio di pagamento in questo momento non risponde. Il tuo ordine è al sicuro: riprova tra poco.")
        )
        self.kept = kept


class PaymentRefused(Exception):
    """Stripe says no for good. code, param, status: in Stripe's words; the message is for the log and for staff."""

    def __init__(self, message: str, *, code: str = "", param: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.status = status


class CardRefused(PaymentRefused):
    """The bank declined."""


class WebhookRefused(Exception):
    """A webhook that Stripe did not sign, or not lately, or that is not JSON."""


@dataclass(frozen=True)
class Item:
    """A line of the payment page. amount_minor: of one piece."""

    name: str
    amount_minor: int
    quantity: int


@dataclass(frozen=True)
class NewSession:
    """What is asked of Stripe for one payment. number: of the order group."""

    shop: str
    number: str
    currency: str
    locale: str
    email: str
    items: Sequence[Item]
    expires_at: datetime
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class Session:
    """A Checkout Session as it is now. status: open | complete | expired; payment_status: paid | unpaid | …

    intent_status: of its PaymentIntent ("" while there is none); charge_id: the charge that took the money.
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

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status in {"paid", "no_payment_required"}

    @property
    def is_processing(self) -> bool:
        """The form is done, the money is on its way (SEPA)."""
        return self.status == "complete" and not self.is_paid and self.intent_status == "processing"

    @property
    def is_over(self) -> bool:
        """No money came, and none will."""
        return self.status == "expired" or (self.status == "complete" and not self.is_paid and not self.is_processing)


@dataclass(frozen=True)
class Sent:
    """A transfer or a refund as Stripe has it."""

    id: str
    amount_minor: int
    status: str
    metadata: Mapping[str, str]


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


class StripeGateway:
    """Our calls to Stripe, or to the sandbox, which speaks the same over HTTP."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        read_seconds: float = READ_SECONDS,
        retries: int = NETWORK_RETRIES,
        breaker: Breaker | None = None,
    ) -> None:
        """transport: for tests, which reach the sandbox without a port. retries: of one call, by the SDK."""
        self.settings = settings
        self.breaker = breaker or Breaker()
        self._transport = transport
        self._read_seconds = read_seconds
        self._retries = retries
        self._client: stripe.StripeClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def client(self) -> "stripe.StripeClient":
        """The SDK's client of the present event loop: its connections belong to a loop."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self._connect(), loop
        return self._client

    def _connect(self) -> "stripe.StripeClient":
        import stripe  # noqa: PLC0415  (big; see the module's docstring)

        http = stripe.HTTPXClient(timeout=httpx.Timeout(self._read_seconds, connect=CONNECT_SECONDS))
        own = self.settings.stripe
        base = own.api_base or (f"http://127.0.0.1:{self.settings.port}{SANDBOX_PATH}" if own.is_sandbox else None)
        if base:  # the SDK offers no way to choose the transport; a local sandbox is not asked through a proxy
            http._client_async = httpx.AsyncClient(transport=self._transport, trust_env=False)  # noqa: SLF001
        return stripe.StripeClient(
            own.secret_key,
            base_addresses={"api": base} if base else None,
            http_client=http,
            max_network_retries=self._retries,
        )

    async def create_session(self, new: NewSession, *, key: str) -> Session:
        """Open a payment page. key: our idempotency key, in the database already."""
        made = await self._ask(
            self.client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "line_items": [
                        {
                            "quantity": item.quantity,
                            "price_data": {
                                "currency": new.currency.lower(),
                                "unit_amount": item.amount_minor,
                                "product_data": {"name": item.name[:LONGEST_NAME]},
                            },
                        }
                        for item in new.items
                    ],
                    "client_reference_id": new.number,
                    "customer_email": new.email,
                    "locale": _LOCALES.get(new.locale, "it"),
                    "expires_at": int(new.expires_at.timestamp()),
                    "success_url": new.success_url,
                    "cancel_url": new.cancel_url,
                    "metadata": {"shop": new.shop, "group": new.number},
                    "payment_intent_data": {
                        "metadata": {"shop": new.shop, "group": new.number},
                        "transfer_group": new.number,
                    },
                },
                {"idempotency_key": key},
            )
        )
        return _session(made.to_dict())

    async def retrieve_session(self, session_id: str) -> Session:
        """The Session as it is now, with its charge."""
        found = await self._ask(
            self.client.v1.checkout.sessions.retrieve_async(session_id, {"expand": ["payment_intent.latest_charge"]})
        )
        return _session(found.to_dict())

    async def expire_session(self, session_id: str) -> Session:
        """Close a payment page. Raises PaymentRefused when it is not open (any more): then look what became of it.

        Needs no key of ours: closing twice does nothing, and a kept answer would hide what has happened since.
        """
        ended = await self._ask(self.client.v1.checkout.sessions.expire_async(session_id))
        return _session(ended.to_dict())

    async def create_transfer(
        self, *, amount_minor: int, currency: str, account: str, charge_id: str, group: str, reference: str, key: str
    ) -> Sent:
        """Send a producer's part of a charge to his account. reference: our id of it, to find it again."""
        made = await self._ask(
            self.client.v1.transfers.create_async(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "destination": account,
                    "source_transaction": charge_id,
                    "transfer_group": group,
                    "metadata": {"transfer": reference},
                },
                {"idempotency_key": key},
            )
        )
        return _sent(made.to_dict())

    async def transfers_of(self, group: str) -> list[Sent]:
        """What has been sent for an order group."""
        found = await self._ask(self.client.v1.transfers.list_async({"transfer_group": group, "limit": 100}))
        return [_sent(transfer.to_dict()) for transfer in found.data]

    async def create_refund(self, *, intent_id: str, amount_minor: int, reference: str, key: str) -> Sent:
        """Give money back. reference: our id of the payment."""
        made = await self._ask(
            self.client.v1.refunds.create_async(
                {"payment_intent": intent_id, "amount": amount_minor, "metadata": {"payment": reference}},
                {"idempotency_key": key},
            )
        )
        return _sent(made.to_dict())

    async def refunds_of(self, intent_id: str) -> list[Sent]:
        """What has been given back of a payment."""
        found = await self._ask(self.client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100}))
        return [_sent(refund.to_dict()) for refund in found.data]

    async def events_since(self, since: datetime, types: Sequence[str], most: int = 1000) -> list[Event]:
        """Events of these types since then, newest first. Stripe keeps them for 30 days."""
        page = await self._ask(
            self.client.v1.events.list_async(
                {"types": list(types), "created": {"gte": int(since.timestamp())}, "limit": 100}
            )
        )
        found = [_event(event.to_dict()) for event in page.data]
        while page.has_more and len(found) < most:
            page = await self._ask(page.next_page_async())
            found += [_event(event.to_dict()) for event in page.data]
        return found

    def read_webhook(self, body: bytes, signature: str) -> Event:
        """The event in a request of Stripe's. body: the raw bytes. Raises WebhookRefused."""
        import stripe  # noqa: PLC0415

        try:
            stripe.WebhookSignature.verify_header(
                body, signature, self.settings.stripe.webhook_secret, TOLERANCE_SECONDS
            )
            payload = _parsed(body)
        except (stripe.SignatureVerificationError, ValueError) as wrong:
            raise WebhookRefused(str(wrong)) from wrong
        return _event(payload)

    async def _ask(self, call: Awaitable[Made]) -> Made:
        """Await a call of the SDK and say in our words what went wrong."""
        import stripe  # noqa: PLC0415

        if self.breaker.is_open:
            _drop(call)
            raise PaymentUnreachable
        try:
            answer = await call
        except stripe.StripeError as error:
            raise self._in_our_words(error) from error
        self.breaker.worked()
        return answer

    def _in_our_words(self, error: "stripe.StripeError") -> Exception:
        import stripe  # noqa: PLC0415

        status = error.http_status or 0
        if isinstance(error, stripe.APIConnectionError) or status >= 500 or not status:
            self.breaker.failed()
            log.warning("stripe.unreachable", status=status)
            return PaymentUnreachable(kept=status >= 500)
        self.breaker.worked()
        if status in {409, 429}:
            log.warning("stripe.busy", status=status)
            return PaymentUnreachable()
        if status in {401, 403}:
            log.error("stripe.not_allowed", status=status)  # our key is wrong: nobody's request is
            return PaymentUnreachable()
        kind = CardRefused if isinstance(error, stripe.CardError) else PaymentRefused
        param = getattr(error, "param", None) or ""
        return kind(str(error.user_message or error), code=error.code or "", param=param, status=status)


def _drop(call: Awaitable[Any]) -> None:
    """A coroutine that nobody will await says so loudly, unless it is closed."""
    if asyncio.iscoroutine(call):
        call.close()


def _parsed(body: bytes) -> dict[str, Any]:
    """Raises ValueError for anything but an event."""
    payload: dict[str, Any] = json.loads(body)
    names = [payload.get("id"), payload.get("type")] if isinstance(payload, dict) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("not an event")
    return payload


def _event(payload: dict[str, Any]) -> Event:
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


def _session(body: dict[str, Any]) -> Session:
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
    )


def _sent(body: dict[str, Any]) -> Sent:
    return Sent(body["id"], body["amount"], body.get("status", "succeeded"), body.get("metadata") or {})
