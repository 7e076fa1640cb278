"""Money that a producer gives back: out of his transfer before it leaves, by reversing it after, else from later ones.

Locks are taken in one order: the group (by whoever decides), then a transfer, then recoveries. Stripe reverses a
transfer only while the producer's balance there covers it; what it refuses is owed to us, and netted. A charge that
came too late and went to his account at once has a transfer at Stripe that is no order's: it is found by its charge.
Source: docs/algorithms/transfers.md.
"""

from datetime import timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order
from app.commerce.payments import ledger
from app.commerce.payments.models import Payment, Recovery, Transfer
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
MOST = 200  # debts netted from one transfer
REFUND, DISPUTE, LATE = "refund", "dispute", "late"


async def take_back(
    db: AsyncSession,
    *,
    order_id: int,
    producer_id: int,
    amount_minor: int,
    currency: str,
    kind: str,
    reference: str,
) -> Recovery | None:
    """Have a producer give back this much of an order. None for nothing. Within a transaction with the group's lock.

    The caller books the debt (a debit on PRODUCER_PAYABLE); this brings the money home. Once per order, kind and
    reference.
    """
    if amount_minor <= 0:
        return None
    same = (Recovery.order_id == order_id, Recovery.kind == kind, Recovery.reference == reference)
    if (known := await db.scalar(select(Recovery).where(*same))) is not None:
        return known
    transfer = None if kind == LATE else await _locked_transfer(db, order_id)
    recovery = Recovery(
        producer_id=producer_id,
        order_id=order_id,
        kind=kind,
        reference=reference,
        state="planned",
        currency=currency,
        amount_minor=amount_minor,
        withheld_minor=0,
        reversed_minor=0,
        netted_minor=0,
        asked_minor=0,
        created_at=clock.now(),
    )
    db.add(recovery)
    await db.flush()  # the job needs its id
    if kind != LATE and (transfer is None or transfer.state in {"due", "failed", "cancelled"}):
        step(recovery, transfer, asked_by_others=0)
    else:
        add_job(db, "payments.recover", recovery_id=recovery.id)
    return recovery


async def was_reversed(db: AsyncSession, order_id: int, reference: str, sent: Sent, currency: str) -> str:
    """Stripe has taken this back from the transfer already, with the refund `reference`, which somebody made there: no
    more than the rest is asked for. What the producer had not to give back waits on ADJUSTMENTS until he gets it.

    Within the transaction that plans the recovery. The reference of the journal.
    """
    order = await db.get_one(Order, order_id)
    transfer = await _locked_transfer(db, order_id)
    same = (Recovery.order_id == order_id, Recovery.kind == REFUND, Recovery.reference == reference)
    recovery = await db.scalar(select(Recovery).where(*same).with_for_update(key_share=True))
    part = 0
    if recovery is not None and transfer is not None:
        room = transfer.to_send_minor - transfer.reversed_minor - await _asked_by_others(db, recovery)
        part = max(0, min(sent.amount_minor, recovery.left_minor, room))
        recovery.stripe_id = sent.id
        recovery.reversed_minor += part
        transfer.reversed_minor += part
        if not recovery.left_minor:
            _settle(recovery)
    booked, more = f"{order.number}/{sent.id}"[:80], sent.amount_minor - part
    lines = ledger.reversal_elsewhere(part, more, currency, order.producer_id, order_id)
    await ledger.post(db, "reversal", booked, lines, order.group_id)
    return booked


async def net(db: AsyncSession, transfer: Transfer, order: str, group_id: int) -> None:
    """Keep back from a locked transfer that is about to leave what its producer owes of other orders. order: number."""
    owed = await db.scalars(
        select(Recovery)
        .where(
            Recovery.producer_id == transfer.producer_id,
            Recovery.currency == transfer.currency,
            Recovery.state == "owed",
        )
        .order_by(Recovery.id)
        .limit(MOST)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for debt in owed:
        part = min(debt.left_minor, transfer.to_send_minor)
        if part <= 0:
            break
        transfer.withheld_minor += part
        debt.netted_minor += part
        _settle(debt)
        lines = ledger.netting(part, transfer.currency, transfer.producer_id, transfer.order_id, debt.order_id)
        await ledger.post(db, "netting", f"{order}/{debt.id}", lines, group_id)


async def go_on(db: AsyncSession, order_id: int) -> None:
    """An order's transfer has left, or failed: what waited for that goes on. Within a transaction."""
    waiting = select(Recovery.id).where(Recovery.order_id == order_id, Recovery.state == "planned")
    for recovery_id in await db.scalars(waiting.order_by(Recovery.id)):
        add_job(db, "payments.recover", recovery_id=recovery_id)


async def recover(database: Database, shop: ShopFacts, gateway: StripeGateway, recovery_id: int) -> None:
    """Reverse (part of) a transfer that was sent. Safe to repeat, and twice at once. Raises PaymentUnreachable."""
    asked = await _claimed(database, shop, recovery_id)
    if asked is None:
        return
    recovery, went_with = asked
    try:
        is_late = recovery.kind == LATE
        transfer_id = (await stripe_money.transfer_of_charge(gateway, went_with)).id if is_late else went_with
        sent = await _reversed(gateway, shop, recovery, transfer_id)
    except PaymentUnreachable as away:
        if away.kept:
            await _change_key(database, shop, recovery.id)
        raise
    except PaymentRefused as no:
        log.warning("payments.reversal_refused", recovery=recovery.id, code=no.code)
        await _book(database, shop, recovery.id, None, f"{no.code}: {no}".strip(": ")[:300])
        return
    await _book(database, shop, recovery.id, sent, None)


async def _claimed(database: Database, shop: ShopFacts, recovery_id: int) -> tuple[Recovery, str] | None:
    """What to ask Stripe for, with its key and amount written before, and of which transfer, or for one that came too
    late, of which charge's; None if there is nothing to ask (yet).
    """
    async with database.session(shop.id) as db, transaction(db):
        recovery, transfer = await _locked(db, recovery_id)
        if recovery is None or recovery.state not in {"planned", "reversing"}:
            return None
        if recovery.state == "planned":
            step(recovery, transfer, asked_by_others=await _asked_by_others(db, recovery))
        if recovery.kind == LATE:
            went_with = (await db.get_one(Payment, int(recovery.reference))).charge_id
        else:
            went_with = transfer.stripe_id if transfer else None
        return (recovery, went_with) if recovery.state == "reversing" and went_with else None


async def _asked_by_others(db: AsyncSession, recovery: Recovery) -> int:
    asked = select(func.coalesce(func.sum(Recovery.asked_minor), 0)).where(
        Recovery.order_id == recovery.order_id,
        Recovery.id != recovery.id,
        Recovery.state == "reversing",
        Recovery.kind != LATE,
    )
    return int(await db.scalar(asked) or 0)


async def _reversed(gateway: StripeGateway, shop: ShopFacts, recovery: Recovery, transfer_id: str) -> Sent:
    """The reversal: the one that is there (its answer was lost), else a new one."""
    key = recovery.idempotency_key or ""
    first = key == f"reversal:{recovery.id}" and recovery.asked_at and clock.now() - recovery.asked_at < KEY_KEPT
    for sent in [] if first else await gateway.reversals_of(transfer_id):
        if sent.metadata.get("recovery") == str(recovery.id):
            return sent
    return await gateway.create_reversal(
        transfer_id=transfer_id,
        amount_minor=recovery.asked_minor,
        metadata={"shop": shop.slug, "recovery": str(recovery.id)},
        key=key,
    )


async def _book(database: Database, shop: ShopFacts, recovery_id: int, sent: Sent | None, error: str | None) -> None:
    """sent: what was reversed; None: Stripe would not, and it is owed."""
    async with database.session(shop.id) as db, transaction(db):
        recovery, transfer = await _locked(db, recovery_id)
        if recovery is None or recovery.state != "reversing" or (transfer is None and recovery.kind != LATE):
            return
        recovery.asked_minor, recovery.error = 0, error
        if sent is None:
            recovery.state = "owed"
            return
        recovery.stripe_id = sent.id
        recovery.reversed_minor += sent.amount_minor
        if transfer is not None:
            transfer.reversed_minor += sent.amount_minor
        _settle(recovery)
        order = await db.get_one(Order, recovery.order_id)
        lines = ledger.reversal(sent.amount_minor, recovery.currency, recovery.producer_id, recovery.order_id)
        kind = "late_reversal" if recovery.kind == LATE else "reversal"
        await ledger.post(db, kind, f"{order.number}/{recovery.id}", lines, order.group_id)


async def _change_key(database: Database, shop: ShopFacts, recovery_id: int) -> None:
    """Stripe keeps a failure under this key: the next try looks for the reversal first, then uses another."""
    async with database.session(shop.id) as db, transaction(db):
        recovery, _transfer = await _locked(db, recovery_id)
        if recovery is not None and recovery.state == "reversing":
            recovery.idempotency_key = f"reversal:{recovery.id}:{ids.token()[:12]}"


def step(recovery: Recovery, transfer: Transfer | None, *, asked_by_others: int) -> None:
    """What can be done now, by where the order's transfer is; `asked_minor` is then to be asked of Stripe. Pure.

    One that is being sent is waited for (`go_on`). asked_by_others: reversals of the same transfer on their way.
    """
    if transfer is not None and transfer.state == "sending":
        return
    is_late = recovery.kind == LATE
    if is_late or (transfer is not None and transfer.state == "sent"):
        room = transfer.to_send_minor - transfer.reversed_minor - asked_by_others if transfer else recovery.left_minor
        recovery.asked_minor = max(0, min(recovery.left_minor, room))
        if recovery.asked_minor:
            recovery.state, recovery.asked_at = "reversing", clock.now()
            recovery.idempotency_key = f"reversal:{recovery.id}"
            return
    if transfer is not None and transfer.state in {"due", "failed"}:
        part = min(recovery.left_minor, transfer.to_send_minor)
        transfer.withheld_minor += part
        recovery.withheld_minor += part
        if transfer.to_send_minor == 0:
            transfer.state = "cancelled"
    _settle(recovery)


def _settle(recovery: Recovery) -> None:
    recovery.state = "owed" if recovery.left_minor else "settled"
    recovery.settled_at = None if recovery.left_minor else clock.now()


async def _locked(db: AsyncSession, recovery_id: int) -> tuple[Recovery | None, Transfer | None]:
    """A recovery and its order's transfer, locked: the transfer first. Of what came too late there is none."""
    known = (await db.execute(select(Recovery.order_id, Recovery.kind).where(Recovery.id == recovery_id))).first()
    if known is None:
        return None, None
    transfer = None if known.kind == LATE else await _locked_transfer(db, known.order_id)
    found = select(Recovery).where(Recovery.id == recovery_id).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True)), transfer


async def _locked_transfer(db: AsyncSession, order_id: int) -> Transfer | None:
    found = select(Transfer).where(Transfer.order_id == order_id).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True))
