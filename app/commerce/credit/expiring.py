"""The end of a lot: an entry says so, and what was owed is the shop's."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book
from app.commerce.credit.book import Why
from app.commerce.credit.models import POINTS, ValueLot
from app.commerce.payments import ledger
from app.kernel import clock


async def expire_next(db: AsyncSession, most: int) -> int:
    """Write off at most so many lots whose end has come. Within a transaction. Returns how many there were.

    What a bank contests waits: its holder could not use it (contesting.release).
    """
    over = (ValueLot.left_minor > 0, ValueLot.expires_at <= clock.now(), ValueLot.blocked_at.is_(None))
    found = await db.execute(select(ValueLot.id, ValueLot.account_id).where(*over).order_by(ValueLot.id).limit(most))
    lots = dict(found.all())
    accounts = await book.lock(db, sorted(set(lots.values())))
    fresh = await db.scalars(
        select(ValueLot).where(ValueLot.id.in_(lots), *over).execution_options(populate_existing=True)
    )
    for lot in fresh:
        account, reference = accounts[lot.account_id], f"lot:{lot.id}"
        left = await book.empty_lot(db, account, lot, Why("expired", reference))
        if account.kind != POINTS:
            lines = [
                ledger.Line(ledger.CREDIT_OWED, left, account.currency),
                ledger.Line(ledger.EXPIRED_CREDIT, -left, account.currency),
            ]
            await ledger.post(db, "credit_expired", reference, lines, None)
    return len(lots)
