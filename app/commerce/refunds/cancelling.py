"""Calling off an order that has been paid, before it leaves: by its buyer, its producer, or the staff.

Everything goes back: money, pieces, the producer's part. Within a transaction.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.refunds import plan, queries, requesting, rules
from app.commerce.refunds.models import Refund
from app.commerce.refunds.requesting import Ask
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

LetGo = Callable[[AsyncSession, OrderGroup, Order, Actor, str], Awaitable[None]]
AUTHORIZED = "authorized"  # of a group: nothing has been charged yet
NO_WITHDRAWAL = frozenset({"art59_c", "art59_d"})  # as withdrawals/rules.py: made to measure; spoils quickly
BEFORE_IT_LEAVES = ("pending", "confirmed", "processing")


def can_buyer(shop: ShopFacts, group: OrderGroup, order: Order) -> bool:
    """Whether a buyer may call this order off now: the shop lets him, or he could withdraw from the contract anyway,
    of which only the deposit is paid. order: with its lines.
    """
    if group.state == DEPOSITED and order.state in BEFORE_IT_LEAVES:
        kinds = {line.snapshot.get("withdrawal") for line in order.lines if not line.snapshot.get("gift")}
        if not kinds & NO_WITHDRAWAL:
            return True
    return order.state in rules.of(shop).buyer_states


async def by_buyer(
    db: AsyncSession, shop: ShopFacts, group_id: int, number: str, person: Person | None
) -> Refund | None:
    """Raises Conflict when it is too late. Pressed twice, it answers with the refund that is there.

    None where nothing had been charged yet, or only a deposit, which goes back whole.
    """
    group, order, before = await _found(db, group_id, number)
    if before is not None:
        return before
    if not can_buyer(shop, group, order):
        raise Conflict(_("È troppo tardi per annullare: il produttore ha già preso in carico l’ordine."))
    actor = Actor("buyer", person.id if person else None)
    if group.state in _lets_go:
        await _lets_go[group.state](db, group, order, actor, "")
        return None
    return await _cancel(db, shop, order, "buyer_cancelled", "", actor)


async def by_producer(
    db: AsyncSession, shop: ShopFacts, group_id: int, number: str, person: Person, note: str
) -> Refund | None:
    """number: of one of his own orders. Raises Conflict when it has left; else as `by_buyer`."""
    group, order, before = await _found(db, group_id, number)
    if before is not None:
        return before
    if order.state not in BEFORE_IT_LEAVES:
        raise Conflict(_("Questo ordine è già partito o chiuso: non si può più annullare."))
    came_from = order.state
    actor = Actor("producer", person.id)
    refund: Refund | None = None
    if group.state in _lets_go:
        await _lets_go[group.state](db, group, order, actor, note)
    else:
        refund = await _cancel(db, shop, order, "producer_cancelled", note, actor)
    audit.by(
        db,
        person,
        "order.cancelled",
        ("order", number),
        {"state": came_from},
        {"state": "cancelled", "refund": refund.number, "amount_minor": refund.amount_minor}
        if refund
        else {"state": "cancelled"},
    )
    return refund


async def for_lateness(
    db: AsyncSession, shop: ShopFacts, group: OrderGroup, order: Order, reason: str, actor: Actor
) -> Refund | None:
    """End an order that does not come (overdue/choosing.py), wherever it is. group: as `requesting.lock` gives it.

    What is lost on its way ends as refunded, and its pieces are not for sale again. Returns and raises as `by_buyer`.
    """
    if group.state in _lets_go:
        await _lets_go[group.state](db, group, order, actor, "")
        return None
    if order.state in BEFORE_IT_LEAVES:
        return await _cancel(db, shop, order, reason, "", actor)
    facts = next(facts for facts in await queries.facts(db, group) if facts.id == order.id)
    ask = Ask(group.id, [plan.everything(facts, restock=False)], reason, f"{reason}:{order.id}")
    return await requesting.request(db, shop, ask, actor)


_lets_go: dict[str, LetGo] = {}


def lets_go_by(state: str, deed: LetGo) -> None:
    """Who calls off an order of a group that is not paid whole: only authorised (weighing/lost.py), or with its deposit
    (deposits/calling_off.py). They stand above; main joins them.
    """
    _lets_go[state] = deed


async def _found(db: AsyncSession, group_id: int, number: str) -> tuple[OrderGroup, Order, Refund | None]:
    """The order with its group, locked, and the refund of its cancelling, if it has been called off before."""
    group = await requesting.lock(db, group_id)
    order = next((order for order in group.orders if order.number == number), None)
    if order is None:
        raise NotFound
    return group, order, await queries.known(db, _key(order))


async def _cancel(db: AsyncSession, shop: ShopFacts, order: Order, reason: str, note: str, actor: Actor) -> Refund:
    group = await requesting.lock(db, order.group_id)
    facts = next(facts for facts in await queries.facts(db, group) if facts.id == order.id)
    wanted = [plan.everything(facts, restock=True)]
    ask = Ask(group.id, wanted, reason, _key(order), note=note, cancels=True)
    return await requesting.request(db, shop, ask, actor)


def _key(order: Order) -> str:
    return f"cancel:{order.id}"
