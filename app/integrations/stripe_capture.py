"""Money that a bank keeps aside: how it stands at Stripe, taking it, letting go of it.

Every function may raise PaymentUnreachable and PaymentRefused, as the gateway does. Source: payments.md; Stripe's
"place a hold on a payment method": captured once, at most what was authorised; the rest is let go of by itself.
"""

from dataclasses import dataclass
from typing import Any

from app.integrations.stripe import StripeGateway


@dataclass(frozen=True)
class Authorization:
    """A PaymentIntent with manual capture, as it is now. received_minor: what has been captured."""

    id: str
    status: str
    capturable_minor: int
    received_minor: int
    charge_id: str | None

    @property
    def is_held(self) -> bool:
        return self.status == "requires_capture"

    @property
    def is_taken(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_gone(self) -> bool:
        return self.status == "canceled"


async def look(gateway: StripeGateway, intent_id: str) -> Authorization:
    """How it stands now."""
    return _of((await gateway.ask(gateway.client.v1.payment_intents.retrieve_async(intent_id))).to_dict())


async def capture(gateway: StripeGateway, intent_id: str, amount_minor: int, *, key: str) -> Authorization:
    """Take so much, once; the bank lets go of the rest. key: our idempotency key, in the database already."""
    taken = await gateway.ask(
        gateway.client.v1.payment_intents.capture_async(
            intent_id, {"amount_to_capture": amount_minor}, {"idempotency_key": key}
        )
    )
    return _of(taken.to_dict())


async def let_go(gateway: StripeGateway, intent_id: str) -> Authorization:
    """Let the bank give all of it free. Needs no key of ours: twice is refused, and then we look."""
    ended = await gateway.ask(
        gateway.client.v1.payment_intents.cancel_async(intent_id, {"cancellation_reason": "abandoned"})
    )
    return _of(ended.to_dict())


def _of(body: dict[str, Any]) -> Authorization:
    charge = body.get("latest_charge")
    return Authorization(
        id=body["id"],
        status=body["status"],
        capturable_minor=body.get("amount_capturable") or 0,
        received_minor=body.get("amount_received") or 0,
        charge_id=charge["id"] if isinstance(charge, dict) else charge,
    )
