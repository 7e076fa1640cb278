"""What a producer does with an order: confirm, pack, send, hand over. Each leaves its mark everywhere it must.

Each is done to the whole parcel (parcels.py) at once. Doing it a second time changes nothing. Within a transaction.
That a parcel has come, its buyer and staff may say too; after a while it is presumed (arriving.py).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import carriers, parcels, reckoning, states
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.leaving import is_pickup
from app.commerce.orders.models import Order
from app.commerce.orders.states import PRESUMED, SYSTEM, Actor
from app.kernel import formats
from app.kernel.errors import Conflict
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.shops.queries import shop_by_id
from app.system import audit
from app.system.live import tell


async def confirm(db: AsyncSession, order: Order, person: Person) -> bool:
    """The producer takes the order on. False if that has been done before. Raises Conflict when it is too late."""
    parcel = await _parcel(db, order)
    if order.state == "pending":
        await _nobody_adds(db, order)
    return bool(await _move_all(db, parcel, "confirmed", person))


async def pack(db: AsyncSession, order: Order, person: Person) -> bool:
    """It stands there ready. Whoever fetches it is told to come. Returns and raises as `confirm`."""
    parcel = await _parcel(db, order)
    if _waits_for_balance(parcel):
        raise Conflict(_("Quando è pronto chiedi il saldo: si spedisce appena è pagato."))
    if not all(reckoning.is_weighed(each) for each in parcel):
        raise Conflict(_("Prima pesa i pezzi: chi compra paga il peso vero."))
    moved = await _move_all(db, parcel, "processing", person)
    if moved and is_pickup(order):
        add_job(db, "orders.tell_shipped", order_id=parcel[0].id)
    return bool(moved)


async def ship(db: AsyncSession, order: Order, person: Person, carrier: str, tracking_number: str) -> bool:
    """It is on its way. Raises Refused for a carrier or number that cannot be; returns and raises as `confirm`."""
    if is_pickup(order):
        raise Conflict(_("Questo ordine si ritira da te: quando lo consegni segna «Ritirato»."))
    number = carriers.read_number(carrier, tracking_number)
    parcel = await _parcel(db, order)
    if _waits_for_balance(parcel):
        raise Conflict(_("Il saldo non è ancora pagato: spedisci appena arriva, ti scriviamo noi."))
    if order.state == "shipped" and (order.carrier, order.tracking_number) != (carrier, number):
        raise Conflict(_("È già segnato come spedito, con un altro numero: se è sbagliato correggilo qui sotto."))
    moved = await _move_all(db, parcel, "shipped", person, carrier=carrier, tracking_number=number)
    if moved:
        for each in moved:
            each.carrier, each.tracking_number = carrier, number
        add_job(db, "orders.tell_shipped", order_id=parcel[0].id)
    return bool(moved)


async def deliver(db: AsyncSession, order: Order, person: Person) -> bool:
    """The buyer has it. Returns and raises as `confirm`."""
    return await arrive(db, order, Actor("producer", person.id), person.role)


async def arrive(db: AsyncSession, order: Order, actor: Actor, role: str, *, presumed: bool = False) -> bool:
    """The same, whoever says so. role: for the audit trail. presumed: nobody does, it must have come by now."""
    parcel = await _parcel(db, order)
    if _waits_for_balance(parcel):
        raise Conflict(_("Il saldo non è ancora pagato: consegnalo appena arriva, ti scriviamo noi."))
    if order.state == "processing" and not is_pickup(order):
        raise Conflict(_("Prima segna che è partito: chi compra deve sapere dov’è il pacco."))
    kind = PRESUMED if presumed else ""
    moved = [each for each in parcel if await _move_as(db, each, "delivered", actor, role, kind=kind)]
    if moved:
        add_job(db, "orders.tell_presumed" if presumed else "orders.tell_delivered", order_id=parcel[0].id)
    for each in moved:
        add_job(db, "credit.earn_points", order_id=each.id)
        if each.refunded_minor:  # while it was on its way: now that it has arrived, its state says so
            await states.move(db, each, "partially_refunded", SYSTEM)
    return bool(moved)


def _waits_for_balance(parcel: Sequence[Order]) -> bool:
    """Is only the deposit paid? The orders are locked with their groups."""
    return any(order.group.state == DEPOSITED for order in parcel)


async def _nobody_adds(db: AsyncSession, order: Order) -> None:
    """Raises Conflict, with the time, while the buyer pays for something that is to go into the same parcel."""
    if (adding := await parcels.being_added(db, parcels.first_id(order))) is None:
        return
    name, until = adding
    shop = await shop_by_id(db, db.info["shop_id"])
    zone = ZoneInfo(shop.time_zone if shop else "UTC")
    raise Conflict(
        _(
            "%(name)s sta aggiungendo qualcosa a questo ordine: confermalo appena ha pagato, o dopo le %(time)s.",
            name=name.partition(" ")[0],
            time=formats.time(until, current_locale(), zone),
        )
    )


async def _parcel(db: AsyncSession, order: Order) -> Sequence[Order]:
    """All that travels together, locked and read anew; an order that has been called off stands alone."""
    parcel = await parcels.lock(db, parcels.first_id(order))
    return parcel if order.id in {each.id for each in parcel} else [order]


async def _move_all(
    db: AsyncSession, parcel: Sequence[Order], to: str, person: Person, **said: str | None
) -> list[Order]:
    """Those that have moved: none if all had before."""
    return [order for order in parcel if await _move(db, order, to, person, **said)]


async def _move(db: AsyncSession, order: Order, to: str, person: Person, **said: str | None) -> bool:
    return await _move_as(db, order, to, Actor("producer", person.id), person.role, said=said)


async def _move_as(
    db: AsyncSession,
    order: Order,
    to: str,
    actor: Actor,
    role: str,
    *,
    kind: str = "",
    said: Mapping[str, str | None] = MappingProxyType({}),
) -> bool:
    """kind: of the line in the timeline, where it is not the state. said: what else the audit trail is told."""
    if order.state == to or (to == "delivered" and order.state == "partially_refunded"):
        return False
    before = order.state
    await states.move(db, order, to, actor, kind=kind)
    audit.record(
        db,
        action=f"order.{kind or to}",
        entity="order",
        entity_id=order.number,
        actor_id=actor.user_id,
        actor_role=role,
        before={"state": before},
        after={"state": to, **said},
    )
    await tell(db, f"group:{order.group_id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    return True
