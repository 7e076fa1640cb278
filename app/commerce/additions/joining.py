"""A basket that adds to an order already paid: which of its producers' parcels it may join, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries, steps
from app.commerce.additions.opening import Open
from app.commerce.additions.steps import Load, Packed, Step
from app.commerce.orders import leaving, parcels
from app.commerce.orders.models import Order, OrderGroup
from app.delivery.quotes import Quote
from app.kernel import formats
from app.kernel.errors import Conflict
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Joined:
    """The parcel that a producer's goods travel in. order: with its group. open: until when it can be joined.

    packed: what is in it, with all that travels with the order already.
    """

    order: Order
    open: Open
    packed: Packed

    @property
    def number(self) -> str:
        return self.order.number

    @property
    def method(self) -> str:
        """courier | pickup"""
        return "pickup" if leaving.is_pickup(self.order) else "courier"

    def leaves(self, time_zone: str) -> date | None:
        """The day on which it must be sent; None when it is fetched."""
        return None if leaving.is_pickup(self.order) else leaving.day(self.order, self.order.group, time_zone)

    def step(self, zone: Quote | None, added: Load) -> Step | None:
        """What these goods make of the parcel's cost; None where nobody brings it: it is fetched, or cannot go there.

        zone: of its address.
        """
        return None if zone is None or self.method == "pickup" else steps.step(zone, self.packed, added)

    def refusal(self, zone: Quote, added: Load) -> str | None:
        """Why these goods cannot travel in it, though they could by themselves; None if they can."""
        if self.method == "pickup" or self.step(zone, added) is not None:
            return None
        weight, most = (
            formats.quantity(grams, "g", current_locale())
            for grams in (self.packed.left.plus(added).weight_g, zone.tariff.most_g or 0)
        )
        return _("Con queste aggiunte il pacco peserebbe %(weight)s: fin qui ne arrivano fino a %(most)s.",
                 weight=weight, most=most)  # fmt: skip


@dataclass(frozen=True)
class Joins:
    """What a basket adds to. group: the order, None for an ordinary basket. by_producer: the parcels that are open.

    closed: the numbers of those that are not any more: their goods travel by themselves.
    """

    group: OrderGroup | None = None
    by_producer: Mapping[int, Joined] = field(default_factory=lambda: MappingProxyType({}))
    closed: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.by_producer)

    def of(self, producer_id: int) -> Joined | None:
        return self.by_producer.get(producer_id)


NOTHING = Joins()


async def of_basket(
    db: AsyncSession, shop: ShopFacts, group_id: int | None, user_id: int | None, producer_ids: Sequence[int]
) -> Joins:
    """What the basket of this shopper adds to. group_id: of the cart; producer_ids: whose goods are in it."""
    if group_id is None:
        return NOTHING
    group = await queries.whole(db, group_id)
    if not is_same_buyer(group, user_id):
        return NOTHING
    orders = [o for o in group.orders if o.producer_id in producer_ids and o.joins_order_id is None]
    opened = await queries.opened(db, shop, orders)
    firsts = [order for order in orders if order.id in opened]
    riders = await parcels.riders(db, firsts)
    return Joins(
        group,
        {
            order.producer_id: Joined(order, opened[order.id], steps.packed([order, *riders.get(order.id, ())]))
            for order in firsts
        },
        [order.number for order in orders if order.id not in opened],
    )


def is_same_buyer(group: OrderGroup, user_id: int | None) -> bool:
    """A guest who has the link, or the account that ordered; another account is another buyer."""
    return user_id is None or group.user_id in {None, user_id}


async def start(db: AsyncSession, shop: ShopFacts, group_id: int, user_id: int | None) -> OrderGroup:
    """Whether this order can be added to now: the order. Raises Conflict with the reason."""
    group = await queries.whole(db, group_id)
    if not is_same_buyer(group, user_id):
        raise Conflict(_("Questo ordine è di un altro profilo: accedi con quello per aggiungere qualcosa."))
    firsts = [order for order in group.orders if order.joins_order_id is None]
    if not await queries.opened(db, shop, firsts):
        raise Conflict(_("A questo ordine non si può più aggiungere niente: il produttore lo sta già preparando."))
    return group


async def lock(db: AsyncSession, group_id: int | None) -> None:
    """Before an addition is placed: its order cannot be confirmed until that is done."""
    if group_id is not None:
        await db.execute(select(OrderGroup.id).where(OrderGroup.id == group_id).with_for_update(key_share=True))
