"""What settling, sweeping and the pages about payments read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import PAGE, EventReading, LedgerJournal, Payment, Recovery, StripeEvent, Transfer
from app.kernel.errors import NotFound
from app.producers.models import Producer

LIVE = ("new", "open", "processing")
MOST = 100


async def locked_group(db: AsyncSession, group_id: int) -> OrderGroup:
    """A group with its orders and their lines, locked until the transaction ends. Raises NotFound.

    Whoever changes payments, orders or stock of a group takes this lock first, so that nobody waits in a circle.
    """
    group = await db.scalar(
        select(OrderGroup)
        .where(OrderGroup.id == group_id)
        .options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if group is None:
        raise NotFound
    return group


async def payments_of(db: AsyncSession, group_id: int) -> list[Payment]:
    """The attempts at paying a group, newest first."""
    found = select(Payment).where(Payment.group_id == group_id).order_by(Payment.id.desc())
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def payment_of_session(db: AsyncSession, session_id: str) -> Payment | None:
    found = select(Payment).where(Payment.session_id == session_id)
    return await db.scalar(found.execution_options(populate_existing=True))


async def payment_of_intent(db: AsyncSession, intent_id: str) -> Payment | None:
    """The payment on our own page that stands on this PaymentIntent; None for a Session's own."""
    found = select(Payment).where(Payment.intent_id == intent_id, Payment.way == PAGE)
    return await db.scalar(found.execution_options(populate_existing=True))


async def is_disputed(db: AsyncSession, group_id: int) -> bool:
    """Does a buyer's bank contest a payment of this group, so that nothing may be given back besides?

    Whoever holds the group's lock can rely on the answer until the transaction ends.
    """
    contested = select(Payment.id).where(Payment.group_id == group_id, Payment.dispute_id.is_not(None)).limit(1)
    return await db.scalar(contested) is not None


async def transfers_of(db: AsyncSession, group_id: int) -> list[Transfer]:
    """The transfers of a group's orders, for staff and producers."""
    found = select(Transfer).join(Order, Order.id == Transfer.order_id).where(Order.group_id == group_id)
    return list(await db.scalars(found.order_by(Transfer.id)))


@dataclass(frozen=True)
class TransferToSend:
    """A transfer on its way, with what Stripe needs to know. order, group: their numbers.

    charge_id: where it comes from; None for our balance. destination, application_fee_minor: of its payment, whose
    charge has brought it.
    """

    id: int
    key: str
    account: str | None
    amount_minor: int
    currency: str
    charge_id: str | None
    producer_id: int
    order_id: int
    order: str
    group_id: int
    group: str
    created_at: datetime
    destination: str | None = None
    application_fee_minor: int = 0


async def transfer_to_send(db: AsyncSession, transfer_id: int) -> TransferToSend | None:
    """A transfer that was claimed; None if it has been sent, has failed, or is not there."""
    found = await db.execute(
        select(Transfer, Payment, Order.number, OrderGroup.id, OrderGroup.number)
        .join(Payment, Payment.id == Transfer.payment_id)
        .join(Order, Order.id == Transfer.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Transfer.id == transfer_id, Transfer.state == "sending")
    )
    row = found.first()
    if row is None:
        return None
    transfer, payment, order, group_id, group = row
    return TransferToSend(
        id=transfer.id,
        key=transfer.idempotency_key,
        account=transfer.account,
        amount_minor=transfer.to_send_minor,
        currency=transfer.currency,
        charge_id=payment.charge_id if transfer.from_charge else None,
        producer_id=transfer.producer_id,
        order_id=transfer.order_id,
        order=order,
        group_id=group_id,
        group=group,
        created_at=transfer.created_at,
        destination=payment.destination,
        application_fee_minor=payment.application_fee_minor,
    )


async def journals_of(db: AsyncSession, group_id: int) -> list[LedgerJournal]:
    """The ledger of a group with its entries, oldest first, for staff."""
    found = (
        select(LedgerJournal)
        .where(LedgerJournal.group_id == group_id)
        .options(selectinload(LedgerJournal.entries))
        .order_by(LedgerJournal.id)
    )
    return list(await db.scalars(found))


async def accounts_of(db: AsyncSession, producer_ids: Sequence[int]) -> dict[int, str | None]:
    """Producer id → connected account at Stripe."""
    found = await db.execute(select(Producer.id, Producer.stripe_account).where(Producer.id.in_(producer_ids)))
    return dict(found.all())


async def refused_a_split(db: AsyncSession, group_id: int) -> bool:
    """Has Stripe refused to make anything of an attempt at a group that was to go to a producer's account at once?"""
    refused = (Payment.state == "failed", Payment.session_id.is_(None), Payment.intent_id.is_(None))
    found = select(Payment.id).where(Payment.group_id == group_id, Payment.destination.is_not(None), *refused)
    return await db.scalar(found.limit(1)) is not None


async def owes(db: AsyncSession, producer_id: int, currency: str) -> bool:
    """Does a producer owe something that is to be kept back from his next transfer?"""
    debts = (Recovery.producer_id == producer_id, Recovery.currency == currency, Recovery.state == "owed")
    return await db.scalar(select(Recovery.id).where(*debts).limit(1)) is not None


async def overdue_payments(db: AsyncSession, before: datetime) -> list[Payment]:
    """Attempts that are still open although their payment page ended before then."""
    found = select(Payment).where(Payment.state.in_(LIVE), Payment.expires_at < before).order_by(Payment.id)
    return list(await db.scalars(found.limit(MOST)))


async def abandoned_groups(db: AsyncSession, before: datetime) -> list[int]:
    """Unpaid groups whose hold ended before then, and which nobody can pay any more."""
    live = exists().where(Payment.group_id == OrderGroup.id, Payment.state.in_(LIVE))
    found = (
        select(OrderGroup.id)
        .where(OrderGroup.state == "awaiting_payment", OrderGroup.hold_until < before, ~live)
        .order_by(OrderGroup.id)
    )
    return list(await db.scalars(found.limit(MOST)))


async def waiting_transfers(db: AsyncSession, before: datetime) -> list[int]:
    """Transfers that should have gone by then. Those that wait for our balance or for an account have an error."""
    overdue = (Transfer.state.in_(("due", "sending")), Transfer.error.is_(None), Transfer.created_at < before)
    found = select(Transfer.id).where(*overdue).order_by(Transfer.id)
    return list(await db.scalars(found.limit(MOST)))


async def waiting_recoveries(db: AsyncSession, before: datetime) -> list[int]:
    """What should have been reversed by then. (One that waits for its transfer goes on with it.)"""
    overdue = (Recovery.state.in_(("planned", "reversing")), Recovery.created_at < before)
    return list(await db.scalars(select(Recovery.id).where(*overdue).order_by(Recovery.id).limit(MOST)))


async def waiting_refunds(db: AsyncSession, before: datetime) -> list[int]:
    """Payments that came too late by then and have not been given back."""
    late = (Payment.state == "late", Payment.failure.is_(None), Payment.settled_at < before)
    return list(await db.scalars(select(Payment.id).where(*late).order_by(Payment.id).limit(MOST)))


async def waiting_events(db: AsyncSession, before: datetime) -> list[int]:
    """Stripe's events that came before then and that nobody has tried to deal with."""
    untried = (StripeEvent.state == "received", StripeEvent.note == "", StripeEvent.received_at < before)
    found = select(StripeEvent.id).where(*untried)
    return list(await db.scalars(found.order_by(StripeEvent.id).limit(MOST)))


async def events_read(db: AsyncSession) -> datetime | None:
    """When the last reading of Stripe's events began that missed none; None while there is none."""
    found: datetime | None = await db.scalar(select(func.max(EventReading.at)).where(EventReading.missed == 0))
    return found


async def known_events(db: AsyncSession, event_ids: Sequence[str]) -> set[str]:
    """Those of Stripe's event ids that we have."""
    return set(await db.scalars(select(StripeEvent.event_id).where(StripeEvent.event_id.in_(event_ids))))
