"""The states of an order, the allowed moves, and the one function that makes a move."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.commerce.orders import news
from app.commerce.orders.models import Order, OrderEvent
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _

# state → the states that may follow (docs/algorithms/order-states.md). `awaiting_payment` comes before the contract's
# payment; all else after it. processing → delivered: the buyer comes to fetch it (fulfilment.py).
MOVES: dict[str, frozenset[str]] = {
    "awaiting_payment": frozenset({"pending", "cancelled"}),
    "pending": frozenset({"confirmed", "cancelled", "refunded"}),
    "confirmed": frozenset({"processing", "cancelled", "refunded"}),
    "processing": frozenset({"shipped", "delivered", "cancelled", "refunded"}),
    "shipped": frozenset({"delivered", "partially_refunded", "refunded"}),
    "delivered": frozenset({"partially_refunded", "refunded"}),
    "partially_refunded": frozenset({"refunded"}),
    "cancelled": frozenset({"pending", "refunded"}),  # pending: paid late, and the goods were still there
    "refunded": frozenset(),
}


OPEN = ("pending", "confirmed", "processing")  # with its producer
PRESUMED = "presumed"  # the kind of a move to `delivered` that nobody has confirmed


@dataclass(frozen=True)
class Actor:
    """Who makes a move: kind is buyer | producer | staff | system | stripe."""

    kind: str
    user_id: int | None = None


SYSTEM = Actor("system")
STRIPE = Actor("stripe")


async def move(db: AsyncSession, order: Order, to: str, actor: Actor, *, kind: str = "", note: str = "") -> None:
    """Move an order to another state, with its line in the timeline, and tell its buyer. Within a transaction.

    The update is conditional on the state the caller saw: of two who move at once, one is told that it has changed.
    Raises Conflict for a move that the table does not allow, or that came second.
    """
    came_from = order.state
    if to not in MOVES[came_from]:
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    now = clock.now()
    moved = await db.execute(
        update(Order)
        .where(Order.id == order.id, Order.state == came_from)
        .values(state=to, updated_at=now)
        .returning(Order.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    set_committed_value(order, "state", to)
    set_committed_value(order, "updated_at", now)
    record(db, order.group_id, kind or to, actor, order_id=order.id, came_from=came_from, to=to, note=note)
    await news.tell_buyer(db, order, came_from, to, is_presumed=kind == PRESUMED)


def record(
    db: AsyncSession,
    group_id: int,
    kind: str,
    actor: Actor,
    *,
    order_id: int | None = None,
    came_from: str | None = None,
    to: str | None = None,
    note: str = "",
) -> OrderEvent:
    """Add a line to the timeline of a group, or of one of its orders."""
    event = OrderEvent(
        group_id=group_id,
        order_id=order_id,
        kind=kind,
        from_state=came_from,
        to_state=to,
        actor=actor.kind,
        actor_id=actor.user_id,
        note=note,
        at=clock.now(),
    )
    db.add(event)
    return event
