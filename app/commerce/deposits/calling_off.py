"""Orders that end before their balance is paid: the deposit goes back whole, the pieces are for sale again.

Within a transaction that holds the group's lock. Source: docs/algorithms/deposits.md.
"""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.deposits import queries
from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import STRIPE, Actor
from app.commerce.payments import ledger, settling
from app.commerce.payments import queries as payments
from app.commerce.payments.ledger import DEPOSITS, DISPUTED, Line
from app.commerce.payments.models import DEPOSIT, Payment
from app.commerce.refunds import requesting
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit
from app.system.live import tell

PATIENCE = timedelta(days=30)  # from asking for the balance until its producer may sell the piece to somebody else
REASON = "called_off"


def free_from(group: OrderGroup) -> datetime | None:
    """Since when a producer need not wait for the balance any longer; None while he has not asked for it."""
    return group.balance_asked_at + PATIENCE if group.balance_asked_at else None


async def call_off(db: AsyncSession, group: OrderGroup, order: Order, actor: Actor, note: str = "") -> None:
    """End an order of which only the deposit is paid. Raises Conflict where its buyer has still time, or when his bank
    contests the deposit.
    """
    payment = await queries.deposit_of(db, group.id)
    if payment is None:
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    if not payment.lost_minor and await payments.is_disputed(db, group.id):
        raise Conflict(_("La banca di chi ha comprato contesta questo pagamento: finché non decide non si rimborsa."))
    free = free_from(group)
    if actor.kind == "producer" and free is not None and clock.now() < free:
        raise Conflict(_("Hai chiesto il saldo: chi compra ha trenta giorni per pagarlo, poi puoi annullare."))
    await _end(db, group, order, actor, note)
    await settling.let_go(db, group, payment, REASON, actor, "late")
    add_job(db, "deposits.close_pages", group_id=group.id)
    add_job(db, "deposits.tell_called_off", order_id=order.id)


async def by_staff(db: AsyncSession, group_id: int, person: Person, note: str) -> None:
    """Staff end it at any time, with a word to the buyer. Pressed twice, it raises Conflict."""
    group = await requesting.lock(db, group_id)
    if group.state != "deposited":
        raise Conflict(_("Questo ordine nel frattempo è cambiato: così non si può più fare."))
    for order in group.orders:
        await call_off(db, group, order, Actor("staff", person.id), note)
    audit.by(
        db,
        person,
        "order.cancelled",
        ("group", group.number),
        {"state": "deposited"},
        {"state": group.state, "deposit_minor": group.deposit_minor},
    )


async def lose(db: AsyncSession, group: OrderGroup, payment: Payment, amount_minor: int, reference: str) -> bool:
    """The buyer's bank has taken the deposit back for good: nothing is owed to anybody, and the order ends.

    False, and nothing is done, where it is not the whole of an open deposit: a part of it, or a deposit that was paid
    twice. The group's lock is held.
    """
    is_open = group.state == "deposited" and (payment.part, payment.state) == (DEPOSIT, "paid")
    if not is_open or amount_minor != payment.amount_minor:
        return False
    lines = [
        Line(DEPOSITS, amount_minor, payment.currency),
        Line(DISPUTED, -amount_minor, payment.currency),
    ]
    await ledger.post(db, "dispute_lost", reference, lines, group.id)
    for order in group.orders:
        await _end(db, group, order, STRIPE, "")
        add_job(db, "deposits.tell_called_off", order_id=order.id)
    await settling.let_go(db, group, payment, "deposit_lost", STRIPE, "refunded")
    add_job(db, "deposits.close_pages", group_id=group.id)
    return True


def keep_in_mind(group: OrderGroup, payment: Payment, lost_minor: int) -> bool:
    """The buyer's bank has taken a part of the deposit back for good. Nothing is booked while the order is open: if its
    balance comes, it is a loss like others; if it ends, so much less goes back. The group's lock is held.

    False, and nothing is done, where it is not an open deposit.
    """
    if group.state != "deposited" or (payment.part, payment.state) != (DEPOSIT, "paid"):
        return False
    payment.lost_minor = lost_minor
    return True


async def _end(db: AsyncSession, group: OrderGroup, order: Order, actor: Actor, note: str) -> None:
    pieces: Counter[int] = Counter()
    for line in order.lines:
        if line.stock_item_id is not None:
            pieces[line.stock_item_id] += line.quantity
    await stock.put_back(db, order.number, pieces, actor_id=actor.user_id)
    await states.move(db, order, "cancelled", actor, note=note)
    await tell(db, f"group:{group.id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
