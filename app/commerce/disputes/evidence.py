"""What we can say for ourselves in a dispute, written from the order, by Stripe's field names. Staff may change it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

FIELDS = (
    "customer_name",
    "customer_email_address",
    "billing_address",
    "shipping_address",
    "product_description",
    "shipping_carrier",
    "shipping_tracking_number",
    "shipping_date",
    "cancellation_policy_disclosure",
    "refund_policy_disclosure",
    "uncategorized_text",
)
LONGEST = 20_000  # characters of one field; docs.stripe.com/api/disputes/evidence_object


def draft(shop: ShopFacts, group: OrderGroup, events: Sequence[OrderEvent]) -> dict[str, str]:
    """group: with its orders and their lines. events: its whole timeline, oldest first."""
    where = ", ".join(filter(None, (group.street, f"{group.postal_code} {group.city}", group.province, group.country)))
    shipped = [event.at for event in events if event.kind == "shipped"]
    return {
        "customer_name": group.name,
        "customer_email_address": group.email,
        "billing_address": where,
        "shipping_address": where,
        "product_description": "\n".join(_goods(order) for order in group.orders),
        "shipping_carrier": ", ".join(order.carrier for order in group.orders if order.carrier),
        "shipping_tracking_number": ", ".join(o.tracking_number for o in group.orders if o.tracking_number),
        "shipping_date": _day(shop, shipped[0]) if shipped else "",
        "cancellation_policy_disclosure": _(
            "Il diritto di recesso e le sue eccezioni sono mostrati accanto a ogni prodotto, alla cassa prima del "
            "pulsante che obbliga a pagare, e nella mail di conferma, che contiene anche il modulo di recesso."
        ),
        "refund_policy_disclosure": _(
            "Le condizioni di rimborso sono accettate alla cassa e ripetute nella mail di conferma; si trovano in ogni "
            "momento sul sito del negozio."
        ),
        "uncategorized_text": _story(shop, group, events),
    }


def _goods(order: Order) -> str:
    lines = ", ".join(
        f"{line.quantity} × {in_language(line.snapshot['name'], current_locale())}"
        if isinstance(line.snapshot.get("name"), dict)
        else f"{line.quantity} × {line.snapshot.get('name', line.sku)}"
        for line in order.lines
    )
    return f"{order.producer.get('name', '')}: {lines}"


def _story(shop: ShopFacts, group: OrderGroup, events: Sequence[OrderEvent]) -> str:
    """What happened, in the order in which it did."""
    told = [
        _(
            "Il %(when)s il cliente ha concluso il contratto %(number)s sul sito %(shop)s.",
            when=_moment(shop, group.placed_at),
            number=group.number,
            shop=shop.name,
        )
    ]
    if group.paid_at:
        told.append(
            _(
                "Il pagamento è arrivato il %(when)s. Il contratto per intero è stato mandato a %(email)s.",
                when=_moment(shop, group.paid_at),
                email=group.email,
            )
        )
    for order in group.orders:
        told += _parcel(shop, order, [event for event in events if event.order_id == order.id])
    return "\n".join(told)


def _parcel(shop: ShopFacts, order: Order, events: Sequence[OrderEvent]) -> list[str]:
    at = {event.kind: _moment(shop, event.at) for event in events}
    seller = str(order.producer.get("company") or order.producer.get("name", ""))
    told = []
    if "shipped" in at:
        how = " ".join(filter(None, (order.carrier, order.tracking_number)))
        sent = _(
            "%(seller)s ha spedito il pacco %(number)s il %(when)s",
            seller=seller,
            number=order.number,
            when=at["shipped"],
        )
        told.append(f"{sent} ({how})." if how else f"{sent}.")
    if "delivered" in at:
        told.append(_("Il pacco %(number)s è stato consegnato il %(when)s.", number=order.number, when=at["delivered"]))
    if order.delivery.get("method") == "pickup":
        told.append(_("Il pacco %(number)s si ritira presso %(seller)s.", number=order.number, seller=seller))
    return told


def _moment(shop: ShopFacts, at: datetime) -> str:
    return formats.datetime(at, current_locale(), ZoneInfo(shop.time_zone))


def _day(shop: ShopFacts, at: datetime) -> str:
    return formats.date(at, current_locale(), ZoneInfo(shop.time_zone))
