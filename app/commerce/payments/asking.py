"""What Stripe is told about a payment: every word of it, made from frozen rows."""

from collections.abc import Mapping
from urllib.parse import urlencode

from app.commerce.orders import links, reckoning
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import strategies, ways
from app.commerce.payments.models import DEPOSIT, WHOLE, Payment
from app.integrations.stripe import Item, NewIntent, NewSession
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts, in_language

MOST_LINES = 100  # Stripe's, in payment mode


def intent(shop: ShopFacts, group: OrderGroup, payment: Payment) -> NewIntent:
    """For our own page, which shows the lines itself."""
    return NewIntent(
        shop=shop.slug,
        number=group.number,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        without=ways.of(shop).without,
        is_held=_is_held(group),
        split=strategies.split_of(payment),
    )


def session(shop: ShopFacts, secret_key: str, group: OrderGroup, payment: Payment, base_url: str) -> NewSession:
    """Everything that Stripe is told. The same for every try of an attempt, since the key stands for these values."""
    prefix = "" if group.locale == shop.locales[0] else f"/{group.locale}"
    query = urlencode({"chiave": links.token(secret_key, group)})
    with speaking(group.locale):
        items = _items(group) if payment.part == WHOLE else [_part(group, payment)]
    return NewSession(
        shop=shop.slug,
        number=group.number,
        currency=group.currency,
        locale=group.locale,
        email=group.email,
        items=items,
        expires_at=payment.expires_at,
        success_url=f"{base_url}{prefix}/cassa/esito/{group.number}?{query}&session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base_url}{prefix}/cassa/annullato/{group.number}?{query}",
        without=ways.of(shop).without,
        shows_link=ways.of(shop).link,
        is_held=_is_held(group),
        split=strategies.split_of(payment),
    )


def _is_held(group: OrderGroup) -> bool:
    """Goods by weight: the most that they can cost is authorised, and charged once they are weighed."""
    return any(reckoning.is_by_weight(order) for order in group.orders)


def _items(group: OrderGroup) -> list[Item]:
    """A line per order line and one for each delivery; one per producer when there would be too many.

    Where stored value pays a part, one line with the rest: Stripe takes no negative lines, and prices that were lowered
    to make the sum right would be nobody's prices. Our own pages show the order line by line.
    """
    if group.credit_minor:
        rest = _("Ordine %(number)s, meno il credito già usato", number=group.number)
        return [Item(rest, group.total_minor - group.credit_minor, 1)]
    items: list[Item] = []
    for order in group.orders:
        for line in order.lines:
            said = [_text(line.snapshot.get(key), group.locale) for key in ("name", "format")]
            name, count = " · ".join(filter(None, said)) or line.sku, line.quantity
            if line.kg_price_minor is not None:
                name = _("%(name)s, al massimo", name=name)
            each, odd = divmod(line.gross_minor, count)
            if odd:  # a discount that the pieces do not share evenly
                items.append(Item(f"{count} × {name}", line.gross_minor, 1))
            elif each:  # gifts stand on our own pages
                items.append(Item(name, each, count))
        if order.delivery_minor:
            items.append(Item(_delivery_name(order, group.locale), order.delivery_minor, 1))
    if len(items) > MOST_LINES:
        items = [Item(_text(order.producer.get("name"), group.locale), order.total_minor, 1) for order in group.orders]
    return items


def _part(group: OrderGroup, payment: Payment) -> Item:
    """A deposit, or the rest of the total, on one line: what of each piece they pay is nobody's price."""
    deposit = _("Acconto per l’ordine %(number)s", number=group.number)
    balance = _("Saldo dell’ordine %(number)s", number=group.number)
    return Item(deposit if payment.part == DEPOSIT else balance, payment.amount_minor, 1)


def _delivery_name(order: Order, locale: str) -> str:
    return _("Consegna: %(producer)s", producer=_text(order.producer.get("name"), locale))


def _text(value: object, locale: str) -> str:
    return in_language(value, locale) if isinstance(value, Mapping) else str(value or "")
