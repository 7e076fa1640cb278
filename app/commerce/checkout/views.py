"""What the checkout's pages show, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.commerce.cart.basket import Basket, BasketLine, Picture
from app.commerce.cart.views import UnitPrice, days
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Parcel, Plan
from app.identity import addresses
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import RateTotal
from app.kernel.tenancy import ShopFacts, in_language


@dataclass(frozen=True)
class LineView:
    """withdrawal: what the law says about taking this back, as a sentence."""

    name: str
    format: str
    quantity: int
    price_minor: int
    unit_price: UnitPrice
    total_minor: int
    mark: str | None
    image: Picture | None
    withdrawal: str


@dataclass(frozen=True)
class ParcelView:
    """methods: what may be chosen, as (value, text, aside). problem: why it cannot travel, and the way out."""

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


@dataclass(frozen=True)
class SummaryView:
    """parcels; delivery_minor, total_minor: None and the goods alone while nobody knows where it goes."""

    parcels: Sequence[ParcelView]
    currency: str
    count: int
    goods_minor: int
    delivery_minor: int | None
    total_minor: int
    min_age: int
    vat: Sequence[RateTotal]


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


def summary(shop: ShopFacts, basket: Basket, plan: Plan, *, is_known: bool) -> SummaryView:
    """is_known: the address has been said, so that the delivery's cost is more than a guess."""
    return SummaryView(
        [parcel_view(shop, parcel) for parcel in plan.parcels],
        shop.currency,
        basket.count,
        plan.goods_minor,
        plan.delivery_minor if is_known else None,
        plan.total_minor if is_known else plan.goods_minor,
        plan.min_age,
        plan.vat if is_known else [],
    )


def parcel_view(shop: ShopFacts, parcel: Parcel) -> ParcelView:
    seller, locale = parcel.seller, current_locale()
    when = ""
    if parcel.quote is not None:
        when = days(*parcel.quote.arrival(clock.now(), shop.time_zone))
    pickup = _("Ritiro dal produttore: %(address)s", address=seller.address)
    courier = _("Corriere, arriva %(when)s", when=when)
    is_fresh = any(line.is_fresh for line in parcel.lines)
    return ParcelView(
        f"method-{seller.id}",
        seller.name,
        seller.company,
        _seller_facts(parcel),
        [_line(line) for line in parcel.lines],
        _methods(parcel, courier, pickup),
        parcel.method,
        pickup if parcel.method == "pickup" else courier,
        in_language(parcel.quote.cold_chain, locale) if parcel.quote and is_fresh else "",
        _problem(parcel),
        parcel.quote.missing_for_free(parcel.goods_minor) if parcel.quote and parcel.method == "courier" else 0,
        parcel.goods_minor,
        parcel.delivery_minor,
        parcel.total_minor,
    )


def _methods(parcel: Parcel, courier: str, pickup: str) -> list[tuple[str, str, str | None]]:
    carrier = in_language(parcel.quote.carrier, current_locale()) if parcel.quote else None
    ways: list[tuple[str, str, str | None]] = [] if parcel.courier_refusal else [("courier", courier, carrier)]
    if parcel.can_pick_up:
        ways.append(("pickup", pickup, _("gratis")))
    return ways


def _problem(parcel: Parcel) -> str | None:
    if not parcel.problem:
        return None
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


def _line(line: BasketLine) -> LineView:
    return LineView(
        in_language(line.name, current_locale()),
        in_language(line.format, current_locale()),
        line.quantity,
        line.price_minor,
        UnitPrice(*line.unit_price),
        line.total_minor,
        line.designation,
        line.image,
        withdrawal(str(line.food.get("withdrawal") or "")),
    )


def withdrawal(rule: str) -> str:
    """What a buyer is told before the contract about taking it back. Source: law.md L24, L25 (art. 52, 59)."""
    if rule == "art59_d":
        return _("Recesso escluso: prodotto deperibile (art. 59, lett. d, Codice del consumo)")
    if rule == "art59_e":
        return _("Recesso entro 14 giorni, finché la confezione resta sigillata (art. 59, lett. e, Codice del consumo)")
    if rule == "art59_c":
        return _("Recesso escluso: fatto su misura (art. 59, lett. c, Codice del consumo)")
    return _("Recesso entro 14 giorni dalla consegna (art. 52, Codice del consumo)")


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
        _invoice(draft.invoice),
        draft.birth_date,
    )


def _invoice(invoice: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (label, invoice.get(name, ""))
        for name, label in (
            ("company", _("Ragione sociale")),
            ("partita_iva", _("Partita IVA")),
            ("codice_fiscale", _("Codice fiscale")),
            ("sdi", _("Codice destinatario SDI")),
            ("pec", _("PEC")),
        )
        if invoice.get(name)
    ]
