"""What settling, sweeping and the pages about payments read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import LedgerJournal, Payment, StripeEvent, Transfer
from app.kernel.errors import NotFound
from app.producers.models import Producer

LIVE = ("new", "open")
MOST = 100


async def locked_group(db: AsyncSession, group_id: int) -> OrderGroup:
    """A group with its orders and their lines, locked until the transaction ends. Raises NotFound.

    Whoever changes payments, orders or stock of a group takes this lock first, so that nobody waits in a circle.
    """
    group = await db.scalar(
        select(OrderGroup)
        .where(OrderGroup.id == group_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if group is None:
        raise NotFound
    await db.scalars(
        select(OrderGroup)
        .where(OrderGroup.id == group_id)
        .options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        .execution_options(populate_existing=True)
    )
    return group


async def payments_of(db: AsyncSession, group_id: int) -> list[Payment]:
    """The attempts at paying a group, newest first."""
    found = select(Payment).where(Payment.group_id == group_id).order_by(Payment.id.desc())
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def payment_of_session(db: AsyncSession, session_id: str) -> Payment | None:
    found = select(Payment).where(Payment.session_id == session_id)
    return await db.scalar(found.execution_options(populate_existing=True))


async def transfers_of(db: AsyncSession, group_id: int) -> list[Transfer]:
    """The transfers of a group's orders, for staff and producers."""
    found = select(Transfer).join(Order, Order.id == Transfer.order_id).where(Order.group_id == group_id)
    return list(await db.scalars(found.order_by(Transfer.id)))


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
    return {producer_id: account for producer_id, account in found}


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
    """Transfers that should have gone by then."""
    found = select(Transfer.id).where(Transfer.state == "due", Transfer.created_at < before).order_by(Transfer.id)
    return list(await db.scalars(found.limit(MOST)))


async def waiting_refunds(db: AsyncSession, before: datetime) -> list[int]:
    """Payments that came too late by then and have not been given back."""
    found = select(Payment.id).where(Payment.state == "late", Payment.settled_at < before).order_by(Payment.id)
    return list(await db.scalars(found.limit(MOST)))


async def waiting_events(db: AsyncSession, before: datetime) -> list[int]:
    """Stripe's events that came before then and that nobody has dealt with."""
    found = select(StripeEvent.id).where(StripeEvent.state == "received", StripeEvent.received_at < before)
    return list(await db.scalars(found.order_by(StripeEvent.id).limit(MOST)))


async def known_events(db: AsyncSession, event_ids: Sequence[str]) -> set[str]:
    """Those of Stripe's event ids that we have."""
    return set(await db.scalars(select(StripeEvent.event_id).where(StripeEvent.event_id.in_(event_ids))))
