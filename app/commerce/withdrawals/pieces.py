"""What the page of an order, or of a purchase of stored value, says about withdrawing."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.refunding import Left
from app.commerce.orders.models import OrderGroup
from app.commerce.withdrawals import mails, purchases, queries, views, wording
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def rights(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> str:
    """How long there is time, the way to withdraw, and what was sent already."""
    shown = views.form_view(shop, await queries.known_about(db, group))
    made = [
        (wording.moment(row.submitted_at, shop.time_zone), mails.path(group.number, key, row.key))
        for row in await queries.submitted(db, group.id)
        if row.submitted_at is not None
    ]
    return render("withdrawals/_rights.html", it=shown, made=made, link=mails.path(group.number, key))


async def rights_of_purchase(_db: AsyncSession, shop: ShopFacts, left: Left, key: str) -> str:
    """The same for a gift card or a top-up; nothing once all of it has gone back."""
    if left.refunded_minor >= left.purchase.amount_minor:
        return ""
    return render(
        "withdrawals/_purchase_rights.html",
        closed=purchases.closed(left, shop),
        until=wording.until(purchases.period(left.purchase, shop)),
        link=purchases.path(left.purchase.number, key),
    )
