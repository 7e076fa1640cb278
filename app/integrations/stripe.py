"""Stripe through its official SDK: the calls we make, with time-outs and our own idempotency keys.

The SDK is imported at the first call: it is big, and most processes never pay. Parameters are literal dicts, so that
mypy checks them against the SDK's own types; the sandbox checks them once more against Stripe's description.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx
import structlog

from app.integrations.breaker import Breaker
from app.integrations.stripe_objects import (
    Event,
    Intent,
    Item,
    NewIntent,
    NewSession,
    Sent,
    Session,
    Split,
    event_of,
    intent_of,
    parsed,
    sent_of,
    session_of,
)
from app.kernel.errors import Unavailable
from app.kernel.i18n import gettext as _
from app.settings import Settings

if TYPE_CHECKING:  # nothing at runtime mentions it before the first call
    import stripe

__all__ = [
    "CardRefused",
    "Event",
    "Intent",
    "Item",
    "NewIntent",
    "NewSession",
    "PaymentRefused",
    "PaymentUnreachable",
    "Sent",
    "Session",
    "Split",
    "StripeGateway",
    "WebhookRefused",
]
log = structlog.get_logger()
CONNECT_SECONDS, READ_SECONDS = 3.0, 20.0
NETWORK_RETRIES = 2
TOLERANCE_SECONDS = 300
LONGEST_NAME = 250
EVENTS_PAGE = 100  # Stripe gives no more at once
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
            base_addresses={"api": base, "files": base} if base else None,
            http_client=http,
            max_network_retries=self._retries,
        )

    async def create_session(self, new: NewSession, *, key: str) -> Session:
        """Open a payment page. key: our idempotency key, in the database already."""
        asked: stripe.params.checkout.SessionCreateParams = {
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
        }
        if new.is_held:
            asked["payment_intent_data"]["capture_method"] = "manual"
        if new.split:  # never together with transfer_data.amount
            asked["payment_intent_data"]["transfer_data"] = {"destination": new.split.account}
            if new.split.fee_minor:
                asked["payment_intent_data"]["application_fee_amount"] = new.split.fee_minor
        if new.without:
            asked["excluded_payment_method_types"] = list(new.without)
        if not new.shows_link:
            asked["wallet_options"] = {"link": {"display": "never"}}
        made = await self._ask(self.client.v1.checkout.sessions.create_async(asked, {"idempotency_key": key}))
        return session_of(made.to_dict())

    async def create_intent(self, new: NewIntent, *, key: str) -> Intent:
        """Begin a payment on our own page. key: our idempotency key, in the database already."""
        asked: stripe.params.PaymentIntentCreateParams = {
            "amount": new.amount_minor,
            "currency": new.currency.lower(),
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"shop": new.shop, "group": new.number, "way": "page"},
            "transfer_group": new.number,
        }
        if new.is_held:
            asked["capture_method"] = "manual"
        if new.split:
            asked["transfer_data"] = {"destination": new.split.account}
            if new.split.fee_minor:
                asked["application_fee_amount"] = new.split.fee_minor
        if new.without:
            asked["excluded_payment_method_types"] = list(new.without)
        made = await self._ask(self.client.v1.payment_intents.create_async(asked, {"idempotency_key": key}))
        return intent_of(made.to_dict())

    async def retrieve_intent(self, intent_id: str) -> Intent:
        """The PaymentIntent as it is now."""
        return intent_of((await self._ask(self.client.v1.payment_intents.retrieve_async(intent_id))).to_dict())

    async def update_intent(self, intent_id: str, *, amount_minor: int, split: Split | None = None) -> Intent:
        """Have it ask for another amount, of which another part stays with us. Raises PaymentRefused once there is
        money on its way.

        Needs no key of ours, here and below: twice is the same, and a kept answer would hide what has happened since.
        """
        asked: stripe.params.PaymentIntentUpdateParams = {"amount": amount_minor}
        if split:
            asked["application_fee_amount"] = split.fee_minor
        changed = await self._ask(self.client.v1.payment_intents.update_async(intent_id, asked))
        return intent_of(changed.to_dict())

    async def cancel_intent(self, intent_id: str) -> Intent:
        """Make sure that nobody can pay it any more. Raises PaymentRefused when it is over already, or being paid."""
        ended = await self._ask(
            self.client.v1.payment_intents.cancel_async(intent_id, {"cancellation_reason": "abandoned"})
        )
        return intent_of(ended.to_dict())

    async def retrieve_session(self, session_id: str) -> Session:
        """The Session as it is now, with its charge."""
        found = await self._ask(
            self.client.v1.checkout.sessions.retrieve_async(session_id, {"expand": ["payment_intent.latest_charge"]})
        )
        return session_of(found.to_dict())

    async def session_of(self, intent_id: str) -> str | None:
        """The id of the Session that has made a PaymentIntent; None for another's."""
        found = await self._ask(self.client.v1.checkout.sessions.list_async({"payment_intent": intent_id, "limit": 1}))
        return next((session.id for session in found.data), None)

    async def expire_session(self, session_id: str) -> Session:
        """Close a payment page. Raises PaymentRefused when it is not open (any more): then look what became of it.

        Needs no key of ours: closing twice does nothing, and a kept answer would hide what has happened since.
        """
        ended = await self._ask(self.client.v1.checkout.sessions.expire_async(session_id))
        return session_of(ended.to_dict())

    async def create_transfer(
        self,
        *,
        amount_minor: int,
        currency: str,
        account: str,
        charge_id: str | None,
        group: str,
        reference: str,
        key: str,
    ) -> Sent:
        """Send a producer's part of a charge, or of our balance (None), to his account. reference: our id of it."""
        asked: stripe.params.TransferCreateParams = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "destination": account,
            "transfer_group": group,
            "metadata": {"transfer": reference},
        }
        if charge_id is not None:
            asked["source_transaction"] = charge_id
        made = await self._ask(self.client.v1.transfers.create_async(asked, {"idempotency_key": key}))
        return sent_of(made.to_dict())

    async def transfers_of(self, group: str) -> list[Sent]:
        """What has been sent for an order group."""
        found = await self._ask(self.client.v1.transfers.list_async({"transfer_group": group, "limit": 100}))
        return [sent_of(transfer.to_dict()) for transfer in found.data]

    async def create_reversal(
        self, *, transfer_id: str, amount_minor: int, metadata: Mapping[str, str], key: str
    ) -> Sent:
        """Take back (part of) a transfer. Refused (balance_insufficient) when the account has less than that."""
        made = await self._ask(
            self.client.v1.transfers.reversals.create_async(
                transfer_id, {"amount": amount_minor, "metadata": dict(metadata)}, {"idempotency_key": key}
            )
        )
        return sent_of(made.to_dict())

    async def reversals_of(self, transfer_id: str) -> list[Sent]:
        """What has been taken back of a transfer."""
        found = await self._ask(self.client.v1.transfers.reversals.list_async(transfer_id, {"limit": 100}))
        return [sent_of(reversal.to_dict()) for reversal in found.data]

    async def create_refund(self, *, intent_id: str, amount_minor: int, metadata: Mapping[str, str], key: str) -> Sent:
        """Give money back. metadata: our own marks, to find it again. Its status may be pending, and later fail."""
        made = await self._ask(
            self.client.v1.refunds.create_async(
                {"payment_intent": intent_id, "amount": amount_minor, "metadata": dict(metadata)},
                {"idempotency_key": key},
            )
        )
        return sent_of(made.to_dict())

    async def retrieve_refund(self, refund_id: str) -> Sent:
        """A refund as it is now. Raises PaymentRefused for one that is not there."""
        return sent_of((await self._ask(self.client.v1.refunds.retrieve_async(refund_id))).to_dict())

    async def refunds_of(self, intent_id: str) -> list[Sent]:
        """What has been given back of a payment."""
        found = await self._ask(self.client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100}))
        return [sent_of(refund.to_dict()) for refund in found.data]

    async def events_since(self, since: datetime, types: Sequence[str]) -> AsyncIterator[list[Event]]:
        """Events of these types since then, newest first, page by page. Stripe keeps them for 30 days."""
        page = await self._ask(
            self.client.v1.events.list_async(
                {"types": list(types), "created": {"gte": int(since.timestamp())}, "limit": EVENTS_PAGE}
            )
        )
        yield [event_of(event.to_dict()) for event in page.data]
        while page.has_more:
            page = await self._ask(page.next_page_async())
            yield [event_of(event.to_dict()) for event in page.data]

    def read_webhook(self, body: bytes, signature: str) -> Event:
        """The event in a request of Stripe's. body: the raw bytes. Raises WebhookRefused."""
        import stripe  # noqa: PLC0415

        try:
            stripe.WebhookSignature.verify_header(
                body, signature, self.settings.stripe.webhook_secret, TOLERANCE_SECONDS
            )
            payload = parsed(body)
        except (stripe.SignatureVerificationError, ValueError) as wrong:
            raise WebhookRefused(str(wrong)) from wrong
        return event_of(payload)

    async def ask(self, call: Awaitable[Made]) -> Made:
        """Await a call that another module makes with `client`; what goes wrong is said in our words."""
        return await self._ask(call)

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
