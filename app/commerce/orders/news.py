"""What a buyer with an account is told in the shop when an order moves: in the transaction of the move."""

from collections.abc import Mapping

from babel.support import LazyProxy
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import leaving
from app.commerce.orders.models import Order, OrderGroup
from app.identity import news
from app.kernel.i18n import lazy_gettext as _l

READY = _l("Ordine %(number)s: è pronto, puoi passare a ritirarlo")
PRESUMED = _l("Ordine %(number)s: contiamo che tu l’abbia. Se non è arrivato, diccelo")
SAID: Mapping[str, LazyProxy] = {  # state → what is said of it; of others nothing
    "shipped": _l("Ordine %(number)s: il pacco è partito"),
    "delivered": _l("Ordine %(number)s: il pacco è arrivato"),
    "cancelled": _l("Ordine %(number)s: è annullato"),
    "partially_refunded": _l("Ordine %(number)s: una parte è rimborsata"),
    "refunded": _l("Ordine %(number)s: è rimborsato"),
}
FETCHED: Mapping[str, LazyProxy] = {  # the same of what the buyer fetches: that he has it, he knows
    **{state: sentence for state, sentence in SAID.items() if state not in {"shipped", "delivered"}},
    "processing": READY,
}


async def tell_buyer(db: AsyncSession, order: Order, came_from: str, to: str, *, is_presumed: bool) -> None:
    """Within a transaction. What nobody has paid is no news."""
    sentence = (FETCHED if leaving.is_pickup(order) else SAID).get(to)
    if sentence is None or came_from == "awaiting_payment":
        return
    if is_presumed:
        sentence = PRESUMED
    about = select(OrderGroup.user_id, OrderGroup.number).where(OrderGroup.id == order.group_id)
    user_id, number = (await db.execute(about)).one()
    await news.tell(
        db,
        user_id,
        "order",
        f"{order.number}:{to}",
        f"/ordini/{number}",
        lambda: str(sentence) % {"number": order.number},
    )
