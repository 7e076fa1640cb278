"""The day on which a parcel is expected, for the buyer's own calendar."""

from collections.abc import Sequence
from datetime import date

from app.commerce.orders import leaving
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import Order
from app.commerce.orders.states import OPEN
from app.delivery.quotes import working_days_after
from app.kernel import icalendar
from app.kernel.i18n import gettext as _
from app.kernel.icalendar import Event
from app.kernel.tenancy import ShopFacts


def expected(order: Order, time_zone: str) -> tuple[date, date] | None:
    """The first and the last day on which a parcel may come; None for what is fetched, is on its way already, or has
    still to be paid whole. Needs the order's group.
    """
    if order.state not in OPEN or leaving.is_pickup(order) or order.group.state == DEPOSITED:
        return None
    leaves = leaving.day(order, order.group, time_zone)
    lead_days = [order.delivery.get(name) or 0 for name in ("lead_days_min", "lead_days_max")]
    return working_days_after(leaves, lead_days[0]), working_days_after(leaves, lead_days[1])


def document(shop: ShopFacts, order: Order, days: tuple[date, date], url: str, host: str) -> str:
    """url: absolute, of the order's page."""
    seller = str(order.producer.get("name", ""))
    said: Sequence[str] = (
        _("Ordine %(number)s", number=order.number),
        _("Se il giorno cambia, lo trovi nella pagina dell’ordine."),
    )
    arrives = Event(
        uid=f"{order.number}@{host}",
        first=days[0],
        last=days[1],
        summary=_("Arriva il pacco di %(name)s", name=seller),
        description="\n".join(said),
        url=url,
        changed_at=order.updated_at,
    )
    return icalendar.document(shop.name, shop.name, [arrives])
