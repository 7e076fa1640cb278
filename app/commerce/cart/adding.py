"""A basket that adds to an order already paid."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import joining
from app.commerce.additions.joining import Joins
from app.commerce.cart.basket import Basket
from app.commerce.cart.models import Cart
from app.kernel.tenancy import ShopFacts


async def joins(db: AsyncSession, shop: ShopFacts, basket: Basket, user_id: int | None) -> Joins:
    """Which parcels of it this basket's goods travel in. Goods by weight travel by themselves, and all beside them:
    what they cost is known when the parcel is packed. So does a piece with a deposit: it has still to be made.
    """
    if basket.joins_group_id is None:
        return joining.NOTHING
    is_alone = any(line.by_weight or line.deposit_percent is not None for line in basket.lines)
    sellers = [] if is_alone else [seller.id for seller, _lines in basket.groups]
    return await joining.of_basket(db, shop, basket.joins_group_id, user_id, sellers)


async def remember(db: AsyncSession, cart_id: int, group_id: int | None) -> None:
    """What this cart adds to from now on; None: it is an ordinary basket. Within a transaction."""
    await db.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(joins_group_id=group_id)
        .execution_options(synchronize_session=False)
    )
