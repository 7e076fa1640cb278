"""What delivering a basket costs now: the zone of an address, with what full days of its producers make of the fee."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart.basket import Basket
from app.delivery import fees
from app.delivery.fees import Sender
from app.delivery.quotes import Quote
from app.kernel.tenancy import ShopFacts


async def zone(db: AsyncSession, shop: ShopFacts, basket: Basket, country: str, postal_code: str) -> Quote | None:
    """The quote for a basket that goes to an address; None where no zone reaches it."""
    senders = [Sender(seller.id, seller.closed) for seller, _lines in basket.groups if seller.daily_orders]
    return await fees.today(db, shop, country, postal_code, senders)
