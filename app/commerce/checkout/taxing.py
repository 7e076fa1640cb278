"""The rates of VAT at which a checkout is sold, read from the shop's table."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.checkout import plan as plans
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Plan, Taxes
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers.vat import rates
from app.producers.vat.rates import Rates


async def rated(db: AsyncSession, shop: ShopFacts, plan: Plan, draft: Checkout | None) -> Plan:
    """The plan with today's rates of where it goes, as it is placed. One statement."""
    country = _goes_to(shop, draft)
    return _with(shop, plan, draft, country, await rates.of_countries(db, shop.country, {country}))


async def shown(db: AsyncSession, shop: ShopFacts, plan: Plan, draft: Checkout | None) -> Plan:
    """The same for a page, by the rates that are noted for all pages of the shop.

    Where they have changed since, placing finds another mark than the page's, and asks again.
    """
    country = _goes_to(shop, draft)
    return _with(shop, plan, draft, country, await rates.noted(db, shop.country, {country}))


def _goes_to(shop: ShopFacts, draft: Checkout | None) -> str:
    """Before that is known, the sellers' country."""
    return draft.country if draft else shop.country


def _with(shop: ShopFacts, plan: Plan, draft: Checkout | None, country: str, found: Rates) -> Plan:
    """An invoice made out to a business keeps the sellers' rates."""
    is_business = draft is not None and draft.invoice.get("kind") == "company"
    today = clock.today(shop.time_zone)
    return plans.rated(plan, Taxes(found, country, today, is_business=is_business, is_net=shop.prices_are_net))
