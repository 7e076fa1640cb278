"""What a checkout comes to: a parcel per producer, how it travels, what it costs. Computed anew at every step."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.catalog import deposits
from app.commerce.additions import joining
from app.commerce.additions.joining import Joined, Joins
from app.commerce.additions.steps import Step
from app.commerce.cart.basket import Basket, BasketLine, Seller, load_of, weight_of
from app.commerce.cart.delivery_views import refusal_of
from app.commerce.cart.discounts import Discounts
from app.commerce.checkout.models import Checkout
from app.commerce.promotions.engine import NOTHING, Outcome
from app.delivery.quotes import Quote
from app.identity.addresses import age_on
from app.kernel.i18n import gettext as _
from app.kernel.money import RateTotal, vat_of_order
from app.producers import tax
from app.producers.vat.classes import destination
from app.producers.vat.rates import Rates

COURIER, PICKUP = "courier", "pickup"


@dataclass(frozen=True)
class Parcel:
    """One producer's part. quote: of the address, None where no zone reaches. is_chosen: the shopper has said how.

    courier_refusal: why the courier cannot bring it, or None. lines: with gifts, whose ids are below zero.
    outcome: what promotions take off the whole checkout. joins: the parcel, paid before, in which it travels.
    is_net: VAT comes on top of prices, delivery and discounts, which stay net (`rated`); what is paid has it in it.
    """

    seller: Seller
    lines: Sequence[BasketLine]
    quote: Quote | None
    courier_refusal: str | None
    can_pick_up: bool
    method: str
    is_chosen: bool
    outcome: Outcome = NOTHING
    joins: Joined | None = None
    is_net: bool = False

    def off(self, line: BasketLine) -> tuple[int, int]:
        """(discount on a line, what of it the shop pays)."""
        return self.outcome.line(line.id)

    @property
    def off_delivery(self) -> tuple[int, int]:
        """The same on the delivery."""
        return self.outcome.delivery(self.seller.id)

    @property
    def bought_minor(self) -> int:
        """What was chosen, before discounts. It decides whether delivery is free: no discount makes that dearer."""
        return load_of(self.lines).goods_minor

    @property
    def priced_minor(self) -> int:
        """The goods after discounts, as their prices say: without VAT where it is added."""
        return sum(line.total_minor - self.off(line)[0] for line in self.lines)

    @property
    def goods_minor(self) -> int:
        return self.priced_minor + (sum(self.vat()[1]) if self.is_net else 0)

    @property
    def courier_minor(self) -> int:
        return self.quote.fee(self.bought_minor) if self.quote else 0

    @property
    def step(self) -> Step | None:
        """What these goods make of the cost of the parcel that they join; None where none is to be paid for."""
        return self.joins.step(self.quote, load_of(self.lines)) if self.joins else None

    @property
    def fee_minor(self) -> int:
        """The delivery before discounts: of an addition, what it makes its parcel dearer; 0 of what cannot travel."""
        if self.method == PICKUP or self.courier_refusal:
            return 0
        if self.joins:
            return self.step.due_minor if self.step else 0
        return self.courier_minor

    @property
    def delivery_minor(self) -> int:
        return self.fee_minor - self.off_delivery[0] + (self._delivery_vat if self.is_net else 0)

    @property
    def _delivery_vat(self) -> int:
        totals, lines = self.vat()
        return sum(total.vat for total in totals) - sum(lines)

    @property
    def discount_minor(self) -> int:
        return sum(self.off(line)[0] for line in self.lines) + self.off_delivery[0]

    @property
    def shop_funded_minor(self) -> int:
        return sum(self.off(line)[1] for line in self.lines) + self.off_delivery[1]

    @property
    def taxed(self) -> list[int]:
        """What VAT is reckoned on, line by line: the buyer's part and the shop's."""
        return [line.total_minor - self.off(line)[0] + self.off(line)[1] for line in self.lines]

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor

    @property
    def problem(self) -> str | None:
        """Why it cannot travel as chosen, or None."""
        return self.courier_refusal if self.method == COURIER else None

    def vat(self) -> tuple[list[RateTotal], list[int]]:
        """Totals per rate, delivery among them, and the VAT of each line. Source: docs/algorithms/vat.md."""
        goods = [(taxed, line.vat_rate) for taxed, line in zip(self.taxed, self.lines, strict=True)]
        return vat_of_order(goods, self.fee_minor - self.off_delivery[0] + self.off_delivery[1], added=self.is_net)


@dataclass(frozen=True)
class Plan:
    """The parcels of a checkout. min_age: years that the shopper must be; 0 for anybody."""

    parcels: Sequence[Parcel]
    min_age: int
    discounts: Discounts = field(default_factory=Discounts)
    joins: Joins = field(default_factory=Joins)

    @property
    def discount_minor(self) -> int:
        return sum(parcel.discount_minor for parcel in self.parcels)

    @property
    def shop_funded_minor(self) -> int:
        return sum(parcel.shop_funded_minor for parcel in self.parcels)

    @property
    def fees(self) -> dict[int, int]:
        """What each producer's delivery costs before discounts."""
        return {parcel.seller.id: parcel.fee_minor for parcel in self.parcels}

    @property
    def priced_minor(self) -> int:
        """The goods after discounts, as their prices say."""
        return sum(parcel.priced_minor for parcel in self.parcels)

    @property
    def goods_minor(self) -> int:
        return sum(parcel.goods_minor for parcel in self.parcels)

    @property
    def delivery_minor(self) -> int:
        return sum(parcel.delivery_minor for parcel in self.parcels)

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor

    @property
    def deposit_minor(self) -> int:
        """What of the total is paid at once, for a piece that is ordered with a deposit; 0: all of it."""
        lines = [(parcel, line) for parcel in self.parcels for line in parcel.lines]
        paid = [(line.total_minor - parcel.off(line)[0], line.deposit_percent) for parcel, line in lines]
        return deposits.deposit(paid, self.total_minor)

    @property
    def goods_vat(self) -> list[RateTotal]:
        """What VAT adds to the goods alone, while nobody knows where they go; nothing where it is in their prices."""
        found: dict[object, RateTotal] = {}
        for parcel in (parcel for parcel in self.parcels if parcel.is_net):
            for line, taxed, vat in zip(parcel.lines, parcel.taxed, parcel.vat()[1], strict=True):
                total = RateTotal(line.vat_rate, taxed + vat, taxed, vat)
                found[line.vat_rate] = total.plus(found.get(line.vat_rate))
        return sorted(found.values())

    @property
    def vat(self) -> list[RateTotal]:
        """Totals per rate over all parcels, the lowest rate first."""
        found: dict[object, RateTotal] = {}
        for total in (total for parcel in self.parcels for total in parcel.vat()[0]):
            found[total.rate] = total.plus(found.get(total.rate))
        return sorted(found.values())


def make(basket: Basket, quote: Quote | None, chosen: Mapping[str, str], joins: Joins = joining.NOTHING) -> Plan:
    """The plan for a basket that goes to the place of `quote`. chosen: producer id as text → method.

    joins: the parcels that are paid already and in which its goods may travel; how they go has been said then.
    """
    parcels = [_parcel(seller, lines, quote, chosen.get(str(seller.id))) for seller, lines in basket.groups]
    parcels = [_joined(parcel, joins.of(parcel.seller.id)) for parcel in parcels]
    return Plan(parcels, basket.min_age, joins=joins)


def _joined(parcel: Parcel, first: Joined | None) -> Parcel:
    if first is None:
        return parcel
    refusal = refusal_of(parcel.lines, parcel.quote, first)
    return replace(parcel, courier_refusal=refusal, can_pick_up=False, method=first.method, is_chosen=True, joins=first)


def discounted(plan: Plan, found: Discounts) -> Plan:
    """The same with what promotions take off and add."""
    parcels = [
        replace(
            parcel,
            lines=[*found.beside(parcel.lines), *(gift for gift in found.gifts if gift.seller.id == parcel.seller.id)],
            outcome=found.outcome,
        )
        for parcel in plan.parcels
    ]
    return Plan(parcels, plan.min_age, found, plan.joins)


@dataclass(frozen=True)
class Taxes:
    """How VAT is asked today. country: where it all is to go. is_net: it is added to the prices."""

    rates: Rates
    country: str
    today: date
    is_business: bool = False
    is_net: bool = False


def rated(plan: Plan, taxes: Taxes) -> Plan:
    """The same, last of all, with the rates of VAT that hold where each parcel is sold."""
    return replace(plan, parcels=[_rated(parcel, taxes) for parcel in plan.parcels])


def _rated(parcel: Parcel, taxes: Taxes) -> Parcel:
    where = destination(
        taxes.rates.home,
        taxes.country,
        has_oss=tax.has_oss(parcel.seller.legal, taxes.today),
        is_business=taxes.is_business,
        is_collected=parcel.method == PICKUP,
    )
    lines = [replace(line, vat_rate=taxes.rates.of(line.vat_rate, where, taxes.today)) for line in parcel.lines]
    return replace(parcel, lines=lines, is_net=taxes.is_net)


def _parcel(seller: Seller, lines: Sequence[BasketLine], quote: Quote | None, chosen: str | None) -> Parcel:
    refusal = refusal_of(lines, quote)
    method = PICKUP if seller.pickup and (chosen == PICKUP or (chosen is None and refusal)) else COURIER
    quote = quote.of(seller.id, weight_of(lines)) if quote else None
    return Parcel(seller, lines, quote, refusal, seller.pickup, method, chosen is not None)


def age_refusal(born: date | None, min_age: int, today: date) -> str | None:
    """Why somebody born on a day may not buy this, or None. Source: law.md L18."""
    if not min_age:
        return None
    if born is None:
        return _("Scrivi la tua data di nascita: nel carrello c’è dell’alcol")
    if age_on(born, today) < min_age:
        return _("L’alcol si vende solo a chi ha %(age)s anni: toglilo dal carrello per ordinare il resto", age=min_age)
    return None


def missing_step(draft: Checkout | None, plan: Plan, today: date) -> str | None:
    """The path of the first step that is not done (any more); None when everything is said."""
    if draft is None or not all((draft.email, draft.name, draft.phone, draft.street, draft.postal_code, draft.city)):
        return "/cassa"
    if draft.country == "IT" and not draft.province:
        return "/cassa"
    if any(parcel.problem or not parcel.is_chosen for parcel in plan.parcels):
        return "/cassa/consegna"
    return "/cassa/consegna" if age_refusal(draft.birth_date, plan.min_age, today) else None


def mark(draft: Checkout, plan: Plan) -> str:
    """A short mark of everything that is ordered, to whom and for how much: another order has another mark."""
    said = [
        [draft.email, draft.name, draft.phone, draft.country, draft.street, draft.postal_code, draft.city],
        [draft.province, draft.note, sorted(draft.invoice.items()), str(draft.birth_date)],
        [
            [parcel.seller.id, parcel.method, parcel.delivery_minor]
            + ([parcel.joins.number] if parcel.joins else [])
            + [
                [line.variant_id, line.quantity, line.price_minor, str(line.vat_rate), *parcel.off(line)]
                + ([line.by_weight.kg_price_minor, line.by_weight.tolerance] if line.by_weight else [])
                + ([f"deposit {line.deposit_percent} {line.making_days}"] if line.deposit_percent is not None else [])
                for line in parcel.lines
            ]
            for parcel in plan.parcels
        ],
        [[applied.promotion.id, applied.code] for applied in plan.discounts.outcome.applied],
        *([["net"]] if any(parcel.is_net for parcel in plan.parcels) else []),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
