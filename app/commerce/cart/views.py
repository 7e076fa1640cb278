"""What the cart's pages show, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.commerce.cart.basket import Basket, BasketLine, Picture, Seller
from app.delivery.quotes import Quote
from app.kernel import clock, formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language


@dataclass(frozen=True)
class UnitPrice:
    """What a kilogram, a litre or a piece costs, minor units."""

    minor: int
    unit: str


@dataclass(frozen=True)
class LineView:
    """error: what is wrong with `quantity` as typed, or None. notice: what has changed since it was put in, or None."""

    id: int
    name: str
    url: str
    image: Picture | None
    mark: str | None
    format: str
    price_minor: int
    unit_price: UnitPrice | None
    quantity: str
    max: int
    total_minor: int
    notice: str | None
    error: str | None


@dataclass(frozen=True)
class DeliveryView:
    fee_minor: int
    when: str
    missing_minor: int | None
    refused: str | None


@dataclass(frozen=True)
class GroupView:
    producer_name: str
    producer_url: str
    place: str
    lines: list[LineView]
    subtotal_minor: int
    delivery: DeliveryView | None


@dataclass(frozen=True)
class Undo:
    """A line just taken out, as it would be put in again."""

    name: str
    variant_id: int
    quantity: int


@dataclass(frozen=True)
class CartView:
    """delivery_minor: None while the place is unknown. cap: where it goes, as text, or None."""

    groups: list[GroupView]
    currency: str
    count: int
    goods_minor: int
    delivery_minor: int | None
    total_minor: int
    cap: str | None
    cap_error: str | None
    needs_age: bool
    can_check_out: bool
    has_new_prices: bool
    undo: Undo | None
    errors: list[tuple[str, str]]


@dataclass(frozen=True)
class Mistake:
    """A quantity (line_id) or a postal code (line_id None) that could not be taken, as it was typed."""

    typed: str
    sentence: str
    line_id: int | None = None

    @property
    def field(self) -> str:
        return "cap" if self.line_id is None else f"quantity-{self.line_id}"


def cart(
    shop: ShopFacts, basket: Basket, quote: Quote | None, *, mistake: Mistake | None = None, undo: Undo | None = None
) -> CartView:
    """quote: of the basket's place; None while that is unknown."""
    groups = [_group(shop, basket, seller, lines, quote, mistake) for seller, lines in basket.groups]
    known = [group.delivery.fee_minor for group in groups if group.delivery and not group.delivery.refused]
    delivery = sum(known) if basket.postal_code else None
    wrong_place = mistake if mistake and mistake.line_id is None else None
    return CartView(
        groups,
        shop.currency,
        basket.count,
        basket.goods_minor,
        delivery,
        basket.goods_minor + (delivery or 0),
        wrong_place.typed if wrong_place else basket.postal_code,
        wrong_place.sentence if wrong_place else None,
        basket.min_age > 0,
        basket.can_be_bought,
        basket.has_new_prices,
        undo,
        [(mistake.field, mistake.sentence)] if mistake else [],
    )


def _group(
    shop: ShopFacts,
    basket: Basket,
    seller: Seller,
    lines: list[BasketLine],
    quote: Quote | None,
    mistake: Mistake | None,
) -> GroupView:
    goods = sum(line.total_minor for line in lines)
    return GroupView(
        seller.name,
        f"/produttori/{seller.slug}",
        f"{seller.city} ({seller.province})",
        [line_view(shop, basket, line, mistake) for line in lines],
        goods,
        _delivery(shop, seller, lines, goods, quote) if basket.postal_code else None,
    )


def line_view(shop: ShopFacts, basket: Basket, line: BasketLine, mistake: Mistake | None = None) -> LineView:
    mine = mistake if mistake and mistake.line_id == line.id else None
    return LineView(
        line.id,
        in_language(line.name, current_locale()),
        f"/prodotti/{line.slug}",
        line.image,
        line.designation,
        in_language(line.format, current_locale()),
        line.price_minor,
        UnitPrice(*line.unit_price) if line.net_unit != "piece" or line.net_amount > 1 else None,
        mine.typed if mine else str(line.quantity),
        basket.most_of(line),
        line.total_minor,
        _notice(shop, basket, line),
        mine.sentence if mine else None,
    )


def _notice(shop: ShopFacts, basket: Basket, line: BasketLine) -> str | None:
    """What has changed since the line was put in, and what to do."""
    if not line.is_sold:
        return _("Non è più in vendita: toglilo per andare alla cassa.")
    if basket.is_short(line):
        most = basket.most_of(line)
        if most == 0:
            return _("Nel frattempo è andato esaurito: toglilo per andare alla cassa.")
        return ngettext(
            "Ne resta %(num)s: cambia la quantità per andare alla cassa.",
            "Ne restano %(num)s: cambia la quantità per andare alla cassa.",
            most,
        )
    if line.price_changed:
        before, now = (
            formats.money(p, shop.currency, current_locale()) for p in (line.seen_price_minor, line.price_minor)
        )
        return _("Il prezzo è cambiato da %(before)s a %(now)s.", before=before, now=now)
    return None


def _delivery(
    shop: ShopFacts, seller: Seller, lines: list[BasketLine], goods: int, quote: Quote | None
) -> DeliveryView:
    refusal = refusal_of(lines, quote)
    if quote is None or refusal:
        if seller.pickup:
            refusal = _("%(refusal)s Alla cassa puoi scegliere di ritirarli dal produttore.", refusal=refusal)
        return DeliveryView(0, "", None, refusal)
    first, last = quote.arrival(clock.now(), shop.time_zone)
    return DeliveryView(quote.fee(goods), days(first, last), quote.missing_for_free(goods) or None, None)


def refusal_of(lines: Sequence[BasketLine], quote: Quote | None) -> str | None:
    """Why one producer's lines cannot go to the place of a quote (None: no zone reaches it); None if they can."""
    if quote is None:
        return _("Qui non consegniamo.")
    return quote.refusal(fresh=any(line.is_fresh for line in lines), alcohol=any(line.min_age > 0 for line in lines))


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
