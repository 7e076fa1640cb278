"""What pages show of carts."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart.models import Cart, CartLine
from app.kernel.ids import token_hash


async def count(db: AsyncSession, token: str | None, user_id: int | None) -> tuple[int | None, int]:
    """(cart id, pieces in it) of the shopper; (None, 0) without a cart."""
    mine = Cart.user_id == user_id if user_id is not None else Cart.token_hash == token_hash(token or "")
    row = (
        await db.execute(
            select(Cart.id, func.coalesce(func.sum(CartLine.quantity), 0))
            .outerjoin(CartLine, CartLine.cart_id == Cart.id)
            .where(mine)
            .group_by(Cart.id)
        )
    ).first()
    return (row[0], int(row[1])) if row else (None, 0)
