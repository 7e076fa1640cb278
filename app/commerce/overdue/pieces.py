"""What the pages of an order say when it is late: to its buyer, to its producer, and to staff."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderGroup
from app.commerce.overdue import queries, views
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def choices(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> str:
    """Both choices in words, for each parcel that is late."""
    late = [views.late_view(each) for each in await queries.of_group(db, group.id, shop.time_zone)]
    asked = f"?chiave={key}" if key else ""
    return render("overdue/_choices.html", late=late, asked=asked) if late else ""


async def at_desk(db: AsyncSession, shop: ShopFacts, order: Order) -> str:
    """How late it is, and what the buyer may do."""
    late = await queries.one(db, order.id, shop.time_zone)
    return render("overdue/_at_desk.html", it=views.late_view(late)) if late else ""


async def at_staff(db: AsyncSession, shop: ShopFacts, group: OrderGroup) -> str:
    late = [views.late_view(each) for each in await queries.of_group(db, group.id, shop.time_zone)]
    return render("overdue/_at_staff.html", late=late) if late else ""
