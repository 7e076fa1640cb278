"""What delivering a basket costs now: the zone of an address, with what full days of its producers make of the fee."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart.basket import Basket, weight_of
from app.delivery import fees, remembered
from app.delivery.fees import Sender
from app.delivery.quotes import Quote
from app.kernel.tenancy import ShopFacts
from app.web.visit import Visit


def placed(visit: Visit, basket: Basket) -> Basket:
    """The basket with where it goes: as was said in it, else as this visitor has typed it on another page."""
    if basket.postal_code:
        return basket
    return replace(basket, country=visit.shop.country, postal_code=remembered.known(visit) or None)


async def zone(db: AsyncSession, shop: ShopFacts, basket: Basket, country: str, postal_code: str) -> Quote | None:
    """The quote for a basket that goes to an address; None where no zone reaches it."""
    senders = [
        Sender(seller.id, weight_of(lines), seller.closed) for seller, lines in basket.groups if seller.daily_orders
    ]
    return await fees.today(db, shop, country, postal_code, senders)
