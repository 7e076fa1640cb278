"""What the staff's page of an order says about its deposit, and the way to call it off."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.deposits import calling_off
from app.commerce.orders import deposit_views
from app.commerce.orders.models import OrderGroup
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def at_staff(_db: AsyncSession, _shop: ShopFacts, group: OrderGroup) -> str:
    deposit = deposit_views.deposit_view(group, next(iter(group.orders), None))
    if deposit is None:
        return ""
    return render("deposits/_staff.html", deposit=deposit, number=group.number, free_from=calling_off.free_from(group))
