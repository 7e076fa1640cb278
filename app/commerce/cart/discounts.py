"""Promotions on a basket: what the engine is asked, and what it found, with gifts as lines of the basket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart import queries
from app.commerce.cart.basket import Basket, BasketLine
from app.commerce.promotions import announcing, engine, offers
from app.commerce.promotions.announcing import CodePrice, Discounted
from app.commerce.promotions.engine import NOTHING, Offer, Outcome, Verdict
from app.commerce.promotions.offers import Asked
from app.commerce.promotions.sale import Buyer, Item, Sale
from app.delivery.quotes import Quote
from app.kernel import clock
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Discounts:
    """gifts: lines whose id is that of the gift's key in the outcome. code: as typed, whatever became of it.

    code_prices: by line, where what everybody may have, with a code or without, makes its price.
    """

    outcome: Outcome = NOTHING
    gifts: Sequence[BasketLine] = ()
    buyer: Buyer = field(default_factory=Buyer)
    code: str | None = None
    code_prices: Mapping[int, CodePrice] = field(default_factory=dict)

    def beside(self, lines: Sequence[BasketLine]) -> list[BasketLine]:
        """The lines with what must be said beside their prices."""
        return [replace(line, code_price=self.code_prices.get(line.id)) for line in lines]

    @property
    def of_code(self) -> Verdict | None:
        """What became of the code; None without one, or when there is no such code."""
        return next((verdict for verdict in self.outcome.verdicts if verdict.offer.code), None)


async def find(
    db: AsyncSession,
    shop: ShopFacts,
    basket: Basket,
    delivery: Mapping[int, int] | None,
    *,
    zone: Quote | None = None,
    user_id: int | None,
    email: str = "",
) -> Discounts:
    """What applies now. delivery: by producer, before discounts; None while nobody knows where it goes (zone: neither).

    One statement, a second when there are gifts, three more where something for everybody makes prices.
    """
    if not basket.lines:
        return Discounts(code=basket.code)
    asked = Asked(user_id, email, basket.code, basket.cart_id, [seller.id for seller, _lines in basket.groups])
    found, buyer = await offers.of(db, shop, asked)
    sale = Sale([_item(line) for line in basket.lines], delivery, buyer)
    outcome = engine.judge(found, sale, clock.now())
    gifts = await queries.gifts(db, _wanted(outcome), basket)
    if barred := {-gift.id for gift in gifts if not _may_go_along(gift, basket, zone)}:
        found = [_without_gift(offer) if offer.promotion.id in barred else offer for offer in found]
        outcome = engine.judge(found, sale, clock.now())
        gifts = await queries.gifts(db, _wanted(outcome), basket)
    code_prices = await announcing.code_prices(db, outcome, [_discounted(line) for line in basket.lines])
    return Discounts(outcome, gifts, buyer, basket.code, code_prices)


def _wanted(outcome: Outcome) -> dict[int, list[tuple[int, int]]]:
    """The gifts: variant id → (key of the line, pieces)."""
    wanted: dict[int, list[tuple[int, int]]] = {}
    for applied in outcome.applied:
        if applied.gift:
            wanted.setdefault(applied.gift.variant_id, []).append((-applied.promotion.id, applied.gift.quantity))
    return wanted


def _may_go_along(gift: BasketLine, basket: Basket, zone: Quote | None) -> bool:
    """A gift must not keep an order from being sent, nor ask for an age that its goods do not ask for."""
    refused = zone.refusal(fresh=gift.is_fresh, alcohol=gift.min_age > 0, weight_g=0) if zone else None
    return refused is None and gift.min_age <= basket.min_age


def _without_gift(offer: Offer) -> Offer:
    return replace(offer, gift=replace(offer.gift, may_go_along=False)) if offer.gift else offer


def _discounted(line: BasketLine) -> Discounted:
    return Discounted(_item(line), line.variant_id, line.window_minor, bool(line.food.get("omnibus_perishable")))


def _item(line: BasketLine) -> Item:
    return Item(
        line.id,
        line.product_id,
        line.category_id,
        line.seller.id,
        line.stock_item_id,
        line.quantity,
        line.price_minor,
        line.vat_rate,
    )
