"""What a producer does with an order: confirm, pack, send, hand over. Each leaves its mark everywhere it must.

Doing a deed a second time changes nothing. Within a transaction; the order's group is loaded.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import carriers, states
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit
from app.system.live import tell


async def confirm(db: AsyncSession, order: Order, person: Person) -> bool:
    """The producer takes the order on. False if that has been done before. Raises Conflict when it is too late."""
    return await _move(db, order, "confirmed", person)


async def pack(db: AsyncSession, order: Order, person: Person) -> bool:
    """It stands there ready. Whoever fetches it is told to come. Returns and raises as `confirm`."""
    moved = await _move(db, order, "processing", person)
    if moved and is_pickup(order):
        add_job(db, "orders.tell_shipped", order_id=order.id)
    return moved


async def ship(db: AsyncSession, order: Order, person: Person, carrier: str, tracking_number: str) -> bool:
    """It is on its way. Raises Refused for a carrier or number that cannot be; returns and raises as `confirm`."""
    if is_pickup(order):
        raise Conflict(_("Questo ordine si ritira da te: quando lo consegni segna «Ritirato»."))
    number = carriers.read_number(carrier, tracking_number)
    if order.state == "shipped" and (order.carrier, order.tracking_number) != (carrier, number):
        raise Conflict(_("È già segnato come spedito, con un altro numero: se è sbagliato scrivi alla redazione."))
    moved = await _move(db, order, "shipped", person, carrier=carrier, tracking_number=number)
    if moved:
        order.carrier, order.tracking_number = carrier, number
        add_job(db, "orders.tell_shipped", order_id=order.id)
    return moved


async def deliver(db: AsyncSession, order: Order, person: Person) -> bool:
    """The buyer has it. Returns and raises as `confirm`."""
    if order.state == "processing" and not is_pickup(order):
        raise Conflict(_("Prima segna che è partito: chi compra deve sapere dov’è il pacco."))
    moved = await _move(db, order, "delivered", person)
    if moved:
        add_job(db, "orders.tell_delivered", order_id=order.id)
    return moved


def is_pickup(order: Order) -> bool:
    return order.delivery.get("method") == "pickup"


async def _move(db: AsyncSession, order: Order, to: str, person: Person, **said: str | None) -> bool:
    if order.state == to:
        return False
    before = order.state
    await states.move(db, order, to, Actor("producer", person.id))
    audit.record(
        db,
        action=f"order.{to}",
        entity="order",
        entity_id=order.number,
        actor_id=person.id,
        actor_role=person.role,
        before={"state": before},
        after={"state": to, **said},
    )
    await tell(db, f"group:{order.group_id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    return True
