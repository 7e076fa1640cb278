"""Connected accounts and their payouts, read anew from Stripe: after its news, and every day should they be lost."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.models import Product
from app.commerce.payments import transfers
from app.commerce.payments.belonging import object_of
from app.commerce.payments.models import StripeEvent, Transfer
from app.commerce.payouts.models import ConnectedAccount, Payout
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.integrations.stripe_money import AccountFacts, PayoutFacts
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.producers import selling
from app.producers.models import Producer
from app.system import audit

log = structlog.get_logger()
LOOK_BACK = timedelta(days=14)  # a payout that was paid may fail for five working days
FAILED = ("failed", "canceled")


async def follow_payout(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """For webhooks.handles("payout."): of a producer's account. Those of the platform are booked by the comparison."""
    if event.account is None or event.object_id is None:
        return None
    try:
        facts = await stripe_money.payout(gateway, event.object_id, event.account)
    except PaymentRefused as no:
        log.warning("payouts.missing", code=no.code)
        return None
    kept = await _keep(database, shop, event.account, [facts])
    return facts.state if kept else None


async def follow_account(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    """For webhooks.handles("account.updated")."""
    return await read_account(database, shop, gateway, event.account or event.object_id or "")


async def follow_transfer(
    database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent
) -> str | None:
    """For webhooks.handles("transfer."): one whose answer we lost is found by our mark on it, and booked."""
    metadata = object_of(event.payload).get("metadata")
    mark = metadata.get("transfer", "") if isinstance(metadata, dict) else ""
    async with database.session(shop.id, reads_alone=True) as db:
        found = select(Transfer.id, Transfer.state).where(Transfer.stripe_id == event.object_id)
        known = (await db.execute(found)).first()
    if known is None and mark.isascii() and mark.isdigit() and len(mark) < 19:
        await transfers.send(database, shop, gateway, int(mark))
        return "sent"
    return known[1] if known else None


async def refresh(database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
    """Read every producer's account and his payouts of the last days. Raises PaymentUnreachable."""
    async with database.session(shop.id) as db:
        accounts = list(await db.scalars(select(Producer.stripe_account).where(Producer.stripe_account.is_not(None))))
    since = clock.now() - LOOK_BACK
    for account in accounts:
        if account is None or await read_account(database, shop, gateway, account) is None:
            continue
        await _keep(database, shop, account, await stripe_money.payouts_since(gateway, account, since))


async def read_account(database: Database, shop: ShopFacts, gateway: StripeGateway, account: str) -> str | None:
    """Copy an account's present state, and send what waited for it. None for one that is nobody's here.

    Raises PaymentUnreachable.
    """
    try:
        facts = await stripe_money.account(gateway, account)
    except PaymentRefused as no:
        log.warning("payouts.account_missing", code=no.code)
        return None
    async with database.session(shop.id) as db, transaction(db):
        producer_id = await _producer(db, account, lock=True)
        if producer_id is None:
            return None
        could_sell = await selling.is_open(db, producer_id)
        row = await db.scalar(select(ConnectedAccount).where(ConnectedAccount.producer_id == producer_id))
        if row is None:
            row = ConnectedAccount(producer_id=producer_id)
            db.add(row)
        _copy_account(row, facts)
        await db.flush()  # whether he may sell is asked of rows
        await _open_or_close(db, producer_id, could_sell=could_sell)
        if facts.transfers_enabled:
            await transfers.release(db, producer_id, account)
    return "ready" if facts.transfers_enabled and facts.payouts_enabled else "not ready"


async def _open_or_close(db: AsyncSession, producer_id: int, *, could_sell: bool) -> None:
    """What follows when an account begins or ceases to take transfers: lists, pages and baskets say so from now on."""
    can_sell = await selling.is_open(db, producer_id)
    if can_sell == could_sell:
        return
    goods = select(Product.id).where(Product.producer_id == producer_id, Product.published_at.is_not(None))
    await products.touch(db, list(await db.scalars(goods.order_by(Product.id))))
    audit.record(
        db,
        action="producer.may_sell" if can_sell else "producer.may_not_sell",
        entity="producer",
        entity_id=producer_id,
        actor_id=None,
        actor_role="system",
        before={"may_sell": could_sell},
        after={"may_sell": can_sell},
    )


def _copy_account(row: ConnectedAccount, facts: AccountFacts) -> None:
    row.account, row.read_at, row.due_by = facts.id, clock.now(), facts.due_by
    row.due, row.pending = list(facts.due), list(facts.pending)
    row.details_submitted, row.transfers_enabled = facts.details_submitted, facts.transfers_enabled
    row.charges_enabled, row.payouts_enabled = facts.charges_enabled, facts.payouts_enabled


async def _keep(database: Database, shop: ShopFacts, account: str, found: Sequence[PayoutFacts]) -> bool:
    """Payouts as Stripe has them now; a failure is told once. False for an account of nobody here."""
    async with database.session(shop.id) as db, transaction(db):
        producer_id = await _producer(db, account, lock=True)
        if producer_id is None:
            return False
        known = select(Payout).where(Payout.stripe_id.in_([facts.id for facts in found]))
        rows = {row.stripe_id: row for row in await db.scalars(known)}
        for facts in found:
            row = rows.get(facts.id)
            if row is None:
                row = Payout(producer_id=producer_id, account=account, stripe_id=facts.id, created_at=facts.created_at)
                db.add(row)
            if row.state in FAILED:
                continue  # final; an answer that was read before must not take it back
            row.amount_minor, row.currency, row.arrives_on = facts.amount_minor, facts.currency, facts.arrives_on
            row.state, row.read_at = facts.state, clock.now()
            row.failure = facts.failure[:300] if facts.failure else None
            if facts.state == "failed":
                await db.flush()  # the mail needs its id
                add_job(db, "payouts.tell_failure", payout_id=row.id)
    return True


async def _producer(db: AsyncSession, account: str, *, lock: bool = False) -> int | None:
    """Whose account it is, in this shop. lock: one at a time, so that two readings do not both write a new row."""
    found = select(Producer.id).where(Producer.stripe_account == account).order_by(Producer.id).limit(1)
    return await db.scalar(found.with_for_update(key_share=True) if lock else found)
