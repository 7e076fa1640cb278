"""Sending producers their part: one transfer per order, from the charge that paid it or from our balance, once.

How it comes about at Stripe is the strategy of its payment (strategies.py); what is here is the same for all.

Stripe may do a thing and its answer be lost. While a key is kept at Stripe (a day), repeating the call is harmless;
later, or when Stripe keeps a failure under the key, we first look for the transfer by our own mark on it. A balance
that does not suffice yet is no failure: the money of other payments is on its way (docs/algorithms/credit.md). Nor is
a producer without an account, or with one that he has not finished: his part waits (docs/algorithms/transfers.md).
"""

from datetime import timedelta

import structlog
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order
from app.commerce.payments import ledger, queries, recoveries, strategies
from app.commerce.payments.models import Transfer
from app.commerce.payments.queries import TransferToSend
from app.commerce.payments.strategies import NO_ACCOUNT, NOT_READY
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
ASK_BALANCE_AGAIN = timedelta(hours=6)
WAITS_FOR_ACCOUNT = (NO_ACCOUNT, NOT_READY)


async def send(database: Database, shop: ShopFacts, gateway: StripeGateway, transfer_id: int) -> None:
    """Send a transfer that is due. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again."""
    due = await _claimed(database, shop, transfer_id)
    if due is None:
        return
    strategy = strategies.of(due.destination)
    try:
        sent = await strategy.bring(gateway, due)
    except PaymentUnreachable as away:
        if away.kept:
            await _change_key(database, shop, due)
        raise
    except PaymentRefused as no:
        if no.code == "balance_insufficient" and due.charge_id is None:
            await _wait(database, shop, due)
            return
        if no.code == NOT_READY:
            await _wait_for_account(database, shop, due)
            return
        log.warning("payments.transfer_refused", transfer=due.id, code=no.code)
        async with database.session(shop.id) as db, transaction(db):
            await _move(db, due.id, "sending", state="failed", error=f"{no.code}: {no}".strip(": ")[:300])
            await recoveries.go_on(db, due.order_id)
        return
    async with database.session(shop.id) as db, transaction(db):
        if await _move(db, due.id, "sending", state="sent", stripe_id=sent.id, sent_at=clock.now(), error=None):
            for kind, lines in strategy.journals(due):
                await ledger.post(db, kind, due.order, lines, due.group_id)
            await recoveries.go_on(db, due.order_id)


async def retry(db: AsyncSession, transfer_id: int, account: str | None) -> bool:
    """Have a failed transfer sent after all, to the producer's present account. Within a transaction; audit is theirs.

    False if it has not failed.
    """
    key = f"transfer:{transfer_id}:{ids.token()[:12]}"
    again = await _move(db, transfer_id, "failed", state="due", account=account, idempotency_key=key, error=None)
    if again:
        add_job(db, "payments.send_transfer", transfer_id=transfer_id)
    return again


async def release(db: AsyncSession, producer_id: int, account: str) -> int:
    """Send what waited for a producer's account, now that it may receive money; how many. Within a transaction."""
    ready = or_(
        and_(Transfer.state == "due", Transfer.error.in_(WAITS_FOR_ACCOUNT)),
        and_(Transfer.state == "failed", Transfer.account.is_(None)),
    )
    released = await db.scalars(
        update(Transfer)
        .where(Transfer.producer_id == producer_id, ready)
        .values(state="due", account=account, error=None)
        .execution_options(synchronize_session=False)
        .returning(Transfer.id)
    )
    ids_ = sorted(released)
    for transfer_id in ids_:
        add_job(db, "payments.send_transfer", transfer_id=transfer_id)
    return len(ids_)


async def _claimed(database: Database, shop: ShopFacts, transfer_id: int) -> TransferToSend | None:
    """The transfer with its amount, which stands from now on; None if nothing is to be sent (any more).

    What its producer owes of other orders is kept back first (recoveries.net).
    """
    async with database.session(shop.id) as db, transaction(db):
        found = select(Transfer).where(Transfer.id == transfer_id).with_for_update(key_share=True)
        transfer = await db.scalar(found.execution_options(populate_existing=True))
        if transfer is None or transfer.state not in {"due", "sending"}:
            return None
        if transfer.state == "due":
            if transfer.account is None:
                transfer.account = (await queries.accounts_of(db, [transfer.producer_id])).get(transfer.producer_id)
            if transfer.account is None:
                transfer.error = NO_ACCOUNT
                return None
            order = await db.get_one(Order, transfer.order_id)
            await recoveries.net(db, transfer, order.number, order.group_id)
            transfer.state = "sending" if transfer.to_send_minor else "cancelled"
            await db.flush()  # what is read next
        return await queries.transfer_to_send(db, transfer_id)


async def _change_key(database: Database, shop: ShopFacts, due: TransferToSend) -> None:
    """Stripe keeps a failure under this key: the next try looks for the transfer first, then uses another."""
    async with database.session(shop.id) as db, transaction(db):
        await _move(db, due.id, "sending", idempotency_key=f"transfer:{due.id}:{ids.token()[:12]}")


async def _wait(database: Database, shop: ShopFacts, due: TransferToSend) -> None:
    """Our balance is too small for now. Stripe may keep that answer under the key, so the next try has another."""
    log.info("payments.transfer_waits", transfer=due.id)
    async with database.session(shop.id) as db, transaction(db):
        key = f"transfer:{due.id}:{ids.token()[:12]}"
        if await _move(db, due.id, "sending", state="due", idempotency_key=key, error="balance_insufficient"):
            await recoveries.go_on(db, due.order_id)
            add_job(db, "payments.send_transfer", run_at=clock.now() + ASK_BALANCE_AGAIN, transfer_id=due.id)


async def _wait_for_account(database: Database, shop: ShopFacts, due: TransferToSend) -> None:
    """Its producer has not finished: `release` sends it on. Stripe may keep its no under the key, so that changes."""
    log.info("payments.transfer_waits_for_account", transfer=due.id)
    async with database.session(shop.id) as db, transaction(db):
        key = f"transfer:{due.id}:{ids.token()[:12]}"
        if await _move(db, due.id, "sending", state="due", idempotency_key=key, error=NOT_READY):
            await recoveries.go_on(db, due.order_id)


async def _move(db: AsyncSession, transfer_id: int, came_from: str, **values: object) -> bool:
    moved = await db.execute(
        update(Transfer)
        .where(Transfer.id == transfer_id, Transfer.state == came_from)
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(Transfer.id)
    )
    return moved.first() is not None
