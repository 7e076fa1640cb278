"""Stripe's own book: disputes, payouts, connected accounts and balance transactions, read and answered.

Amounts are minor units, currencies in capitals, times aware UTC. Every function may raise PaymentUnreachable and
PaymentRefused, as the gateway does.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from app.integrations.stripe import PaymentUnreachable, Sent, StripeGateway
from app.integrations.stripe_objects import sent_of

if TYPE_CHECKING:
    from stripe.params import DisputeModifyParamsEvidence

PAGE = 100
MOST_LISTED = 50_000  # of one reading: more movements than a busy shop's month has
WITH_SOURCE = ["data.source"]
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class MovementFacts:
    """A balance transaction. source: the object it is about, as far as Stripe expands it; {} for none."""

    id: str
    category: str
    amount_minor: int
    fee_minor: int
    currency: str
    created_at: datetime
    source_id: str | None
    source: Mapping[str, Any]

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True)
class DisputeFacts:
    """A dispute as it is now. movements: the balance transactions that it has caused, oldest first."""

    id: str
    state: str
    reason: str
    amount_minor: int
    currency: str
    charge_id: str
    due_by: datetime | None
    is_refundable: bool
    submissions: int
    opened_at: datetime
    movements: tuple[MovementFacts, ...]


@dataclass(frozen=True)
class PayoutFacts:
    id: str
    state: str
    amount_minor: int
    currency: str
    arrives_on: date
    failure: str | None
    created_at: datetime


@dataclass(frozen=True)
class AccountFacts:
    """due: what Stripe still wants to know of it, in its own words, until due_by; pending: what it is looking at."""

    id: str
    details_submitted: bool
    charges_enabled: bool
    payouts_enabled: bool
    transfers_enabled: bool
    due: tuple[str, ...]
    pending: tuple[str, ...]
    due_by: datetime | None


@dataclass(frozen=True)
class Holding:
    """What a connected account holds at Stripe in one currency."""

    available_minor: int
    pending_minor: int
    currency: str


async def dispute(gateway: StripeGateway, dispute_id: str) -> DisputeFacts:
    found = await gateway.ask(gateway.client.v1.disputes.retrieve_async(dispute_id))
    return _dispute(found.to_dict())


async def submit_evidence(
    gateway: StripeGateway, dispute_id: str, evidence: Mapping[str, str], *, key: str
) -> DisputeFacts:
    """Send our side to the bank, once and for good. evidence: by Stripe's field names. key: ours, kept already."""
    told = cast("DisputeModifyParamsEvidence", dict(evidence))
    made = await gateway.ask(
        gateway.client.v1.disputes.update_async(
            dispute_id, {"evidence": told, "submit": True}, {"idempotency_key": key}
        )
    )
    return _dispute(made.to_dict())


async def concede(gateway: StripeGateway, dispute_id: str, *, key: str) -> DisputeFacts:
    """Accept a dispute as lost, for good; of an inquiry: as closed. key: ours, the same for each try."""
    made = await gateway.ask(gateway.client.v1.disputes.close_async(dispute_id, {}, {"idempotency_key": key}))
    return _dispute(made.to_dict())


async def payout(gateway: StripeGateway, payout_id: str, account: str) -> PayoutFacts:
    found = await gateway.ask(gateway.client.v1.payouts.retrieve_async(payout_id, {}, {"stripe_account": account}))
    return _payout(found.to_dict())


async def disputes_since(gateway: StripeGateway, since: datetime) -> list[DisputeFacts]:
    """The disputes on the platform's charges since then, newest first."""
    first = gateway.client.v1.disputes.list_async({"created": {"gte": int(since.timestamp())}, "limit": PAGE})
    return await _all(gateway, first, _dispute)


async def payouts_since(gateway: StripeGateway, account: str, since: datetime) -> list[PayoutFacts]:
    """The payouts of a connected account since then, newest first."""
    first = gateway.client.v1.payouts.list_async(
        {"created": {"gte": int(since.timestamp())}, "limit": PAGE}, {"stripe_account": account}
    )
    return await _all(gateway, first, _payout)


async def account(gateway: StripeGateway, account_id: str) -> AccountFacts:
    found = (await gateway.ask(gateway.client.v1.accounts.retrieve_async(account_id))).to_dict()
    asked = found.get("requirements") or {}
    return AccountFacts(
        id=found["id"],
        details_submitted=bool(found.get("details_submitted")),
        charges_enabled=bool(found.get("charges_enabled")),
        payouts_enabled=bool(found.get("payouts_enabled")),
        transfers_enabled=(found.get("capabilities") or {}).get("transfers") == "active",
        due=tuple(dict.fromkeys([*(asked.get("past_due") or ()), *(asked.get("currently_due") or ())])),
        pending=tuple(asked.get("pending_verification") or ()),
        due_by=_moment(asked["current_deadline"]) if asked.get("current_deadline") else None,
    )


async def holding(gateway: StripeGateway, account_id: str, currency: str) -> Holding:
    """What a connected account holds in a currency."""
    found = (await gateway.ask(gateway.client.v1.balance.retrieve_async({}, {"stripe_account": account_id}))).to_dict()

    def pot(name: str) -> int:
        return sum(part["amount"] for part in found.get(name) or () if part["currency"].upper() == currency)

    return Holding(pot("available"), pot("pending"), currency)


async def movements_since(gateway: StripeGateway, since: datetime) -> list[MovementFacts]:
    """The platform's balance transactions since then, oldest first, however many pages they take."""
    first = gateway.client.v1.balance_transactions.list_async(
        {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": WITH_SOURCE}
    )
    return (await _all(gateway, first, _movement))[::-1]


async def _all(gateway: StripeGateway, first: Awaitable[Any], read: Callable[[dict[str, Any]], Facts]) -> list[Facts]:
    """Of a list, what is on its first page and on those behind it, up to MOST_LISTED."""
    page = await gateway.ask(first)
    found = [read(one.to_dict()) for one in page.data]
    while page.has_more and len(found) < MOST_LISTED:
        page = await gateway.ask(page.next_page_async())
        found += [read(one.to_dict()) for one in page.data]
    return found


async def shop_of_charge(gateway: StripeGateway, charge_id: str) -> str | None:
    """The shop that a charge of the platform's names as its own; None if it names none."""
    found = await gateway.ask(gateway.client.v1.charges.retrieve_async(charge_id))
    named = (found.to_dict().get("metadata") or {}).get("shop")
    return str(named) if named else None


async def transfer_of_charge(gateway: StripeGateway, charge_id: str) -> Sent:
    """The transfer that Stripe made with a destination charge. PaymentUnreachable as long as there is none."""
    found = await gateway.ask(gateway.client.v1.charges.retrieve_async(charge_id, {"expand": ["transfer"]}))
    made = found.to_dict().get("transfer")
    if not isinstance(made, dict):
        raise PaymentUnreachable
    return sent_of(made)


async def reversed_with(gateway: StripeGateway, refund_id: str) -> Sent | None:
    """What Stripe took back of the charge's transfer together with a refund, where whoever made it there asked so."""
    found = await gateway.ask(gateway.client.v1.refunds.retrieve_async(refund_id, {"expand": ["transfer_reversal"]}))
    made = found.to_dict().get("transfer_reversal")
    return sent_of(made) if isinstance(made, dict) else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _movement(body: dict[str, Any]) -> MovementFacts:
    source = body.get("source")
    known = source if isinstance(source, dict) else {}
    return MovementFacts(
        id=body["id"],
        category=body["reporting_category"],
        amount_minor=body["amount"],
        fee_minor=body["fee"],
        currency=body["currency"].upper(),
        created_at=_moment(body["created"]),
        source_id=known.get("id") or (source if isinstance(source, str) else None),
        source=known,
    )


def _dispute(body: dict[str, Any]) -> DisputeFacts:
    details = body.get("evidence_details") or {}
    charge = body["charge"]
    moved = sorted((_movement(one) for one in body.get("balance_transactions") or ()), key=lambda m: m.created_at)
    return DisputeFacts(
        id=body["id"],
        state=body["status"],
        reason=body.get("reason") or "general",
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        charge_id=charge["id"] if isinstance(charge, dict) else charge,
        due_by=_moment(details["due_by"]) if details.get("due_by") else None,
        is_refundable=bool(body.get("is_charge_refundable")),
        submissions=int(details.get("submission_count") or 0),
        opened_at=_moment(body["created"]),
        movements=tuple(moved),
    )


def _payout(body: dict[str, Any]) -> PayoutFacts:
    return PayoutFacts(
        id=body["id"],
        state=body["status"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        arrives_on=_moment(body["arrival_date"]).date(),
        failure=body.get("failure_code") or body.get("failure_message"),
        created_at=_moment(body["created"]),
    )
