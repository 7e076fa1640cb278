"""Two open orders of one buyer to one door become a parcel: the later joins the earlier, its delivery comes back.

Source: docs/algorithms/open-orders.md.
"""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries
from app.commerce.orders import leaving, parcels, states
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.commerce.refunds import plan, requesting
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Wanted
from app.commerce.refunds.requesting import Ask
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system.live import tell

REASON = "merged"


async def partner(db: AsyncSession, shop: ShopFacts, order: Order) -> tuple[Order, Order] | None:
    """(earlier, later): the order to make one parcel with, the oldest that is open; None if there is none.

    order: with group and lines; it stands for a parcel of its own.
    """
    return (await partners(db, shop, [order])).get(order.id)


async def partners(db: AsyncSession, shop: ShopFacts, orders: Sequence[Order]) -> dict[int, tuple[Order, Order]]:
    """The same for orders of one group, by their ids. As many statements as for one."""
    mine = [order for order in orders if order.joins_order_id is None and order.state == "pending"]
    others = await queries.at_same_door(db, mine) if mine else []
    if not others:
        return {}
    opened = await queries.opened(db, shop, [*mine, *others])
    found = {}
    for order in mine:
        same = [
            o for o in others if (o.producer_id, leaving.is_pickup(o)) == (order.producer_id, leaving.is_pickup(order))
        ]
        other = next((o for o in same if o.id in opened), None)
        if other is not None and order.id in opened:
            earlier, later = sorted((order, other), key=lambda each: each.id)
            found[order.id] = (earlier, later)
    return found


async def merge(
    db: AsyncSession, shop: ShopFacts, earlier_id: int, later_id: int, person: Person | None
) -> Refund | None:
    """Have the later order travel with the earlier. The refund of its delivery; None when that had cost nothing.

    Within a transaction. Done before, it changes nothing. Raises Conflict when either is not open any more.
    """
    await parcels.lock(db, earlier_id)
    await parcels.lock(db, later_id)
    earlier, later = await queries.of_ids(db, [earlier_id, later_id])
    if later.joins_order_id == earlier.id:
        return await refunds.known(db, _key(later))
    pair = await partner(db, shop, later)
    if pair is None or {each.id for each in pair} != {earlier.id, later.id}:
        raise Conflict(_("Questi due ordini non si possono più spedire insieme: uno è già in preparazione."))
    day = None if leaving.is_pickup(earlier) else leaving.day(earlier, earlier.group, shop.time_zone)
    await db.execute(
        update(Order)
        .where((Order.id == later.id) | (Order.joins_order_id == later.id))
        .values(joins_order_id=earlier.id, ship_by=day)
        .execution_options(synchronize_session=False)
    )
    actor = Actor("buyer", person.id if person else None)
    states.record(db, later.group_id, "merged", actor, order_id=later.id, note=earlier.number)
    for each in (earlier, later):
        await tell(db, f"group:{each.group_id}", "order-changed")
        await tell(db, f"producer:{each.producer_id}", "order-changed", order=each.number)
    group = await queries.whole(db, later.group_id)
    facts = next(facts for facts in await refunds.facts(db, group) if facts.id == later.id)
    wanted = Wanted(later.id, whole_delivery=True)
    back = plan.part(facts, wanted)
    if not (back.amount_minor or back.shop_funded_minor):
        return None
    ask = Ask(group.id, [wanted], REASON, _key(later))
    return await requesting.request(db, shop, ask, actor)


def comes_back(later: Order) -> int:
    """What of its delivery the buyer has not had back yet. lines loaded."""
    return later.delivery_minor - (later.refunded_minor - sum(line.refunded_minor for line in later.lines))


def _key(later: Order) -> str:
    return f"merge:{later.id}"
