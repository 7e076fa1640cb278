"""How soon a producer usually sends: from what he has sent lately, never from what he says of himself."""

from datetime import timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.web.pages import render

LOOKED_BACK = timedelta(days=90)
LEAST = 5  # parcels: fewer say nothing of a habit
MOST = 200
DAY = timedelta(days=1)


async def days(db: AsyncSession, producer_id: int) -> int | None:
    """In how many days from the payment half of his parcels or more were on their way, counted in begun days.

    None for who has sent fewer than five. One statement. A piece that is made after its deposit does not count.
    """
    since = func.coalesce(OrderGroup.authorized_at, OrderGroup.paid_at)
    latest = select(Order.id).where(Order.producer_id == producer_id).order_by(Order.id.desc()).limit(MOST)
    sent = await db.execute(
        select(since, OrderEvent.at)
        .select_from(Order)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(OrderEvent, and_(OrderEvent.group_id == Order.group_id, OrderEvent.order_id == Order.id))
        .where(
            Order.id.in_(latest),
            OrderEvent.to_state == "shipped",
            OrderEvent.at >= clock.now() - LOOKED_BACK,
            OrderGroup.deposit_minor == 0,
            since.is_not(None),
        )
    )
    taken = sorted(max(1, -((paid - at) // DAY)) for paid, at in sent)
    return taken[len(taken) // 2] if len(taken) >= LEAST else None


async def of_maker(db: AsyncSession, _shop: ShopFacts, producer_id: int) -> str:
    """The sentence of a producer's page; nothing while there is too little to tell."""
    usual = await days(db, producer_id)
    return render("orders/_pace.html", days=usual) if usual else ""
