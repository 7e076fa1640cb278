"""What ends before it is charged: orders and pieces that are called off, or the bank has let go of the money. Nothing
is to be refunded.

Within a transaction that holds the group's lock.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.orders import parcels, states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import queries as payments
from app.commerce.payments import settling
from app.commerce.payments.models import Payment
from app.commerce.weighing import queries
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit
from app.system.live import tell

STILL_HERE = ("pending", "confirmed", "processing")


async def call_off(db: AsyncSession, group: OrderGroup, order: Order, actor: Actor, note: str = "") -> None:
    """Take one order out of what will be charged; with the last one the bank lets go of everything.

    Raises Conflict while the group is being charged.
    """
    payment = await queries.held_payment(db, group.id)
    if payment is None or payment.state != "authorized":
        raise Conflict(_("Lo stiamo addebitando proprio adesso: riprova tra qualche minuto."))
    await _end(db, order, actor, note)
    add_job(db, "weighing.tell_called_off", order_id=order.id, note=note)
    if all(each.state == "cancelled" for each in group.orders):
        await settling.let_go(db, group, payment, "called_off", actor, "releasing")
    else:
        add_job(db, "weighing.capture", group_id=group.id)
        await tell(db, f"group:{group.id}", "order-changed")


async def call_off_pieces(
    db: AsyncSession, group: OrderGroup, order: Order, pieces: Mapping[int, int], actor: Actor, note: str = ""
) -> bool:
    """Take pieces (order line id → how many) of an order that has not left out of what will be charged. With the last
    one the order ends. What the bank keeps stays as it is: less of it is captured.

    False, and nothing is done, when it is charged already, or being charged. Raises Conflict when it has left.
    """
    payment = await queries.held_payment(db, group.id)
    if payment is None or payment.state != "authorized":
        return False
    if order.state not in STILL_HERE:
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    if all(line.quantity <= pieces.get(line.id, 0) or line.snapshot.get("gift") for line in order.lines):
        await call_off(db, group, order, actor, note)
        return True
    back: Counter[int] = Counter()
    for line in order.lines:
        gone = pieces.get(line.id, 0)
        if not 0 <= gone <= line.quantity:
            raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
        line.quantity, line.called_off = line.quantity - gone, line.called_off + gone
        line.piece_grams = line.piece_grams[: line.quantity]
        if gone and line.stock_item_id is not None:
            back[line.stock_item_id] += gone
    await stock.put_back(db, order.number, back, actor_id=actor.user_id)
    states.record(db, group.id, "pieces_called_off", actor, order_id=order.id, note=note)
    add_job(db, "weighing.capture", group_id=group.id)
    await tell(db, f"group:{group.id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    return True


async def by_staff(
    db: AsyncSession, group_id: int, numbers: Collection[str], person: Person, reason: str, note: str
) -> None:
    """Staff call off these orders of a group. reason: for the record; note: to the buyer.

    Raises Conflict when one of them has left or ended, or when the group is being charged: then nothing is done.
    """
    await parcels.lock_first(db, group_id)
    group = await payments.locked_group(db, group_id)
    chosen = [order for order in group.orders if order.number in numbers]
    if group.state != "authorized" or not chosen or any(order.state not in STILL_HERE for order in chosen):
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    for order in chosen:
        before = order.state
        await call_off(db, group, order, Actor("staff", person.id), note)
        audit.by(
            db,
            person,
            "order.cancelled",
            ("order", order.number),
            {"state": before},
            {"state": "cancelled", "reason": reason, "note": note},
        )


async def give_up(
    db: AsyncSession, group: OrderGroup, payment: Payment, reason: str, actor: Actor, *, state: str
) -> None:
    """End all orders of a group that have not left; what has left stays as it is, for people to deal with."""
    for order in group.orders:
        if order.state in STILL_HERE:
            await _end(db, order, actor, reason)
    await settling.let_go(db, group, payment, reason, actor, state)


async def _end(db: AsyncSession, order: Order, actor: Actor, note: str) -> None:
    pieces: Counter[int] = Counter()
    for line in order.lines:
        if line.stock_item_id is not None:
            pieces[line.stock_item_id] += line.quantity
    await stock.put_back(db, order.number, pieces, actor_id=actor.user_id)
    await states.move(db, order, "cancelled", actor, note=note)
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
