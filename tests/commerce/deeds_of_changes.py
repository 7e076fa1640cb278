"""Deeds about orders that change while they are open: something is added or taken out, two become one parcel."""

from app.commerce.additions import merging, queries, removing
from app.commerce.additions.removing import Removal
from app.commerce.orders.models import Order, OrderGroup
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from tests.commerce.deeds import ANNA
from tests.commerce.deeds_by_weight import DeedsByWeight


class DeedsOfChanges(DeedsByWeight):
    """All deeds: those before, and these."""

    async def add_to(self, which: int, goods: dict[str, int], *, code: bool, wallet: bool) -> int:
        """The group of what is ordered besides; it has still to be paid."""
        group: OrderGroup = await self.one_of(which, OrderGroup, OrderGroup.paid_at.is_not(None))
        who = ANNA if group.user_id else ""
        return await self.order(goods=goods, who=who, code=code, wallet=wallet, card=None, joins=group.id)

    async def take_out(self, which: int, share: int) -> None:
        """Pieces of an order, or all of them."""
        order: Order = await self.one_of(which, Order, Order.state == "pending")
        async with self.database.session(self.shop.id) as db, transaction(db):
            [known] = await queries.of_ids(db, [order.id])
            pieces = {line.id: -(-line.quantity * share // 100) for line in known.lines}
            if share % 2:
                pieces = dict(list(pieces.items())[:1])
            await removing.remove(db, self.facts, Removal(order.id, pieces, ids.token(), ""), None)

    async def merge(self, which: int) -> None:
        """Two orders of one producer to one door."""
        order: Order = await self.one_of(which, Order, Order.state == "pending", Order.joins_order_id.is_(None))
        async with self.database.session(self.shop.id) as db, transaction(db):
            [known] = await queries.of_ids(db, [order.id])
            pair = await merging.partner(db, self.facts, known)
            if pair is None:
                raise NotFound
            await merging.merge(db, self.facts, pair[0].id, pair[1].id, None)
