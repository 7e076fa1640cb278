"""What follows for additions when the order that they travel with is called off: their parcel is no more."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries
from app.commerce.orders import parcels
from app.commerce.orders.states import SYSTEM
from app.commerce.payments import queries as payments
from app.commerce.refunds import plan, requesting
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.cancelling import BEFORE_IT_LEAVES
from app.commerce.refunds.models import Refund
from app.commerce.refunds.requesting import Ask
from app.kernel.tenancy import ShopFacts

ENDED = ("cancelled", "refunded")


async def when_refunded(db: AsyncSession, shop: ShopFacts, refund: Refund) -> None:
    """Give back whole whatever travels with an order that this refund has ended before it left; by itself.

    What is contested at the bank is left to the staff: the bank decides about its money.
    """
    group = await queries.whole(db, refund.group_id)
    parts = {part.order_id for part in refund.parts}
    ended = [order for order in group.orders if order.id in parts and order.state in ENDED]
    waiting = [
        rider
        for riders in (await parcels.riders(db, ended)).values()
        for rider in riders
        if rider.state in BEFORE_IT_LEAVES
    ]
    for rider in sorted(waiting, key=lambda each: each.group_id):
        if not await payments.is_disputed(db, rider.group_id):
            await _give_back(db, shop, rider.group_id, rider.id, refund)


async def _give_back(db: AsyncSession, shop: ShopFacts, group_id: int, order_id: int, refund: Refund) -> None:
    of = await requesting.lock(db, group_id)
    facts = next(facts for facts in await refunds.facts(db, of) if facts.id == order_id)
    wanted = [plan.everything(facts, restock=True)]
    ask = Ask(group_id, wanted, refund.reason, f"parcel:{order_id}:{refund.id}", note=refund.note, cancels=True)
    await requesting.request(db, shop, ask, SYSTEM)
