"""A buyer takes something out of an order that is still open: its money comes back by itself, its pieces to the shelf.

What is decided is an ordinary refund (refunds/requesting.py). With the last piece the order is called off, and its
delivery comes back too. Source: docs/algorithms/open-orders.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries
from app.commerce.orders import parcels
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.refunds import plan, requesting
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts

REASON = "buyer_removed"


@dataclass(frozen=True)
class Removal:
    """What is to be taken out. pieces: order line id → how many. key: of the form. seen: `refunds.mark` it showed."""

    order_id: int
    pieces: Mapping[int, int]
    key: str
    seen: str


async def remove(db: AsyncSession, shop: ShopFacts, removal: Removal, person: Person | None) -> Refund:
    """Within a transaction. Raises Refused (field `lines`) for nothing or too much, Conflict when it is too late.

    Asking again with the same key answers with the refund that is there.
    """
    [order] = await queries.of_ids(db, [removal.order_id])
    await parcels.lock(db, parcels.first_id(order))
    if (before := await refunds.known(db, _key(removal))) is not None:
        return before
    group = await queries.whole(db, order.group_id)
    ask = await asked(db, shop, group, removal)
    return await requesting.request(db, shop, ask, Actor("buyer", person.id if person else None))


async def asked(db: AsyncSession, shop: ShopFacts, group: OrderGroup, removal: Removal) -> Ask:
    """The refund that a removal asks for; nothing is written. group: from queries.whole. Raises as `remove`."""
    order = next(order for order in group.orders if order.id == removal.order_id)
    if removal.seen and removal.seen != refunds.mark(group):
        raise Conflict(_("Nel frattempo qualcuno ha già cambiato o rimborsato quest’ordine: guarda com’è adesso."))
    if order.id not in await queries.opened(db, shop, [order]):
        raise Conflict(_("Da questo ordine non si può più togliere niente: il produttore lo sta già preparando."))
    wanted = {line.id: removal.pieces.get(line.id, 0) for line in order.lines}
    if any(not 0 <= wanted[line.id] <= line.quantity - line.refunded_pieces for line in order.lines):
        raise Refused(_("Scegli quanti pezzi togliere tra quelli che ci sono."), "lines")
    if not any(wanted.values()):
        raise Refused(_("Scegli che cosa togliere."), "lines")
    kept = [x for x in order.lines if x.quantity - x.refunded_pieces > wanted[x.id] and not x.snapshot.get("gift")]
    if not kept:
        return await _last(db, group, order, removal)
    claims = [Claim(line_id, pieces, restock=True) for line_id, pieces in wanted.items() if pieces]
    return Ask(group.id, [Wanted(order.id, claims)], REASON, _key(removal), seen=removal.seen)


async def _last(db: AsyncSession, group: OrderGroup, order: Order, removal: Removal) -> Ask:
    """Nothing, or gifts only, would stay: the order ends, gifts and delivery with it. Not while others travel in it."""
    if (await parcels.riders(db, [order])).get(order.id):
        said = _("In questo pacco viaggia anche quello che hai aggiunto dopo: togli prima quello, o annulla l’ordine.")
        raise Refused(said, "lines")
    facts = next(facts for facts in await refunds.facts(db, group) if facts.id == order.id)
    wanted = plan.everything(facts, restock=True)
    return Ask(group.id, [wanted], REASON, _key(removal), cancels=True, seen=removal.seen)


def _key(removal: Removal) -> str:
    return f"remove:{removal.order_id}:{removal.key}"
