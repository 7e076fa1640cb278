"""What a buyer may do when his goods do not come: give the seller a new term, and end the contract after it.

At once where the seller has refused, or where the day was essential (art. 61, c. 4). Everything paid comes back: of a
parcel that was lost on its way too, for until it is handed over the risk is the seller's (art. 63). Each within a
transaction; done twice, it changes nothing. Source: law.md L29, docs/algorithms/overdue.md.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.overdue import queries
from app.commerce.overdue.models import NewTerm
from app.commerce.overdue.queries import ENDED, EXPIRED, Late
from app.commerce.promotions import uses
from app.commerce.refunds import cancelling, requesting
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit
from app.system.live import tell

MOST_DAYS = 60  # that a new term may give
REASON = "overdue"
GROUNDS = ("expired", "refused", "essential")
GONE = ("cancelled", "refunded")


async def grant(
    db: AsyncSession, shop: ShopFacts, group_id: int, number: str, until: date, *, person: Person | None
) -> bool:
    """Give the seller of a late order time until the end of a day. False if he has had just that before.

    Raises Refused for a day that is none to come, Conflict when the order is not late (any more), NotFound.
    """
    group = await requesting.lock(db, group_id)
    order = _of(group, number)
    late = await _late(db, shop, order)
    if late.until == until:
        return False
    if not late.today < until <= late.today + timedelta(days=MOST_DAYS):
        raise Refused(_("Scegli un giorno da domani in poi, al massimo fra sessanta giorni."), "until")
    if late.until is not None and until < late.until:
        raise Refused(_("Hai già dato tempo fino a un giorno più lontano: prima di allora non si accorcia."), "until")
    term = NewTerm(order_id=order.id, until=until, granted_at=clock.now())
    db.add(term)
    await db.flush()  # the job needs its id
    _record(db, order, person, "new_term", note=f"{until:%d.%m.%Y}", after={"until": until.isoformat()})
    add_job(db, "overdue.tell_term", term_id=term.id)
    await _tell(db, order)
    return True


async def end(
    db: AsyncSession, shop: ShopFacts, group_id: int, number: str, *, ground: str, words: str, person: Person | None
) -> None:
    """End the contract about a late order: all that was paid for it goes back at once.

    ground: one of GROUNDS; words: what the buyer says about it, which only a term that has passed can do without.
    Raises Refused beside the field, Conflict as `grant`, or when the bank contests the payment, and NotFound.
    """
    group = await requesting.lock(db, group_id)
    order = _of(group, number)
    if await queries.ended(db, order.id):
        return
    late = await _late(db, shop, order)
    if ground == "expired" and late.stage != EXPIRED:
        raise Refused(_("Il nuovo termine non è ancora passato: scegli un altro motivo, o aspetta."), "ground")
    if ground != "expired" and not words:
        raise Refused(_("Scrivi in due parole che cosa è successo: lo legge anche chi vende."), "words")
    before = order.state
    actor = Actor("buyer", person.id if person else None)
    refund = await cancelling.for_lateness(db, shop, group, order, REASON, actor)
    after = {"state": order.state, "ground": ground, "refund": refund.number if refund else None}
    _record(db, order, person, ENDED, note=words, before={"state": before}, after=after)
    if all(each.state in GONE for each in group.orders) and not await queries.was_delivered(db, group.id):
        await uses.give_back(db, group)  # that a parcel had left its seller is not the buyer's fault
    add_job(db, "overdue.tell_ended", order_id=order.id)
    await _tell(db, order)


def _of(group: OrderGroup, number: str) -> Order:
    order = next((each for each in group.orders if each.number == number), None)
    if order is None:
        raise NotFound
    return order


async def _late(db: AsyncSession, shop: ShopFacts, order: Order) -> Late:
    late = await queries.one(db, order.id, shop.time_zone)
    if late is None:
        raise Conflict(_("Questo ordine non è in ritardo: è arrivato, aspetta il saldo o è già chiuso."))
    return late


def _record(
    db: AsyncSession,
    order: Order,
    person: Person | None,
    kind: str,
    *,
    note: str,
    after: Mapping[str, object],
    before: Mapping[str, object] | None = None,
) -> None:
    """In the timeline and in the audit trail."""
    actor_id = person.id if person else None
    states.record(db, order.group_id, kind, Actor("buyer", actor_id), order_id=order.id, note=note)
    audit.record(
        db,
        action=f"order.{kind}",
        entity="order",
        entity_id=order.number,
        actor_id=actor_id,
        actor_role="buyer",
        before=before,
        after=after,
    )


async def _tell(db: AsyncSession, order: Order) -> None:
    await tell(db, f"group:{order.group_id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
