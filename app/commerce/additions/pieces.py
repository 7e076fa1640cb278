"""What the page of an order says about changing it: to its buyer."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import merging, queries, views
from app.commerce.additions.views import Known
from app.commerce.orders import parcels
from app.commerce.orders.models import OrderGroup
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def changes(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> str:
    """Until when there can be added and taken out, what was added, what could travel together; nothing when nothing."""
    if group.paid_at is None:
        return ""
    orders = queries.bound(group).orders
    added = await parcels.riders(db, orders)
    for order in await queries.unpaid(db, orders):
        added.setdefault(order.joins_order_id or 0, []).append(order)
    opened = await queries.opened(db, shop, [*orders, *(each for riders in added.values() for each in riders)])
    pairs = await merging.partners(db, shop, [order for order in orders if order.id in opened])
    partners = {id_: next(each.number for each in pair if each.id != id_) for id_, pair in pairs.items()}
    shown = views.open_views(shop, orders, Known(opened, added, partners))
    if not shown:
        return ""
    can_add = any(each.until and each.can_add for each in shown)
    asked = f"?chiave={key}" if key else ""
    return render(
        "additions/_open.html", orders=shown, number=group.number, asked=asked, can_add=can_add, currency=group.currency
    )
