"""What the checkout's pages show, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog import deposits
from app.commerce.cart import discount_views
from app.commerce.cart.basket import Basket, BasketLine, Picture
from app.commerce.cart.delivery_views import after_balance, days
from app.commerce.cart.discount_views import DiscountsView
from app.commerce.cart.forms import CodeForm
from app.commerce.cart.views import JoinsView, UnitPrice, joins_view, reasons, weight
from app.commerce.checkout import by_weight
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Parcel, Plan
from app.commerce.orders import words
from app.commerce.promotions.announcing import CodePrice
from app.delivery import words as delivery_words
from app.identity import addresses
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import RateTotal
from app.kernel.tenancy import ShopFacts, in_language
from app.producers import closures, tax
from app.producers.closures import Told
from app.web.forms import Filled


@dataclass(frozen=True)
class LineView:
    """withdrawal: what the law says about taking this back, as a sentence. reasons: as in the cart."""

    name: str
    format: str
    quantity: int
    price_minor: int
    unit_price: UnitPrice | None
    total_minor: int
    mark: str | None
    image: Picture | None
    withdrawal: str
    is_gift: bool
    reasons: Sequence[str] = ()
    saving_minor: int = 0
    code_price: CodePrice | None = None
    weight: str = ""  # of goods by weight: about, and at most
    deposit: str = ""  # of a piece that is ordered with one


@dataclass(frozen=True)
class ParcelView:
    """methods: what may be chosen, as (value, text, aside). problem: why it cannot travel, and the way out.

    surge: why the courier costs more than usual, or "". dry: when he hands over no alcohol, or "". travels_with: the
    number of the order in whose parcel it goes; heavier: what it makes that dearer, or "".
    """

    field: str
    producer_name: str
    company: str
    seller_facts: Sequence[tuple[str, str]]
    lines: Sequence[LineView]
    methods: Sequence[tuple[str, str, str | None]]
    method: str
    how: str
    cold_chain: str
    problem: str | None
    missing_minor: int
    goods_minor: int
    delivery_minor: int
    total_minor: int
    closed: Sequence[Told] = ()
    surge: str = ""
    travels_with: str = ""
    dry: str = ""
    heavier: str = ""


@dataclass(frozen=True)
class SummaryView:
    """goods_minor, delivery_minor: before discounts, the delivery None while nobody knows where it goes.

    shop_funded_minor: of the discounts, what the shop pays: it is taxed too. is_net: VAT is added to these, and is in
    total_minor.
    """

    parcels: Sequence[ParcelView]
    currency: str
    count: int
    goods_minor: int
    delivery_minor: int | None
    total_minor: int
    min_age: int
    vat: Sequence[RateTotal]
    discounts: DiscountsView
    shop_funded_minor: int
    most_minor: int | None = None  # with goods by weight: what is authorised, and paid at most
    joins: JoinsView | None = None
    deposit_minor: int = 0  # of the total: paid at once; 0: all of it is

    is_net: bool = False
    without_invoice: Sequence[str] = ()  # names of sellers who issue none

    @property
    def has_choice(self) -> bool:
        """Of the ways of some parcel."""
        return any(len(parcel.methods) > 1 and not parcel.travels_with for parcel in self.parcels)

    @property
    def balance_minor(self) -> int:
        return self.total_minor - self.deposit_minor


@dataclass(frozen=True)
class DraftView:
    """What the review repeats of the draft. seen: its mark."""

    key: str
    seen: str
    email: str
    phone: str
    name: str
    address: Sequence[str]
    note: str
    invoice: Sequence[tuple[str, str]]
    birth_date: object


def summary(
    shop: ShopFacts, basket: Basket, plan: Plan, *, is_known: bool, code: Filled[CodeForm] | None = None
) -> SummaryView:
    """is_known: the address has been said, so that the delivery's cost is more than a guess. code: was not taken."""
    typed, error = (code.value("promo_code"), code.errors["promo_code"]) if code else ("", None)
    discounts = discount_views.view(shop, plan.discounts, typed=typed, error=error)
    return SummaryView(
        [parcel_view(shop, parcel) for parcel in plan.parcels],
        shop.currency,
        basket.count,
        plan.priced_minor + discounts.goods_minor,
        sum(plan.fees.values()) if is_known else None,
        plan.total_minor if is_known else plan.goods_minor,
        plan.min_age,
        plan.vat if is_known else plan.goods_vat,
        discounts,
        plan.shop_funded_minor if is_known else 0,
        _most(plan, is_known=is_known),
        joins_view(basket, plan.joins, is_heavier=any(parcel.step and parcel.fee_minor for parcel in plan.parcels)),
        plan.deposit_minor,
        is_net=shop.prices_are_net,
        without_invoice=[
            parcel.seller.name for parcel in plan.parcels if tax.regime_code(parcel.seller.legal) == tax.EXEMPT
        ],
    )


def _most(plan: Plan, *, is_known: bool) -> int | None:
    if not any(by_weight.has_any(parcel) for parcel in plan.parcels):
        return None
    return by_weight.most_minor(plan) - (0 if is_known else plan.delivery_minor)


def parcel_view(shop: ShopFacts, parcel: Parcel) -> ParcelView:
    seller, locale = parcel.seller, current_locale()
    when = ""
    if parcel.quote is not None:
        when = days(*parcel.quote.arrival(clock.now(), shop.time_zone, seller.closed))
    pickup = _("Ritiro dal produttore: %(address)s", address=seller.address)
    if any(line.deposit_percent is not None for line in parcel.lines):
        when = after_balance()
    courier = _("Corriere, arriva %(when)s", when=when)
    is_fresh = any(line.is_fresh for line in parcel.lines)
    return ParcelView(
        f"method-{seller.id}",
        seller.name,
        seller.company,
        _seller_facts(parcel),
        [_line(line, shop.currency) for line in parcel.lines],
        _methods(parcel, courier, pickup),
        parcel.method,
        pickup if parcel.method == "pickup" else courier,
        in_language(parcel.quote.cold_chain, locale) if parcel.quote and is_fresh else "",
        _problem(parcel),
        _missing(parcel),
        parcel.goods_minor,
        parcel.fee_minor,
        parcel.total_minor,
        closures.told(seller.closures, clock.today(shop.time_zone)),
        _surge(parcel, shop.currency),
        parcel.joins.number if parcel.joins else "",
        _dry(parcel),
        words.heavier(parcel.step.weight_g, parcel.fee_minor, shop.currency) if parcel.step else "",
    )


def _missing(parcel: Parcel) -> int:
    """What is still missing for free delivery; 0 where there is none to be had."""
    if parcel.quote is None or parcel.courier_refusal or parcel.joins:
        return 0
    return parcel.quote.missing_for_free(parcel.bought_minor)


def _surge(parcel: Parcel, currency: str) -> str:
    if parcel.quote is None or parcel.courier_refusal or parcel.joins:
        return ""
    return delivery_words.surge(parcel.quote, parcel.bought_minor, currency)


def _dry(parcel: Parcel) -> str:
    if parcel.quote is None or parcel.courier_refusal or not any(line.min_age for line in parcel.lines):
        return ""
    return delivery_words.dry(parcel.quote.dry)


def _methods(parcel: Parcel, courier: str, pickup: str) -> list[tuple[str, str, str | None]]:
    carrier = in_language(parcel.quote.carrier, current_locale()) if parcel.quote else None
    ways: list[tuple[str, str, str | None]] = [] if parcel.courier_refusal else [("courier", courier, carrier)]
    if parcel.can_pick_up:
        ways.append(("pickup", pickup, _("gratis")))
    return ways


def _problem(parcel: Parcel) -> str | None:
    if not parcel.problem:
        return None
    if parcel.joins:
        return _("%(refusal)s Dal carrello puoi spedirle a parte, o toglierne.", refusal=parcel.problem)
    return _(
        "%(refusal)s Cambia indirizzo, oppure togli dal carrello i prodotti di %(name)s.",
        refusal=parcel.problem,
        name=parcel.seller.name,
    )


def _seller_facts(parcel: Parcel) -> list[tuple[str, str]]:
    seller = parcel.seller
    return [
        (_("Sede"), seller.address),
        (_("Partita IVA"), seller.legal.get("vat_number", "")),
        (_("E-mail"), seller.email),
        (_("Telefono"), seller.phone),
    ]


def _line(line: BasketLine, currency: str) -> LineView:
    return LineView(
        in_language(line.name, current_locale()),
        line.shape,
        line.quantity,
        line.price_minor,
        UnitPrice(*line.unit_price) if line.unit_price else None,
        line.total_minor,
        line.designation,
        line.image,
        words.withdrawal(str(line.food.get("withdrawal") or "")),
        line.id < 0,
        reasons(line, currency),
        line.saved_by_rules_minor,
        line.code_price,
        weight(line, currency),
        deposits.percent_said(line.deposit_percent, line.making_days),
    )


def draft_view(draft: Checkout, seen: str) -> DraftView:
    countries = dict(addresses.countries(current_locale()))
    town = f"{draft.postal_code} {draft.city}" + (f" ({draft.province})" if draft.province else "")
    return DraftView(
        draft.key,
        seen,
        draft.email,
        draft.phone,
        draft.name,
        [draft.street, town, countries.get(draft.country, draft.country)],
        draft.note,
        words.invoice_facts(draft.invoice),
        draft.birth_date,
    )
