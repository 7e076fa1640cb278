"""What following, answering and the pages about disputes read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import CreditPurchase, CreditRefund, ValueEntry, ValueLot
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


async def known(db: AsyncSession, stripe_ids: Sequence[str]) -> set[str]:
    """Which of these we have."""
    return set(await db.scalars(select(Dispute.stripe_id).where(Dispute.stripe_id.in_(stripe_ids))))


async def locked(db: AsyncSession, dispute_id: int) -> Dispute:
    """A dispute, locked until the transaction ends. Raises NotFound."""
    found = await db.get(Dispute, dispute_id, with_for_update={"key_share": True}, populate_existing=True)
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
    group: str  # number of the order group, of a producer's order, or of the purchase of credit


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
    found = (
        select(*_ROW, func.coalesce(OrderGroup.number, CreditPurchase.number))
        .outerjoin(OrderGroup, OrderGroup.id == Dispute.group_id)
        .outerjoin(CreditPurchase, CreditPurchase.id == Dispute.purchase_id)
    )
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
    """Stripe's ids of disputes that are not decided, and of lost ones whose payment is still to be given back, or whose
    bought credit has come back since.
    """
    still_due = (Payment.state == "late", Payment.failure.is_not(None), Dispute.amount_minor == Payment.amount_minor)
    lost = and_(Dispute.state == "lost", or_(and_(*still_due), Dispute.purchase_id.in_(_come_back())))
    found = select(Dispute.stripe_id).outerjoin(Payment, Payment.id == Dispute.payment_id)
    return list(await db.scalars(found.where(or_(Dispute.state.in_(OPEN), lost)).order_by(Dispute.id).limit(MOST)))


def _come_back() -> CompoundSelect[int]:
    """Purchases with something that a lost dispute makes void: value that is blocked, a refund that was not sent."""
    first = (ValueEntry.kind == "bought") & (ValueEntry.reference == CreditPurchase.number)
    root = (ValueLot.id == ValueEntry.lot_id) | (ValueLot.root_id == ValueEntry.lot_id)
    value = (
        select(CreditPurchase.id)
        .join(ValueEntry, first)
        .join(ValueLot, root)
        .where(CreditPurchase.dispute_id.is_not(None), ValueLot.blocked_at.is_not(None), ValueLot.left_minor > 0)
    )
    return value.union(select(CreditRefund.purchase_id).where(CreditRefund.state == "failed"))


async def waiting_for_balance(db: AsyncSession, group_id: int) -> list[tuple[Dispute, Payment]]:
    """Lost disputes about a part of a group's deposit that nobody bears yet, with the deposit's payment."""
    found = select(Dispute, Payment).join(Payment, Payment.id == Dispute.payment_id)
    rows = await db.execute(
        found.where(Dispute.group_id == group_id, Dispute.state == "lost", Dispute.borne_by.is_(None))
    )
    return [(dispute, payment) for dispute, payment in rows]


async def number_of_purchase(db: AsyncSession, dispute: Dispute) -> str:
    """Of a dispute about bought credit."""
    number = await db.scalar(select(CreditPurchase.number).where(CreditPurchase.id == dispute.purchase_id))
    return number or ""


async def lost_of(db: AsyncSession, payment_id: int) -> int:
    """What banks have given back of a payment for good, in minor units."""
    lost = select(func.sum(Dispute.amount_minor)).where(Dispute.payment_id == payment_id, Dispute.state == "lost")
    return int(await db.scalar(lost) or 0)


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


def waiting_for(producer_id: int) -> Select[int]:
    """Counts those among them that are about goods of a producer's: his proofs are asked for."""
    his = select(Order.group_id).where(Order.producer_id == producer_id)
    return waiting().where(Dispute.group_id.in_(his))
