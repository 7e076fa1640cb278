"""Orders that end before they are charged: called off, or the bank has let go of the money. Nothing is to be refunded.

Within a transaction that holds the group's lock.
"""

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import settling
from app.commerce.payments.models import Payment
from app.commerce.weighing import queries
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
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
    add_job(db, "weighing.tell_called_off", order_id=order.id)
    if all(each.state == "cancelled" for each in group.orders):
        await settling.let_go(db, group, payment, "called_off", actor, "releasing")
    else:
        add_job(db, "weighing.capture", group_id=group.id)
        await tell(db, f"group:{group.id}", "order-changed")


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
