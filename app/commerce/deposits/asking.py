"""The piece is ready: its producer asks for the balance. Within a transaction; a second press changes nothing."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import states
from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.commerce.refunds import requesting
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit
from app.system.live import tell


async def ask(db: AsyncSession, order: Order, person: Person) -> bool:
    """Have the buyer pay the rest. False if that has been asked before. Raises Conflict when it cannot be."""
    group = await requesting.lock(db, order.group_id)
    mine = next((each for each in group.orders if each.id == order.id), None)
    if mine is None:
        raise NotFound
    if group.state == "paid" or group.balance_asked_at is not None:
        return False
    if group.state != "deposited":
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    if mine.state == "pending":
        raise Conflict(_("Prima conferma l’ordine: chi compra deve sapere che lo fai."))
    before = mine.state
    await states.move(db, mine, "processing", Actor("producer", person.id), kind="balance_asked")
    group.balance_asked_at = clock.now()
    audit.by(
        db,
        person,
        "order.balance_asked",
        ("order", mine.number),
        {"state": before},
        {"state": mine.state, "balance_minor": group.total_minor - group.deposit_minor},
    )
    add_job(db, "deposits.ask", group_id=group.id)
    await tell(db, f"group:{group.id}", "order-changed")
    await tell(db, f"producer:{mine.producer_id}", "order-changed", order=mine.number)
    return True
