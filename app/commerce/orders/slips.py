"""The slip of a parcel: what goes into the box, what its carrier must ask for, and what its packs are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import packaging
from app.commerce.orders import desk, parcels, queries
from app.commerce.orders.desk import DeskOrder
from app.commerce.orders.models import Order
from app.delivery import words
from app.kernel import clock
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Slip:
    """handing_over: what must be minded at the door. packs: SKU → what it is packed in, with the codes.

    Sources: law.md L18 (alcohol), L20 (codes of packaging).
    """

    order: DeskOrder
    handing_over: Sequence[str]
    packs: Mapping[str, str]


async def slip(db: AsyncSession, shop: ShopFacts, producer_id: int, number: str) -> Slip:
    """Of a producer's order, with what travels with it. Raises NotFound for another's."""
    order = await queries.at_desk(db, producer_id, number)
    riders = (await parcels.riders(db, [order])).get(order.id, [])
    shown = desk.desk_order(shop, order, [], clock.today(shop.time_zone), riders)
    lines = [line for each in (order, *riders) for line in each.lines]
    kept = await queries.packaging_of(db, {line.product_id for line in lines if line.product_id})
    packs = {line.sku: _said(kept.get(line.product_id or 0, ())) for line in lines}
    return Slip(shown, _handing_over([order, *riders]), {sku: said for sku, said in packs.items() if said})


def _handing_over(orders: Sequence[Order]) -> list[str]:
    """An order with alcohol has frozen the hours of its zone in which none is handed over."""
    lines = chain.from_iterable(order.lines for order in orders)
    ages = [int(line.snapshot.get("min_age") or 0) for line in lines if line.quantity > line.refunded_pieces]
    if not any(ages):
        return []
    said = [_("%(age)s+: controllare il documento", age=max(ages))]
    hours = next((order.delivery["dry"] for order in orders if order.delivery.get("dry")), None)
    return [*said, words.dry((hours[0], hours[1]))] if hours else said


def _said(kept: Sequence[Mapping[str, str]]) -> str:
    """Part and code of each: "Bottiglia GL 71 · Tappo FOR 51"."""
    return " · ".join(f"{each.part} {each.code}" for each in packaging.components(kept))
