"""What the checkout's pages read."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup


async def ended_group(db: AsyncSession, cart_id: int | None, key: str) -> OrderGroup | None:
    """What a checkout key of this cart has become, if it was paid; None while it can still be placed."""
    if cart_id is None:
        return None
    return await db.scalar(
        select(OrderGroup).where(
            OrderGroup.checkout_key == key,
            OrderGroup.cart_id == cart_id,
            OrderGroup.state.not_in(("awaiting_payment", "cancelled")),
        )
    )


async def group(db: AsyncSession, group_id: int) -> OrderGroup:
    return (
        await db.scalars(select(OrderGroup).where(OrderGroup.id == group_id).execution_options(populate_existing=True))
    ).one()
