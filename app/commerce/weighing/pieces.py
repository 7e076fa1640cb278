"""What the staff's pages say of goods by weight: of an order not charged yet, and of charges that stand still."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.commerce.payments.settling import HELD
from app.commerce.weighing import queries, views, words
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def at_staff(db: AsyncSession, _shop: ShopFacts, group: OrderGroup) -> str:
    """What the bank keeps aside, whose weights are missing, and the way to call it off."""
    if group.state != "authorized":
        return ""
    payment = next((row for row in await queries.payments_of_group(db, group.id) if row.state in HELD), None)
    return render("weighing/_staff.html", it=views.held_view(group, payment)) if payment else ""


async def at_jobs(db: AsyncSession) -> str:
    """The charges that wait for staff, with the way to each."""
    rows = [(payment, number, words.why_stuck(payment)) for payment, number in await queries.stuck_payments(db)]
    return render("weighing/_stuck.html", rows=rows) if rows else ""
