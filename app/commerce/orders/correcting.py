"""Mending what people got wrong after an order was placed: the tracking number, the e-mail, the address.

Within a transaction. Nothing changes when it is right already. What was wrong stays in the audit trail: whether and by
whom, and where it is nobody's personal data, what.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from app.commerce.orders import carriers, parcels, states
from app.commerce.orders.forms import ReachForm
from app.commerce.orders.leaving import is_pickup
from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.commerce.orders.states import Actor
from app.delivery.quotes import quote
from app.kernel import ids
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system import audit
from app.system.live import tell

REACH = ("email", "name", "phone")
PLACE = ("country", "street", "postal_code", "city", "province")
_GONE_OUT = ("shipped", "delivered", "partially_refunded")
_ENDED = ("cancelled", "refunded")
_LABELLED = ("confirmed", "processing")  # the producer may have printed slip and label
_TAKEN_ON = ("paid", "authorized", "deposited")


async def tracking(db: AsyncSession, order: Order, actor: Actor, role: str, carrier: str, text: str) -> bool:
    """The carrier and the number of a parcel that is on its way are others. role: for the audit trail.

    False if they are as said. Raises Refused for what cannot be, Conflict once it has come.
    """
    parcel = [each for each in await parcels.lock(db, parcels.first_id(order)) if each.state == "shipped"]
    if order.id not in {each.id for each in parcel}:
        raise Conflict(_("Si corregge solo finché il pacco è in viaggio."))
    number = carriers.read_number(carrier, text)
    wrong = [each for each in parcel if (each.carrier, each.tracking_number) != (carrier, number)]
    for each in wrong:
        before = {"carrier": each.carrier, "tracking_number": each.tracking_number}
        each.carrier, each.tracking_number = carrier, number
        event = states.record(db, each.group_id, "tracking_corrected", actor, order_id=each.id)
        audit.record(
            db,
            action="order.tracking_corrected",
            entity="order",
            entity_id=each.number,
            actor_id=actor.user_id,
            actor_role=role,
            before=before,
            after={"carrier": carrier, "tracking_number": number},
        )
        if each is wrong[0]:
            await db.flush()  # the mail is about this line of the timeline
            add_job(db, "orders.tell_tracking", order_id=each.id, event_id=event.id)
        await _tell_open_pages(db, each)
    return bool(wrong)


async def contact(db: AsyncSession, group_id: int, form: ReachForm, actor: Actor, role: str) -> bool:
    """Who ordered is reached otherwise, or it goes elsewhere, with all that travels together. role: as above.

    A private link that went to a wrong address is taken back, and a new one sent. False if nothing is different. Raises
    Refused for another address once something has left.
    """
    groups = await together(db, group_id)
    group = next(each for each in groups if each.id == group_id)
    changed = [name for name in (*REACH, *PLACE) if getattr(group, name) != getattr(form, name)]
    if not changed:
        return False
    is_moved = any(name in PLACE for name in changed)
    if is_moved and has_left(groups):
        raise Refused(_("Qualcosa è già partito: l’indirizzo non si può più cambiare."), "street")
    for each in groups:
        if "email" in changed:
            await _take_back(db, each)
        events = await _correct(db, each, form, changed, actor, role)
        add_job(db, "orders.tell_corrected", group_id=each.id, event_id=events[0].id)
        for order, event in zip(each.orders, events, strict=True):
            if is_moved and order.state in _LABELLED and not is_pickup(order):
                add_job(db, "orders.tell_new_address", order_id=order.id, event_id=event.id)
            await _tell_open_pages(db, order)
    return True


def has_left(groups: Sequence[OrderGroup]) -> bool:
    """Whether something of it is on its way, or has come: then the address is what it was."""
    return any(order.state in _GONE_OUT for order in _orders(groups))


def may_move(groups: Sequence[OrderGroup]) -> bool:
    """Whether their buyer may still say that they go elsewhere: they are taken on, and nobody has begun to pack."""
    standing = [order for order in _orders(groups) if order.state not in _ENDED]
    is_taken_on = all(group.state in _TAKEN_ON for group in groups)
    return (
        is_taken_on
        and any(not is_pickup(order) for order in standing)
        and all(order.state == "pending" for order in standing)
    )


async def move(db: AsyncSession, shop: ShopFacts, group_id: int, form: ReachForm, actor: Actor) -> bool:
    """Its buyer says where it goes. Returns as `contact`.

    Raises Conflict when somebody has begun to pack, Refused where the delivery would be another one, or cost otherwise.
    """
    if not may_move(await together(db, group_id)):
        raise Conflict(_("I produttori hanno già cominciato: scrivici, vediamo se si fa ancora in tempo."))
    group = await db.get_one(OrderGroup, group_id)
    now, then = await quote(db, group.country, group.postal_code), await quote(db, form.country, form.postal_code)
    if group.postal_code != form.postal_code and (now is None or now != then):
        sentence = _(
            "Con questo CAP la consegna è un’altra, o costa diversamente. Scrivi a %(email)s: lo sistemiamo noi.",
            email=shop.legal.email,
        )
        raise Refused(sentence, "postal_code")
    return await contact(db, group_id, form, actor, "buyer")


async def _correct(
    db: AsyncSession, group: OrderGroup, form: ReachForm, changed: Sequence[str], actor: Actor, role: str
) -> list[OrderEvent]:
    """Write it down; the lines in the timelines of its orders."""
    before = {name: getattr(group, name) for name in changed}
    for name in changed:
        setattr(group, name, getattr(form, name))
    audit.record(
        db,
        action="group.corrected",
        entity="group",
        entity_id=group.number,
        actor_id=actor.user_id,
        actor_role=role,
        before=before,
        after={name: getattr(form, name) for name in changed},
    )
    kind = "address_corrected" if any(name in PLACE for name in changed) else "contact_corrected"
    events = [states.record(db, group.id, kind, actor, order_id=order.id) for order in group.orders]
    await db.flush()  # mails are about these lines of the timeline
    return events


async def _take_back(db: AsyncSession, group: OrderGroup) -> None:
    """Whoever got the link at the wrong address sees nothing any more, not even if the order went into his account.

    While it is being paid its link stays: Stripe sends the buyer back by it.
    """
    if group.state != "awaiting_payment":
        group.access_nonce = ids.token()
    claimed = select(OrderEvent.id).where(OrderEvent.group_id == group.id, OrderEvent.kind == "claimed")
    if await db.scalar(claimed.limit(1)) is not None:
        group.user_id = None


async def together(db: AsyncSession, group_id: int, *, locked: bool = True) -> list[OrderGroup]:
    """The group and those of which something is in the same parcel, with orders; locked in the order of parcels.py."""
    first, rider = aliased(Order), aliased(Order)
    known: set[int] = set()
    more = {group_id}
    while more - known:
        known |= more
        pairs = await db.execute(
            select(first.group_id, rider.group_id)
            .join(rider, rider.joins_order_id == first.id)
            .where(or_(first.group_id.in_(known), rider.group_id.in_(known)))
        )
        more = {each for pair in pairs for each in pair}
    if locked:
        rows = select(OrderGroup.id).where(OrderGroup.id.in_(known)).order_by(OrderGroup.id)
        await db.execute(rows.with_for_update(key_share=True))
    found = await db.scalars(
        select(OrderGroup)
        .where(OrderGroup.id.in_(known))
        .options(selectinload(OrderGroup.orders))
        .order_by(OrderGroup.id)
        .execution_options(populate_existing=True)
    )
    return [group for group in found if group.id == group_id or group.state not in _ENDED]


def _orders(groups: Iterable[OrderGroup]) -> list[Order]:
    return [order for group in groups for order in group.orders]


async def _tell_open_pages(db: AsyncSession, order: Order) -> None:
    await tell(db, f"group:{order.group_id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
