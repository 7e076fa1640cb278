"""A basket that adds to an order already paid: which of its producers' parcels it may join, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions import queries
from app.commerce.additions.opening import Open
from app.commerce.orders import leaving
from app.commerce.orders.models import Order, OrderGroup
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Joined:
    """The parcel that a producer's goods travel in. order: with its group. open: until when it can be joined."""

    order: Order
    open: Open

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
    return Joins(
        group,
        {order.producer_id: Joined(order, opened[order.id]) for order in orders if order.id in opened},
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
        await db.execute(select(OrderGroup.id).where(OrderGroup.id == group_id).with_for_update())
