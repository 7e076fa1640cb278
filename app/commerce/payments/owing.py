"""What a payment owes to its producers: a transfer each, and where its money comes from."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.commerce.payments import queries, strategies
from app.commerce.payments.models import Payment, Transfer
from app.kernel import clock
from app.kernel.outbox import add_job


async def owe_producers(db: AsyncSession, group: OrderGroup, payment: Payment, charge_minor: int) -> None:
    """One transfer per order, sent by a job each. A part of nothing is not sent.

    payment: the last one, after a deposit the balance; the deposit has been in our own balance since. charge_minor:
    what of it is there to be passed on. Where the charge itself went to the producer, the job reads what Stripe made.
    """
    covered = covered_by_charge([order.payout_minor for order in group.orders], charge_minor)
    accounts = await queries.accounts_of(db, [order.producer_id for order in group.orders])
    due = [
        Transfer(
            order_id=order.id,
            payment_id=payment.id,
            producer_id=order.producer_id,
            account=payment.destination or accounts.get(order.producer_id),
            amount_minor=order.payout_minor,
            currency=group.currency,
            idempotency_key="",
            state=strategies.of(payment.destination).first_state,
            from_charge=is_covered,
            created_at=clock.now(),
        )
        for order, is_covered in zip(group.orders, covered, strict=True)
        if order.payout_minor
    ]
    db.add_all(due)
    await db.flush()  # keys and jobs need the ids
    for transfer in due:
        transfer.idempotency_key = f"transfer:{transfer.id}"
        add_job(db, "payments.send_transfer", transfer_id=transfer.id)


def covered_by_charge(parts_minor: Sequence[int], charge_minor: int) -> list[bool]:
    """Which of the producers' parts come out of the charge: the largest that fits first, the earliest on ties.

    Stripe lets the transfers of one charge come to no more than it (payments.md 5.5). Where stored value or the shop's
    discounts paid, they do; what does not fit goes out of our balance, a whole part at a time, so that an order has one
    transfer and a refund reverses that one. Source: docs/algorithms/credit.md.
    """
    covered = [False] * len(parts_minor)
    left = charge_minor
    for place in sorted(range(len(parts_minor)), key=lambda i: -parts_minor[i]):
        if parts_minor[place] <= left:
            covered[place] = True
            left -= parts_minor[place]
    return covered
