"""How a producer's part of a charge reaches him. Two strategies; a payment keeps the one that it began with.

SEPARATE, for every cart of every shop that has not chosen otherwise: the charge is ours, and once its money is certain
a transfer follows for each producer. DESTINATION: Stripe makes the one transfer with the charge, of all of it, and
takes our part out of it again as an application fee; it needs a cart of one producer. Either way the producer holds the
same, to the cent, and what he gives back is a reversal of exactly that. Source: docs/algorithms/transfers.md.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import ledger, queries, recoveries
from app.commerce.payments.ledger import Line
from app.commerce.payments.models import WHOLE, Payment
from app.commerce.payments.queries import TransferToSend
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, Split, StripeGateway
from app.kernel import clock
from app.kernel.i18n import gettext as _

KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
NO_ACCOUNT, NOT_READY = "no_account", "insufficient_capabilities_for_transfer"  # the second is Stripe's own word
SPLIT_PARAMS = ("transfer_data", "application_fee_amount")  # what Stripe names when it will not have a split


@dataclass(frozen=True)
class Strategy:
    """first_state: of the transfer that a paid order makes; `sending` means that its amount stands already.

    bring: Stripe's transfer, made or found. Raises PaymentUnreachable and, for those that we ask for, PaymentRefused.
    journals: what is booked once it is there, by kind. came_late: what follows when there was nothing to be had for it.
    """

    first_state: str
    bring: Callable[[StripeGateway, TransferToSend], Awaitable[Sent]]
    journals: Callable[[TransferToSend], Sequence[tuple[str, list[Line]]]]
    came_late: Callable[[AsyncSession, OrderGroup, Payment], Awaitable[None]]


def of(destination: str | None) -> Strategy:
    """A payment's, by its column."""
    return SEPARATE if destination is None else DESTINATION


async def choose(db: AsyncSession, group: OrderGroup, payment: Payment, *, prefers_destination: bool) -> None:
    """Decide it for a new attempt, before Stripe knows of it. Within a transaction."""
    split = await _split(db, group, payment) if prefers_destination else None
    payment.destination = split.account if split else None
    payment.application_fee_minor = split.fee_minor if split else 0


def split_of(payment: Payment) -> Split | None:
    """What Stripe is told about it."""
    return Split(payment.destination, payment.application_fee_minor) if payment.destination else None


def is_refused_split(split: Split | None, no: PaymentRefused) -> bool:
    """Would Stripe have taken the payment without its destination?"""
    return split is not None and (no.code == NOT_READY or any(name in no.param for name in SPLIT_PARAMS))


def fee_of(charge_minor: int, part_minor: int) -> int | None:
    """What stays with us of a charge that goes to a producer, so that he has his part; None where that cannot be."""
    return charge_minor - part_minor if 0 < part_minor <= charge_minor else None


async def _split(db: AsyncSession, group: OrderGroup, payment: Payment) -> Split | None:
    """None where the charge cannot go to one account as it is; then separate transfers can do everything.

    That is so with several producers; with a deposit and with goods by weight, whose parts are known later; where the
    card pays less than the producer is due, since stored value or the shop's discounts pay the rest; without an
    account, or with one that Stripe has refused for this order; and while he owes us something that is to be kept back.
    """
    found = select(Order).where(Order.group_id == group.id).options(selectinload(Order.lines)).limit(2)
    orders = list(await db.scalars(found))
    if payment.part != WHOLE or len(orders) != 1 or reckoning.is_by_weight(orders[0]):
        return None
    order = orders[0]
    fee_minor = fee_of(payment.amount_minor, order.payout_minor)
    account = (await queries.accounts_of(db, [order.producer_id])).get(order.producer_id)
    if account is None or fee_minor is None:
        return None
    if await queries.refused_a_split(db, group.id) or await queries.owes(db, order.producer_id, payment.currency):
        return None
    return Split(account, fee_minor)


# --- separate charges and transfers


async def _made_or_found(gateway: StripeGateway, due: TransferToSend) -> Sent:
    return await _already_made(gateway, due) or await _make(gateway, due)


async def _already_made(gateway: StripeGateway, due: TransferToSend) -> Sent | None:
    """Stripe's transfer for this one, where its answer may have been lost for good."""
    first_key = due.key == f"transfer:{due.id}"
    if first_key and clock.now() - due.created_at < KEY_KEPT:
        return None
    for sent in await gateway.transfers_of(due.group):
        if sent.metadata.get("transfer") == str(due.id):
            return sent
    return None


async def _make(gateway: StripeGateway, due: TransferToSend) -> Sent:
    if due.account is None:
        raise PaymentRefused(_("Il produttore non ha ancora un conto per ricevere i pagamenti."), code=NO_ACCOUNT)
    return await gateway.create_transfer(
        amount_minor=due.amount_minor,
        currency=due.currency,
        account=due.account,
        charge_id=due.charge_id,
        group=due.group,
        reference=str(due.id),
        key=due.key,
    )


def _his_part(due: TransferToSend) -> Sequence[tuple[str, list[Line]]]:
    return [("transfer", ledger.transfer(due.amount_minor, due.currency, due.producer_id, due.order_id))]


async def _nothing_left(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """All of it is still with us."""


# --- destination charges


async def _made_with_the_charge(gateway: StripeGateway, due: TransferToSend) -> Sent:
    try:
        return await stripe_money.transfer_of_charge(gateway, due.charge_id or "")
    except PaymentRefused as no:  # the charge was paid: an answer that does not know it is none
        raise PaymentUnreachable from no


def _all_and_our_fee(due: TransferToSend) -> Sequence[tuple[str, list[Line]]]:
    """As Stripe books it: all of the charge went, and our part came back."""
    fee, of = due.application_fee_minor, (due.currency, due.producer_id, due.order_id)
    return [
        ("transfer", ledger.transfer_of_charge(due.amount_minor, fee, *of)),
        ("application_fee", ledger.application_fee(fee, *of)),
    ]


async def _take_back(db: AsyncSession, group: OrderGroup, payment: Payment) -> None:
    """The producer has his part of a charge that goes back to its buyer: it is taken back from him."""
    order, currency, reference = group.orders[0], payment.currency, f"{group.number}/{payment.id}"
    of = (currency, order.producer_id, order.id)
    went = ledger.transfer_of_charge(payment.goes_on_minor, payment.application_fee_minor, *of)
    await ledger.post(db, "late_transfer", reference, went, group.id)
    await ledger.post(db, "late_fee", reference, ledger.application_fee(payment.application_fee_minor, *of), group.id)
    await recoveries.take_back(
        db,
        order_id=order.id,
        producer_id=order.producer_id,
        amount_minor=payment.goes_on_minor,
        currency=currency,
        kind=recoveries.LATE,
        reference=str(payment.id),
    )


SEPARATE = Strategy("due", _made_or_found, _his_part, _nothing_left)
DESTINATION = Strategy("sending", _made_with_the_charge, _all_and_our_fee, _take_back)
