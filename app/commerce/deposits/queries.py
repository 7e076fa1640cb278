"""What asking for a balance, calling off and reminding read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.commerce.payments.models import DEPOSIT, Payment
from app.kernel.errors import NotFound

MOST = 100


async def deposit_of(db: AsyncSession, group_id: int) -> Payment | None:
    """The deposit that is paid, locked. Whoever asks has the group's lock."""
    mine = (Payment.group_id == group_id, Payment.part == DEPOSIT, Payment.state == "paid")
    found = select(Payment).where(*mine).with_for_update(key_share=True)
    return await db.scalar(found.execution_options(populate_existing=True))


async def group_id(db: AsyncSession, number: str) -> int:
    """Raises NotFound for a group without a deposit."""
    found = select(OrderGroup.id).where(OrderGroup.number == number, OrderGroup.deposit_minor > 0)
    if (known := await db.scalar(found)) is None:
        raise NotFound
    return known


async def waiting(db: AsyncSession, before: datetime) -> Sequence[tuple[int, datetime]]:
    """(group id, when its balance was asked for) of those that were asked before then and have not paid it."""
    rows = await db.execute(
        select(OrderGroup.id, OrderGroup.balance_asked_at)
        .where(OrderGroup.state == "deposited", OrderGroup.balance_asked_at <= before)
        .order_by(OrderGroup.id)
    )
    return [(id_, asked_at) for id_, asked_at in rows if asked_at is not None]
