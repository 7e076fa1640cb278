"""What the pages of an order say about refunds: to its buyer, and to staff."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import OrderGroup
from app.commerce.refunds import cancelling, queries, rules, views
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def money(db: AsyncSession, _shop: ShopFacts, group: OrderGroup, _key: str) -> str:
    """What has gone back, as it stands; nothing when there is nothing."""
    if group.paid_at is None:
        return ""
    orders = {order.id: order for order in group.orders}
    known = [refund for refund in await queries.of_group(db, group.id) if refund.main_id is None]
    shown = [views.refund_view(refund, orders) for refund in known]
    return render("refunds/_refunds.html", refunds=shown) if shown else ""


async def rights(_db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> str:
    """Which orders can still be called off, until when, and whom to ask where they cannot."""
    if group.paid_at is None and group.state not in {cancelling.AUTHORIZED, DEPOSITED}:
        return ""
    asked = f"?chiave={key}" if key else ""
    open_ = [
        (str(order.producer.get("name", "")), f"/ordini/{group.number}/annullamento/{order.number}{asked}")
        for order in group.orders
        if cancelling.can_buyer(shop, group, order)
    ]
    sellers = [
        (str(order.producer.get("name", "")), str(order.producer.get("email", "")))
        for order in group.orders
        if order.producer.get("email")
    ]
    until = rules.of(shop).buyer_cancels
    return render("refunds/_rights.html", open=open_, sellers=sellers, number=group.number, until=until,
                  is_charged=group.paid_at is not None, has_deposit=group.state == DEPOSITED)  # fmt: skip


async def at_staff(db: AsyncSession, _shop: ShopFacts, group: OrderGroup) -> str:
    """The way to the refund desk, and the refunds that there are."""
    if group.paid_at is None:
        return ""
    orders = {order.id: order for order in group.orders}
    shown = [views.refund_view(refund, orders) for refund in await queries.of_group(db, group.id)]
    left = group.total_minor - group.refunded_minor
    return render("refunds/_staff.html", refunds=shown, number=group.number, left_minor=left, currency=group.currency)
