"""What a checkout comes to: a parcel per producer, how it travels, what it costs. Computed anew at every step."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.commerce.cart.basket import Basket, BasketLine, Seller
from app.commerce.cart.views import refusal_of
from app.commerce.checkout.models import Checkout
from app.delivery.quotes import Quote
from app.identity.addresses import age_on
from app.kernel.i18n import gettext as _
from app.kernel.money import RateTotal, delivery_by_rate, vat_by_rate

COURIER, PICKUP = "courier", "pickup"


@dataclass(frozen=True)
class Parcel:
    """One producer's part. quote: of the address, None where no zone reaches. is_chosen: the shopper has said how.

    courier_refusal: why the courier cannot bring it, or None.
    """

    seller: Seller
    lines: Sequence[BasketLine]
    quote: Quote | None
    courier_refusal: str | None
    can_pick_up: bool
    method: str
    is_chosen: bool

    @property
    def goods_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)

    @property
    def courier_minor(self) -> int:
        return self.quote.fee(self.goods_minor) if self.quote else 0

    @property
    def delivery_minor(self) -> int:
        return 0 if self.method == PICKUP else self.courier_minor

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor

    @property
    def problem(self) -> str | None:
        """Why it cannot travel as chosen, or None."""
        return self.courier_refusal if self.method == COURIER else None

    def vat(self) -> tuple[list[RateTotal], list[int]]:
        """Totals per rate, delivery among them, and the VAT of each line. Source: docs/algorithms/vat.md."""
        goods = [(line.total_minor, line.vat_rate) for line in self.lines]
        by_rate = {rate: sum(gross for gross, r in goods if r == rate) for _gross, rate in goods}
        delivery = [(part, rate) for rate, part in delivery_by_rate(self.delivery_minor, by_rate).items()]
        totals, shares = vat_by_rate([*goods, *delivery])
        return totals, shares[: len(goods)]


@dataclass(frozen=True)
class Plan:
    """The parcels of a checkout. min_age: years that the shopper must be; 0 for anybody."""

    parcels: Sequence[Parcel]
    min_age: int

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
    def vat(self) -> list[RateTotal]:
        """Totals per rate over all parcels, the lowest rate first."""
        found: dict[object, RateTotal] = {}
        for total in (total for parcel in self.parcels for total in parcel.vat()[0]):
            old = found.get(total.rate, RateTotal(total.rate, 0, 0, 0))
            found[total.rate] = RateTotal(total.rate, old.gross + total.gross, old.net + total.net, old.vat + total.vat)
        return sorted(found.values())


def make(basket: Basket, quote: Quote | None, country: str, chosen: Mapping[str, str]) -> Plan:
    """The plan for a basket that goes to the place of `quote`. chosen: producer id as text → method."""
    parcels = [_parcel(seller, lines, quote, country, chosen.get(str(seller.id))) for seller, lines in basket.groups]
    return Plan(parcels, basket.min_age)


def _parcel(
    seller: Seller, lines: Sequence[BasketLine], quote: Quote | None, country: str, chosen: str | None
) -> Parcel:
    refusal = refusal_of(lines, quote)
    can_pick_up = seller.pickup and country == "IT"
    method = PICKUP if can_pick_up and (chosen == PICKUP or (chosen is None and refusal)) else COURIER
    return Parcel(seller, lines, quote, refusal, can_pick_up, method, chosen is not None)


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
            + [[line.variant_id, line.quantity, line.price_minor, str(line.vat_rate)] for line in parcel.lines]
            for parcel in plan.parcels
        ],
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
