"""Making all that is due, each document in a transaction of its own: one that fails stops no other.

What went wrong is kept for staff (DocumentTrouble) and tried again with the next round, until it is made.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import issuing, queries, waiting
from app.commerce.documents.models import Document, DocumentTrouble
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts
from app.producers import tax

log = structlog.get_logger()
MOST_TOLD = 300  # characters of a reason

Deed = Callable[[AsyncSession], Awaitable[Document | None]]
Batch = Callable[[AsyncSession, int], Awaitable[list[tuple[int, int]]]]


async def group(database: Database, shop: ShopFacts, group_id: int) -> None:
    """The invoices of an order group that has just been paid, or its deposit."""
    async with database.session(shop.id) as db:
        orders = await queries.orders_of(db, group_id)
    for order_id, producer_id in orders:
        await _invoice(database, shop, order_id, producer_id)


async def deposits(database: Database, shop: ShopFacts, group_id: int) -> None:
    """Its deposit goes back: what was invoiced is credited."""
    async with database.session(shop.id) as db:
        orders = await queries.orders_of(db, group_id)
    for order_id, producer_id in orders:
        await _credit_deposit(database, shop, order_id, producer_id)


async def refund(database: Database, shop: ShopFacts, part_id: int) -> None:
    async with database.session(shop.id) as db:
        part = await queries.refund_part(db, part_id)
    if part is not None:
        await _credit_refund(database, shop, part.id, part.producer_id)


async def everything(database: Database, shop: ShopFacts) -> None:
    """What could not be made before: the producer's data are there now, or a job was lost."""
    async for order_id, producer_id in _each(database, shop, waiting.order_batch, only_ready=True):
        await _invoice(database, shop, order_id, producer_id)
    async for order_id, producer_id in _each(database, shop, waiting.deposits_to_credit):
        await _credit_deposit(database, shop, order_id, producer_id)
    async for part_id, producer_id in _each(database, shop, waiting.refund_batch):
        await _credit_refund(database, shop, part_id, producer_id)


async def commissions(database: Database, shop: ShopFacts) -> None:
    """Of every month that is over, each producer once; what a month could not be invoiced for is not lost."""
    async with database.session(shop.id) as db:
        first = await waiting.first_fee(db)
    for month in months(first, shop.time_zone) if first else ():
        async with database.session(shop.id) as db:
            fees = [fee for fee in await queries.fees_of_month(db, month, shop.time_zone) if fee[2]]
            done = await waiting.made(db, [issuing.fee_reference(producer, month, code) for producer, code, _ in fees])
        for fee in fees:
            if issuing.fee_reference(fee[0], month, fee[1]) not in done:
                await _commission(database, shop, month, fee)


def months(first: datetime, time_zone: str) -> list[str]:
    """The months that are over, from that of `first` on: "2026-10"."""
    day, today = first.astimezone(ZoneInfo(time_zone)).date().replace(day=1), clock.today(time_zone)
    found = []
    while (after := queries.month_of(f"{day:%Y-%m}")[1]) <= today:
        found.append(f"{day:%Y-%m}")
        day = after
    return found


async def _each(
    database: Database, shop: ShopFacts, batch: Batch, *, only_ready: bool = False
) -> AsyncIterator[tuple[int, int]]:
    """All that wait, a batch at a time. only_ready: of producers who have told all that an invoice needs."""
    after = 0
    while True:
        async with database.session(shop.id) as db:
            rows = await batch(db, after)
            known = await waiting.producers(db, [producer for _id, producer in rows]) if only_ready and rows else {}
        for id_, producer_id in rows:
            if not only_ready or not tax.missing(known[producer_id]):
                yield id_, producer_id
        if not rows:
            return
        after = rows[-1][0]


async def _invoice(database: Database, shop: ShopFacts, order_id: int, producer_id: int) -> None:
    async def deed(db: AsyncSession) -> Document | None:
        return await issuing.invoice(db, shop, order_id)

    await _attempt(database, shop, f"order:{order_id}", producer_id, deed)


async def _credit_deposit(database: Database, shop: ShopFacts, order_id: int, producer_id: int) -> None:
    async def deed(db: AsyncSession) -> Document | None:
        return await issuing.credit_deposit(db, shop, order_id)

    await _attempt(database, shop, f"deposit_back:{order_id}", producer_id, deed)


async def _credit_refund(database: Database, shop: ShopFacts, part_id: int, producer_id: int) -> None:
    async def deed(db: AsyncSession) -> Document | None:
        return await issuing.credit_refund(db, shop, part_id)

    await _attempt(database, shop, f"refund:{part_id}", producer_id, deed)


async def _commission(database: Database, shop: ShopFacts, month: str, fee: tuple[int, str, int]) -> None:
    """fee: producer, currency, and what was kept less what was given back."""
    producer_id, currency, minor = fee

    async def deed(db: AsyncSession) -> Document | None:
        return await issuing.commission(db, shop, producer_id, month, currency, minor)

    reference = issuing.fee_reference(producer_id, month, currency)
    await _attempt(database, shop, reference, producer_id, deed, is_due=True)


async def _attempt(
    database: Database, shop: ShopFacts, reference: str, producer_id: int, deed: Deed, *, is_due: bool = False
) -> None:
    """is_due: there is something to make, so that None means that data are missing."""
    try:
        async with database.session(shop.id) as db, transaction(db):
            is_made = await deed(db) is not None
            if is_made or not is_due:
                await _forget(db, reference)
    except Exception as wrong:  # whatever it is, the next one must have its turn, and somebody must see it
        log.exception("documents.not_made", reference=reference)
        await _keep(database, shop, reference, producer_id, f"{type(wrong).__name__}: {wrong}")
    else:
        if is_due and not is_made:
            await _keep(database, shop, reference, producer_id, "")


async def _forget(db: AsyncSession, reference: str) -> None:
    await db.execute(
        delete(DocumentTrouble)
        .where(DocumentTrouble.reference == reference)
        .execution_options(synchronize_session=False)
    )


async def _keep(database: Database, shop: ShopFacts, reference: str, producer_id: int, reason: str) -> None:
    async with database.session(shop.id) as db, transaction(db):
        now = clock.now()
        known = await db.scalar(
            select(DocumentTrouble).where(DocumentTrouble.reference == reference).with_for_update(key_share=True)
        )
        if known is None:
            known = DocumentTrouble(reference=reference, producer_id=producer_id, since=now)
            db.add(known)
        known.reason, known.last_at = reason[:MOST_TOLD], now
