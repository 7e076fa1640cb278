"""What must be true of refunds at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import CreditRefund
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments.ledger import REFUND_DUE
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Payment
from app.commerce.payments.proofs import Proof
from app.commerce.refunds.models import Refund, RefundLine, RefundPart


async def what_is_due_to_buyers(db: AsyncSession) -> AsyncIterator[str]:
    """What we owe to buyers is the late payments, the card's part of refunds and bought credit, not yet sent."""
    due = await db.scalar(select(func.sum(LedgerEntry.amount_minor)).where(LedgerEntry.account == REFUND_DUE)) or 0
    late = await db.scalar(select(func.sum(Payment.amount_minor)).where(Payment.state == "late")) or 0
    waiting = await db.scalar(select(func.sum(Refund.card_minor)).where(Refund.state != "sent")) or 0
    given = ("sent", "by_bank")
    of_credit = select(func.sum(CreditRefund.amount_minor)).where(CreditRefund.state.not_in(given))
    waiting += await db.scalar(of_credit) or 0
    if -due != late + waiting:
        yield f"{-due} are due as refunds, but late payments come to {late} and open refunds to {waiting}"


async def never_more_than_was_paid(db: AsyncSession) -> AsyncIterator[str]:
    """Refunds to a card come to no more than it paid, those of a group to no more than its total."""
    to_card = select(func.sum(Refund.card_minor)).where(Refund.payment_id == Payment.id).scalar_subquery()
    for payment, paid, back in await db.execute(
        select(Payment.id, Payment.amount_minor, to_card).where(to_card > Payment.amount_minor)
    ):
        yield f"payment {payment} took {paid}, its refunds give back {back}"
    of_group = select(func.sum(Refund.amount_minor)).where(Refund.group_id == OrderGroup.id).scalar_subquery()
    for number, total, says, back in await db.execute(
        select(OrderGroup.number, OrderGroup.total_minor, OrderGroup.refunded_minor, func.coalesce(of_group, 0)).where(
            (func.coalesce(of_group, 0) > OrderGroup.total_minor)
            | (func.coalesce(of_group, 0) != OrderGroup.refunded_minor)
        )
    ):
        yield f"group {number} comes to {total} and says {says} went back, its refunds come to {back}"


async def orders_say_what_went_back(db: AsyncSession) -> AsyncIterator[str]:
    """An order's money that went back is that of its parts; a line's no more than its gross amount, VAT and fee."""
    of_order = (
        select(func.sum(RefundPart.goods_minor + RefundPart.delivery_minor))
        .where(RefundPart.order_id == Order.id)
        .scalar_subquery()
    )
    for number, says, back in await db.execute(
        select(Order.number, Order.refunded_minor, func.coalesce(of_order, 0)).where(
            Order.refunded_minor != func.coalesce(of_order, 0)
        )
    ):
        yield f"order {number} says that {says} went back, its refunds come to {back}"
    back = (
        select(
            RefundLine.order_line_id,
            func.sum(RefundLine.amount_minor).label("amount"),
            func.sum(RefundLine.pieces).label("pieces"),
            func.sum(RefundLine.vat_minor).label("vat"),
            func.sum(RefundLine.fee_minor).label("fee"),
            func.sum(RefundLine.shop_funded_minor).label("funded"),
        )
        .group_by(RefundLine.order_line_id)
        .subquery()
    )
    wrong = (
        (func.coalesce(back.c.amount, 0) != OrderLine.refunded_minor)
        | (func.coalesce(back.c.pieces, 0) != OrderLine.refunded_pieces)
        | (back.c.amount > OrderLine.gross_minor)
        | (back.c.vat > OrderLine.vat_minor)
        | (back.c.fee > OrderLine.fee_minor)
        | (back.c.funded > OrderLine.shop_funded_minor)
    )
    for line, gross, amount in await db.execute(
        select(OrderLine.id, OrderLine.gross_minor, back.c.amount)
        .outerjoin(back, back.c.order_line_id == OrderLine.id)
        .where(wrong)
        .order_by(OrderLine.id)
    ):
        yield f"line {line} of {gross} has refunds of {amount or 0} that it does not know, or that are too much"


async def parts_add_up(db: AsyncSession) -> AsyncIterator[str]:
    """A refund is the sum of its parts; a part that of its lines, and the producer's share follows from it."""
    goods = select(func.sum(RefundLine.amount_minor)).where(RefundLine.part_id == RefundPart.id).scalar_subquery()
    share = RefundPart.goods_minor + RefundPart.delivery_minor + RefundPart.shop_funded_minor - RefundPart.fee_minor
    for part in await db.scalars(
        select(RefundPart.id).where(
            (func.coalesce(goods, 0) != RefundPart.goods_minor) | (RefundPart.producer_minor != share)
        )
    ):
        yield f"refund part {part} does not add up"
    parts = (
        select(func.sum(RefundPart.goods_minor + RefundPart.delivery_minor))
        .where(RefundPart.refund_id == Refund.id)
        .scalar_subquery()
    )
    for number, amount, summed in await db.execute(
        select(Refund.number, Refund.amount_minor, parts).where(func.coalesce(parts, 0) != Refund.amount_minor)
    ):
        yield f"refund {number} is {amount}, its parts come to {summed}"


async def refunds_are_booked(db: AsyncSession) -> AsyncIterator[str]:
    """Every refund has its journal; what the ledger says is still due of one is what it has not sent (and what another
    row sends for it).
    """
    begins = func.substr(LedgerJournal.reference, 1, func.length(Refund.number) + 1)
    due = (
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(
            LedgerEntry.account == REFUND_DUE,
            (LedgerJournal.reference == Refund.number) | (begins == Refund.number + "/"),
        )
        .scalar_subquery()
    )
    decided = (
        select(func.count())
        .select_from(LedgerJournal)
        .where(LedgerJournal.kind == "refund", LedgerJournal.reference == Refund.number)
        .scalar_subquery()
    )
    found = await db.execute(
        select(Refund.number, Refund.state, Refund.amount_minor, Refund.card_minor, Refund.beside_minor,
               func.coalesce(due, 0), decided)
    )  # fmt: skip
    for number, state, amount, card, beside, open_, journals in found:
        if amount and journals != 1:
            yield f"refund {number} has {journals} journals"
        if -open_ != beside + (0 if state == "sent" else card):
            yield f"refund {number} is {state} with {card} for the card, the ledger has {-open_} due"


ALL: tuple[Proof, ...] = (
    what_is_due_to_buyers,
    never_more_than_was_paid,
    orders_say_what_went_back,
    parts_add_up,
    refunds_are_booked,
)
