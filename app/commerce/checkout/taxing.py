"""The rates of VAT at which a checkout is sold, read from the shop's table."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.checkout import plan as plans
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Plan, Taxes
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers.vat import rates


async def rated(db: AsyncSession, shop: ShopFacts, plan: Plan, draft: Checkout | None) -> Plan:
    """The plan with today's rates of where it goes; before that is known, with those of the sellers' country.

    An invoice made out to a business keeps the sellers' rates. One statement.
    """
    country = draft.country if draft else shop.country
    found = await rates.of_countries(db, shop.country, {country})
    is_business = draft is not None and draft.invoice.get("kind") == "company"
    today = clock.today(shop.time_zone)
    return plans.rated(plan, Taxes(found, country, today, is_business=is_business, is_net=shop.prices_are_net))
