"""Two open orders of one buyer to one door become a parcel: the later joins the earlier, its delivery comes back, less
what the parcel costs more because it is heavier.

Source: docs/algorithms/open-orders.md.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries, steps
from app.commerce.additions.steps import Step
from app.commerce.orders import leaving, parcels, states
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.commerce.payments import queries as payments
from app.commerce.refunds import plan, requesting
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import OrderFacts, Wanted
from app.commerce.refunds.requesting import Ask
from app.delivery.quotes import quote
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.money import divided
from app.kernel.tenancy import Person, ShopFacts
from app.system.live import tell

REASON = "merged"
NO_STEP = Step(0, 0, 0)


@dataclass(frozen=True)
class Merger:
    """What one parcel of two would cost more than the earlier's, and what goes back of the later's deliveries.

    wanted: of the later order and of those that travel with it, by the ids of their groups.
    """

    step: Step
    wanted: Sequence[tuple[int, Wanted]] = ()
    back_minor: int = 0


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
    found: dict[int, tuple[Order, Order]] = {}
    for order in mine:
        same = [
            o for o in others if (o.producer_id, leaving.is_pickup(o)) == (order.producer_id, leaving.is_pickup(order))
        ]
        other = next((o for o in same if o.id in opened), None)
        if other is not None and order.id in opened:
            earlier, later = sorted((order, other), key=lambda each: each.id)
            found[order.id] = (earlier, later)
    made = await _steps(db, list(found.values())) if found else {}
    return {id_: pair for id_, pair in found.items() if made[pair[0].id] is not None}


async def _steps(db: AsyncSession, pairs: Sequence[tuple[Order, Order]]) -> dict[int, Step | None]:
    """What each pair's later order, with all that travels with it, makes the earlier's parcel dearer; None: it would be
    too heavy. By the earlier's id; they all go to one door. Two statements.
    """
    riders = await parcels.riders(db, [order for pair in pairs for order in pair])
    group = pairs[0][0].group
    zone = await quote(db, group.country, group.postal_code)
    found: dict[int, Step | None] = {}
    for earlier, later in pairs:
        before, added = (steps.packed([order, *riders.get(order.id, ())]) for order in (earlier, later))
        nobody_brings_it = zone is None or leaving.is_pickup(earlier)
        found[earlier.id] = NO_STEP if nobody_brings_it or zone is None else steps.step(zone, before, added.left)
    return found


async def reckoned(db: AsyncSession, earlier: Order, later: Order) -> Merger:
    """What merging a pair comes to; nothing is written. What travels with the later pays for the heavier parcel first,
    so that as few refunds as can be are made. Nothing goes back of what is contested at the bank.
    """
    step = (await _steps(db, [(earlier, later)]))[earlier.id] or NO_STEP
    riders = (await parcels.riders(db, [later])).get(later.id, [])
    wanted, due, back_minor = [], step.due_minor, 0
    for order in [*riders, later]:
        group = await queries.whole(db, order.group_id)
        facts = next(facts for facts in await refunds.facts(db, group) if facts.id == order.id)
        kept, due = _kept(order, facts, due)
        if await payments.is_disputed(db, order.group_id):
            continue
        asked = Wanted(order.id, whole_delivery=True)
        if kept:
            asked = Wanted(order.id, delivery_minor=facts.delivery_left_minor - kept)
        back = plan.part(facts, asked)
        if back.amount_minor or back.shop_funded_minor:
            wanted.append((order.group_id, asked))
            back_minor += back.amount_minor
    return Merger(step, wanted, back_minor)


def _kept(order: Order, facts: OrderFacts, due_minor: int) -> tuple[int, int]:
    """(what stays paid of an order's delivery, what is still due then). due_minor: as tariffs say, without VAT where it
    was added to them.
    """
    paid = facts.delivery_left_minor
    taxed = sum(part.gross_minor + part.shop_funded_minor for part in facts.delivery)
    net = taxed - sum(part.vat_minor for part in facts.delivery) if order.prices_net else taxed
    if not paid or not net:
        return 0, due_minor
    kept = min(paid, divided(due_minor * taxed, net))
    return kept, max(0, due_minor - divided(kept * net, taxed))


async def merge(
    db: AsyncSession, shop: ShopFacts, earlier_id: int, later_id: int, person: Person | None
) -> Refund | None:
    """Have the later order travel with the earlier. The refund of its delivery; None when nothing of it goes back.

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
    merger = await reckoned(db, earlier, later)
    day = None if leaving.is_pickup(earlier) else leaving.day(earlier, earlier.group, shop.time_zone)
    await db.execute(
        update(Order)
        .where((Order.id == later.id) | (Order.joins_order_id == later.id))
        .values(joins_order_id=earlier.id, ship_by=day)
        .execution_options(synchronize_session=False)
    )
    if merger.step.due_minor:
        later.delivery = {**later.delivery, "step": {**asdict(merger.step), "merged": True}}
    actor = Actor("buyer", person.id if person else None)
    states.record(db, later.group_id, "merged", actor, order_id=later.id, note=earlier.number)
    for each in (earlier, later):
        await tell(db, f"group:{each.group_id}", "order-changed")
        await tell(db, f"producer:{each.producer_id}", "order-changed", order=each.number)
    found: Refund | None = None
    for group_id, wanted in merger.wanted:
        mine = wanted.order_id == later.id
        key = _key(later) if mine else f"{_key(later)}:{wanted.order_id}"
        refund = await requesting.request(db, shop, Ask(group_id, [wanted], REASON, key), actor)
        found = refund if mine else found
    return found


def _key(later: Order) -> str:
    return f"merge:{later.id}"
