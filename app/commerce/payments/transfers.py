"""Sending producers their part: one transfer per order, from the charge that paid it, once.

Stripe may do a thing and its answer be lost. While a key is kept at Stripe (a day), repeating the call is harmless;
later, or when Stripe keeps a failure under the key, we first look for the transfer by our own mark on it.
"""

from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments import ledger, queries
from app.commerce.payments.models import Transfer
from app.commerce.payments.queries import TransferToSend
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24


async def send(database: Database, shop: ShopFacts, gateway: StripeGateway, transfer_id: int) -> None:
    """Send a transfer that is due. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again."""
    async with database.session(shop.id) as db:
        due = await queries.transfer_to_send(db, transfer_id)
    if due is None:
        return
    try:
        sent = await _already_sent(gateway, due) or await _ask(gateway, due)
    except PaymentUnreachable as away:
        if away.kept:
            await _change_key(database, shop, due)
        raise
    except PaymentRefused as no:
        log.warning("payments.transfer_refused", transfer=due.id, code=no.code)
        async with database.session(shop.id) as db, transaction(db):
            await _move(db, due.id, "due", state="failed", error=f"{no.code}: {no}".strip(": ")[:300])
        return
    async with database.session(shop.id) as db, transaction(db):
        if await _move(db, due.id, "due", state="sent", stripe_id=sent.id, sent_at=clock.now(), error=None):
            lines = ledger.transfer(due.amount_minor, due.currency, due.producer_id, due.order_id)
            await ledger.post(db, "transfer", due.order, lines, due.group_id)


async def retry(db: AsyncSession, transfer_id: int, account: str | None) -> bool:
    """Have a failed transfer sent after all, to the producer's present account. Within a transaction; audit is theirs.

    False if it has not failed.
    """
    key = f"transfer:{transfer_id}:{ids.token()[:12]}"
    again = await _move(db, transfer_id, "failed", state="due", account=account, idempotency_key=key, error=None)
    if again:
        add_job(db, "payments.send_transfer", transfer_id=transfer_id)
    return again


async def _already_sent(gateway: StripeGateway, due: TransferToSend) -> Sent | None:
    """Stripe's transfer for this one, where its answer may have been lost for good."""
    first_key = due.key == f"transfer:{due.id}"
    if first_key and clock.now() - due.created_at < KEY_KEPT:
        return None
    for sent in await gateway.transfers_of(due.group):
        if sent.metadata.get("transfer") == str(due.id):
            return sent
    return None


async def _ask(gateway: StripeGateway, due: TransferToSend) -> Sent:
    if due.account is None or due.charge_id is None:
        raise PaymentRefused(_("Il produttore non ha ancora un conto per ricevere i pagamenti."), code="no_account")
    return await gateway.create_transfer(
        amount_minor=due.amount_minor,
        currency=due.currency,
        account=due.account,
        charge_id=due.charge_id,
        group=due.group,
        reference=str(due.id),
        key=due.key,
    )


async def _change_key(database: Database, shop: ShopFacts, due: TransferToSend) -> None:
    """Stripe keeps a failure under this key: the next try looks for the transfer first, then uses another."""
    async with database.session(shop.id) as db, transaction(db):
        await _move(db, due.id, "due", idempotency_key=f"transfer:{due.id}:{ids.token()[:12]}")


async def _move(db: AsyncSession, transfer_id: int, came_from: str, **values: object) -> bool:
    moved = await db.execute(
        update(Transfer)
        .where(Transfer.id == transfer_id, Transfer.state == came_from)
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(Transfer.id)
    )
    return moved.first() is not None
