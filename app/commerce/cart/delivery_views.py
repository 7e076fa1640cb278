"""What delivering a basket's goods costs, and when they come: of each producer's parcel, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.commerce.additions.joining import NOTHING, Joined, Joins
from app.commerce.cart.basket import Basket, BasketLine, Seller, load_of, weight_of
from app.commerce.orders import words as order_words
from app.delivery import words as delivery_words
from app.delivery.quotes import Quote
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class DeliveryView:
    """surge: why it costs more than usual, or "". heavier: what it makes the parcel dearer that it joins, or ""."""

    fee_minor: int
    when: str
    missing_minor: int | None
    refused: str | None
    surge: str = ""
    heavier: str = ""


def fees(basket: Basket, quote: Quote | None, joins: Joins = NOTHING) -> dict[int, int] | None:
    """What each producer's delivery costs before discounts; None while the place is unknown."""
    if quote is None:
        return None
    return {
        seller.id: _fee(quote, seller, lines, joins.of(seller.id))
        for seller, lines in basket.groups
        if refusal_of(lines, quote, joins.of(seller.id)) is None
    }


def _fee(quote: Quote, seller: Seller, lines: Sequence[BasketLine], first: Joined | None) -> int:
    if first is None:
        return quote.of(seller.id, weight_of(lines)).fee(load_of(lines).goods_minor)
    step = first.step(quote, load_of(lines))
    return step.due_minor if step else 0


def delivery_of(
    shop: ShopFacts, basket: Basket, seller: Seller, lines: Sequence[BasketLine], quote: Quote | None, joins: Joins
) -> DeliveryView | None:
    """Of one producer's lines; None while the place is unknown, and for what is added to a parcel that is fetched."""
    joined = joins.of(seller.id)
    if not basket.postal_code or (joined and joined.method == "pickup"):
        return None
    refusal = refusal_of(lines, quote, joined)
    if quote is None or refusal:
        if seller.pickup and not joined:
            refusal = _("%(refusal)s Alla cassa puoi scegliere di ritirarli dal produttore.", refusal=refusal)
        return DeliveryView(0, "", None, refusal)
    first, last = quote.arrival(clock.now(), shop.time_zone, seller.closed)
    when = after_balance() if any(line.deposit_percent is not None for line in lines) else days(first, last)
    fee = _fee(quote, seller, lines, joined)
    if joined:
        step = joined.step(quote, load_of(lines))
        heavier = order_words.heavier(step.weight_g, fee, shop.currency) if step else ""
        return DeliveryView(fee, when, None, None, heavier=heavier)
    mine, goods = quote.of(seller.id, weight_of(lines)), load_of(lines).goods_minor
    said = delivery_words.surge(mine, goods, shop.currency)
    return DeliveryView(fee, when, mine.missing_for_free(goods) or None, None, said)


def after_balance() -> str:
    """When a piece with a deposit arrives, which has still to be made."""
    return _("dopo il saldo")


def refusal_of(lines: Sequence[BasketLine], quote: Quote | None, first: Joined | None = None) -> str | None:
    """Why one producer's lines cannot go to the place of a quote (None: no zone reaches it); None if they can.

    first: the parcel, paid already, that they are to travel in.
    """
    if quote is None:
        return _("Qui non consegniamo.")
    fresh, alcohol = any(line.is_fresh for line in lines), any(line.min_age > 0 for line in lines)
    refusal = quote.refusal(fresh=fresh, alcohol=alcohol, weight_g=weight_of(lines))
    return refusal or (first.refusal(quote, load_of(lines)) if first else None)


def days(first: date, last: date) -> str:
    """When something arrives: "tra giovedì 26 e venerdì 27 novembre"."""
    short, locale = "weekday", current_locale()
    if first == last:
        return formats.date(first, locale, style=short)
    return _(
        "tra %(first)s e %(last)s",
        first=formats.date(first, locale, style=short),
        last=formats.date(last, locale, style=short),
    )
