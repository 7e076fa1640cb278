"""What following, answering and the pages about disputes read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes.models import Dispute, EvidenceFile
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import Payment
from app.commerce.refunds.models import Refund, RefundPart
from app.kernel.errors import NotFound
from app.producers.models import Producer

PAGE = 50
MOST = 100
WAITING = ("needs_response", "warning_needs_response")
OPEN = (*WAITING, "under_review", "warning_under_review")


async def of_stripe(db: AsyncSession, stripe_id: str) -> Dispute | None:
    return await db.scalar(select(Dispute).where(Dispute.stripe_id == stripe_id))


async def locked(db: AsyncSession, dispute_id: int) -> Dispute:
    """A dispute, locked until the transaction ends. Raises NotFound."""
    found = await db.get(Dispute, dispute_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class DisputeRow:
    """A line of a list of disputes. amount_minor: of the whole dispute."""

    id: int
    state: str
    reason: str
    amount_minor: int
    currency: str
    due_by: datetime | None
    submitted_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    group: str


_ROW = (
    Dispute.id,
    Dispute.state,
    Dispute.reason,
    Dispute.amount_minor,
    Dispute.currency,
    Dispute.due_by,
    Dispute.submitted_at,
    Dispute.opened_at,
    Dispute.closed_at,
)


async def all_of(db: AsyncSession, state: str, page: int) -> list[DisputeRow]:
    """Disputes for staff, newest first, one page and one more. state: open, over, or "" for all."""
    found = select(*_ROW, OrderGroup.number).join(OrderGroup, OrderGroup.id == Dispute.group_id)
    if state == "open":
        found = found.where(Dispute.state.in_(OPEN))
    elif state == "over":
        found = found.where(Dispute.state.not_in(OPEN))
    rows = await db.execute(found.order_by(Dispute.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE))
    return [_row(*row) for row in rows]


async def of_producer(db: AsyncSession, producer_id: int) -> list[DisputeRow]:
    """Disputes of groups with an order of this producer, newest first, under the number of that order."""
    rows = await db.execute(
        select(*_ROW, Order.number)
        .join(Order, Order.group_id == Dispute.group_id)
        .where(Order.producer_id == producer_id)
        .order_by(Dispute.id.desc())
        .limit(MOST)
    )
    return [_row(*row) for row in rows]


def _row(*values: Any) -> DisputeRow:
    return DisputeRow(*values)


async def one(db: AsyncSession, dispute_id: int) -> Dispute:
    """Raises NotFound."""
    found = await db.scalar(select(Dispute).where(Dispute.id == dispute_id).execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


async def to_refresh(db: AsyncSession) -> list[str]:
    """Stripe's ids of disputes that are not decided, and of lost ones whose payment is still to be given back."""
    still_due = (Dispute.state == "lost", Payment.state == "late", Payment.failure.is_not(None))
    whole = Dispute.amount_minor == Payment.amount_minor
    found = (
        select(Dispute.stripe_id)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(or_(Dispute.state.in_(OPEN), and_(*still_due, whole)))
    )
    return list(await db.scalars(found.order_by(Dispute.id).limit(MOST)))


async def to_remind(db: AsyncSession, before: datetime) -> list[int]:
    """Disputes that wait for our answer, which is due before then."""
    due = (Dispute.state.in_(WAITING), Dispute.submitted_at.is_(None), Dispute.due_by < before)
    return list(await db.scalars(select(Dispute.id).where(*due).order_by(Dispute.id).limit(MOST)))


async def refunded(db: AsyncSession, group_id: int) -> dict[int, tuple[int, int]]:
    """Order id → what of it has gone back to the buyer, and how much of that its producer gave."""
    back = func.sum(RefundPart.goods_minor + RefundPart.delivery_minor)
    rows = await db.execute(
        select(RefundPart.order_id, back, func.sum(RefundPart.producer_minor))
        .join(Refund, Refund.id == RefundPart.refund_id)
        .where(Refund.group_id == group_id, Refund.state != "failed")
        .group_by(RefundPart.order_id)
    )
    return {order_id: (int(amount), int(given)) for order_id, amount, given in rows}


async def one_of_producer(db: AsyncSession, producer_id: int, dispute_id: int) -> tuple[Dispute, str]:
    """A dispute of a group with an order of this producer's, and the number of that order. Raises NotFound."""
    found = await db.execute(
        select(Dispute, Order.number)
        .join(Order, Order.group_id == Dispute.group_id)
        .where(Dispute.id == dispute_id, Order.producer_id == producer_id)
        .order_by(Order.id)
        .execution_options(populate_existing=True)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def files_of(db: AsyncSession, dispute_id: int) -> list[EvidenceFile]:
    """The files that go with our answer, in the order in which they were added."""
    found = select(EvidenceFile).where(EvidenceFile.dispute_id == dispute_id).order_by(EvidenceFile.id)
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def file(db: AsyncSession, dispute_id: int, file_id: int, producer_id: int | None = None) -> EvidenceFile:
    """One of them. producer_id: only his own; None for staff. Raises NotFound."""
    found = select(EvidenceFile).where(EvidenceFile.id == file_id, EvidenceFile.dispute_id == dispute_id)
    if producer_id is not None:
        found = found.where(EvidenceFile.producer_id == producer_id)
    row = await db.scalar(found)
    if row is None:
        raise NotFound
    return row


async def to_deliver(db: AsyncSession, before: datetime) -> list[int]:
    """Disputes whose answer should have been handed over by then."""
    stuck = (Dispute.sending_at < before, Dispute.submitted_at.is_(None))
    return list(await db.scalars(select(Dispute.id).where(*stuck).order_by(Dispute.id).limit(MOST)))


async def makers(db: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    """Producer id → name."""
    if not ids:
        return {}
    return dict((await db.execute(select(Producer.id, Producer.name).where(Producer.id.in_(ids)))).all())


def waiting() -> Select[int]:
    """Counts the disputes that wait for our answer."""
    unanswered = (Dispute.state.in_(WAITING), Dispute.submitted_at.is_(None))
    return select(func.count()).select_from(Dispute).where(*unanswered)
