"""What the cart's pages show, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.catalog import deposits, weight_words
from app.catalog.views import Reduction
from app.commerce.additions.joining import NOTHING, Joins
from app.commerce.cart import added_vat, discount_views
from app.commerce.cart.basket import Basket, BasketLine, Picture, Seller
from app.commerce.cart.delivery_views import DeliveryView, delivery_of
from app.commerce.cart.discount_views import DiscountsView, GiftView
from app.commerce.cart.discounts import Discounts
from app.commerce.promotions.announcing import CodePrice
from app.delivery.quotes import Quote
from app.kernel import clock, formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.money import RateTotal
from app.kernel.tenancy import ShopFacts, in_language
from app.pricing.rules import words as pricing_words
from app.producers import closures, selling
from app.producers.closures import Told
from app.producers.vat.rates import Rates


@dataclass(frozen=True)
class UnitPrice:
    """What a kilogram, a litre or a piece costs, minor units."""

    minor: int
    unit: str


@dataclass(frozen=True)
class LineView:
    """error: what is wrong with `quantity` as typed, or None. notice: what has changed since it was put in, or None.

    reasons: the rules that made the price, which save saving_minor on the line.
    """

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
    reduction: Reduction | None = None
    reasons: Sequence[str] = ()
    saving_minor: int = 0
    weight: str = ""  # of goods by weight: about, and at most
    code_price: CodePrice | None = None
    deposit: str = ""  # of a piece that is ordered with one


@dataclass(frozen=True)
class GroupView:
    producer_name: str
    producer_url: str
    place: str
    sold_by: str  # who the seller is, in a line (law.md L47)
    lines: list[LineView]
    subtotal_minor: int
    delivery: DeliveryView | None
    closed: Sequence[Told] = ()
    gifts: Sequence[GiftView] = ()
    travels_with: str = ""  # the number of the order in whose parcel these goods go


@dataclass(frozen=True)
class Undo:
    """A line just taken out, as it would be put in again."""

    name: str
    variant_id: int
    quantity: int


@dataclass(frozen=True)
class JoinsView:
    """The order that the basket adds to. closed: the numbers of its parcels that are not open any more."""

    number: str
    closed: Sequence[str]
    is_weighed: bool
    is_made: bool = False  # something in it is ordered with a deposit
    is_heavier: bool = False  # a parcel becomes dearer


@dataclass(frozen=True)
class CartView:
    """delivery_minor: before discounts, None while the place is unknown, and where nothing can be brought.

    cap: what stands in the field, or None; place: the postal code that delivery_minor is for.
    """

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
    discounts: DiscountsView
    has_weights: bool = False  # the total is about what it will be
    joins: JoinsView | None = None
    deposit_minor: int = 0  # of the total: paid at once; 0: all of it is
    parts: Sequence[tuple[int, str]] = ()  # what can be ordered by itself (variant, name), where the cart is mixed
    vat: Sequence[RateTotal] = ()  # added to the others in total_minor, where prices are net
    place: str = ""

    @property
    def balance_minor(self) -> int:
        return self.total_minor - self.deposit_minor


@dataclass(frozen=True)
class Mistake:
    """A quantity (line_id), a promotion's code or else a postal code that could not be taken, as it was typed."""

    typed: str
    sentence: str
    line_id: int | None = None
    is_code: bool = False

    @property
    def field(self) -> str:
        if self.is_code:
            return "promo_code"
        return "cap" if self.line_id is None else f"quantity-{self.line_id}"


def cart(
    shop: ShopFacts,
    basket: Basket,
    quote: Quote | None,
    found: Discounts,
    *,
    mistake: Mistake | None = None,
    undo: Undo | None = None,
    joins: Joins = NOTHING,
    rates: Rates | None = None,
) -> CartView:
    """quote: of the basket's place; None while that is unknown. found: what promotions take off.

    rates: of VAT, where it is added to the prices.
    """
    basket = replace(basket, lines=tuple(found.beside(basket.lines)))
    groups = [
        replace(
            _group(shop, basket, seller, lines, mistake),
            delivery=delivery_of(shop, basket, seller, lines, quote, joins),
            gifts=discount_views.gifts_of(found, seller.id),
            travels_with=first.number if (first := joins.of(seller.id)) else "",
        )
        for seller, lines in basket.groups
    ]
    typed, error = (mistake.typed, mistake.sentence) if mistake and mistake.is_code else ("", None)
    discounts = discount_views.view(shop, found, typed=typed, error=error)
    wrong_place = mistake if mistake and mistake.line_id is None and not mistake.is_code else None
    fees_of = {
        seller.id: group.delivery.fee_minor
        for (seller, _lines), group in zip(basket.groups, groups, strict=True)
        if group.delivery and not group.delivery.refused
    }
    delivery = sum(fees_of.values()) if basket.postal_code and fees_of else None
    added = added_vat.of(shop, basket, found, fees_of, rates) if rates else []
    total = basket.goods_minor + (delivery or 0) - discounts.goods_minor - discounts.delivery_minor
    total += sum(each.vat for each in added)
    return CartView(
        groups,
        shop.currency,
        basket.count,
        basket.goods_minor,
        delivery,
        total,
        wrong_place.typed if wrong_place else basket.postal_code,
        wrong_place.sentence if wrong_place else None,
        basket.min_age > 0,
        basket.is_in_order,
        basket.has_new_prices,
        undo,
        [(mistake.field, mistake.sentence)] if mistake else [],
        discounts,
        any(line.by_weight for line in basket.lines),
        joins_view(basket, joins, is_heavier=any(g.delivery and g.delivery.heavier for g in groups)),
        0 if basket.is_mixed else _deposit(basket, found, total),
        _parts(basket),
        added,
        basket.postal_code or "",
    )


def _deposit(basket: Basket, found: Discounts, total_minor: int) -> int:
    paid = [(line.total_minor - found.outcome.line(line.id)[0], line.deposit_percent) for line in basket.lines]
    return deposits.deposit(paid, total_minor)


def _parts(basket: Basket) -> list[tuple[int, str]]:
    if not basket.is_mixed:
        return []
    alone = {line.variant_id: line.name for line in basket.lines if line.deposit_percent is not None}
    rest = [] if len(alone) == len({line.variant_id for line in basket.lines}) else [(0, "")]
    return [*((variant, in_language(name, current_locale())) for variant, name in alone.items()), *rest]


def joins_view(basket: Basket, joins: Joins, *, is_heavier: bool) -> JoinsView | None:
    """What an addition says of itself; None for an ordinary basket."""
    if joins.group is None:
        return None
    is_made = any(line.deposit_percent is not None for line in basket.lines)
    is_weighed = any(line.by_weight for line in basket.lines)
    return JoinsView(joins.group.number, joins.closed, is_weighed, is_made, is_heavier)


def _group(
    shop: ShopFacts, basket: Basket, seller: Seller, lines: list[BasketLine], mistake: Mistake | None
) -> GroupView:
    """Its goods alone: delivery, gifts and what it travels with are not said yet."""
    return GroupView(
        seller.name,
        f"/produttori/{seller.slug}",
        f"{seller.city} ({seller.province})",
        _sold_by(seller),
        [line_view(shop, basket, line, mistake) for line in lines],
        sum(line.total_minor for line in lines),
        None,
        closures.told(seller.closures, clock.today(shop.time_zone)),
    )


def _sold_by(seller: Seller) -> str:
    said = [_("Vende e spedisce %(company)s, %(address)s", company=seller.company, address=seller.address)]
    if number := seller.legal.get("vat_number"):
        said.append(_("P. IVA %(number)s", number=number))
    if number := seller.legal.get("rea"):
        said.append(_("REA %(number)s", number=number))
    return " · ".join(said)


def line_view(shop: ShopFacts, basket: Basket, line: BasketLine, mistake: Mistake | None = None) -> LineView:
    mine = mistake if mistake and mistake.line_id == line.id else None
    return LineView(
        line.id,
        in_language(line.name, current_locale()),
        f"/prodotti/{line.slug}",
        line.image,
        line.designation,
        line.shape,
        line.price_minor,
        UnitPrice(*line.unit_price) if line.unit_price else None,
        mine.typed if mine else str(line.quantity),
        basket.most_of(line),
        line.total_minor,
        _notice(shop, basket, line),
        mine.sentence if mine else None,
        line.reduction,
        reasons(line, shop.currency),
        line.saved_by_rules_minor,
        weight(line, shop.currency),
        line.code_price,
        deposits.percent_said(line.deposit_percent, line.making_days),
    )


def weight(line: BasketLine, currency: str) -> str:
    """What is said about goods by weight; "" for a fixed price."""
    return weight_words.pieces(line.by_weight, line.quantity, currency) if line.by_weight else ""


def reasons(line: BasketLine, currency: str) -> list[str]:
    """Which rules made the price of a piece, in words."""
    of_window = pricing_words.reasons(line.ruled.applied, currency) if line.ruled else []
    return [*of_window, pricing_words.bulk(line.bulk, currency)] if line.bulk else of_window


def _notice(shop: ShopFacts, basket: Basket, line: BasketLine) -> str | None:
    """What has changed since the line was put in, and what to do."""
    if line.waits:
        return _("%(why)s Toglilo per andare alla cassa.", why=selling.told(line.seller.name))
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
            formats.money(p, shop.currency, current_locale()) for p in (line.seen_price_minor, line.window_minor)
        )
        return _("Il prezzo è cambiato da %(before)s a %(now)s.", before=before, now=now)
    return None
