"""The day on which a parcel is expected, for the buyer's own calendar."""

from collections.abc import Sequence

from app.commerce.orders.models import Order
from app.commerce.orders.promises import Expected
from app.kernel import icalendar
from app.kernel.i18n import gettext as _
from app.kernel.icalendar import Event
from app.kernel.tenancy import ShopFacts


def document(shop: ShopFacts, order: Order, days: Expected, url: str, host: str) -> str:
    """url: absolute, of the order's page."""
    seller = str(order.producer.get("name", ""))
    said: Sequence[str] = (
        _("Ordine %(number)s", number=order.number),
        _("Se il giorno cambia, lo trovi nella pagina dell’ordine."),
    )
    arrives = Event(
        uid=f"{order.number}@{host}",
        first=days.first,
        last=days.last,
        summary=_("Arriva il pacco di %(name)s", name=seller),
        description="\n".join(said),
        url=url,
        changed_at=order.updated_at,
    )
    return icalendar.document(shop.name, shop.name, [arrives])
