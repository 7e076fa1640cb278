"""What a shop has decided about refunds: `features["refunds"]` of its row. What is missing or senseless is as here."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.kernel.tenancy import ShopFacts

NEVER, UNTIL_CONFIRMED, UNTIL_READY = "never", "confirmed", "ready"
CANCELLABLE = {NEVER: (), UNTIL_CONFIRMED: ("pending",), UNTIL_READY: ("pending", "confirmed")}
MOST_COST = Decimal(10)


@dataclass(frozen=True)
class Rules:
    """card_first: of card and credit, the card gets its money back first (it was used last).

    card_cost: percent of what goes back to a card that producers bear, since Stripe keeps its own; 0: the shop does.
    buyer_cancels: until when a buyer may cancel what is paid: never, until the producer confirms, until it is ready.
    producer_limit_minor: what a producer may give back of one order without the staff, in minor units.
    """

    card_first: bool = True
    card_cost: Decimal = Decimal(0)
    buyer_cancels: str = UNTIL_CONFIRMED
    producer_limit_minor: int = 10_000

    @property
    def buyer_states(self) -> tuple[str, ...]:
        """The states of an order in which its buyer may cancel it."""
        return CANCELLABLE[self.buyer_cancels]


def of(shop: ShopFacts) -> Rules:
    """The shop's own rules."""
    set_to = shop.features.get("refunds")
    known = set_to if isinstance(set_to, Mapping) else {}
    cancels, limit = known.get("buyer_cancels"), known.get("producer_limit_minor")
    return Rules(
        card_first=known.get("order") != "credit_first",
        card_cost=_percent(known.get("card_cost")),
        buyer_cancels=cancels if cancels in CANCELLABLE else Rules.buyer_cancels,
        producer_limit_minor=limit if isinstance(limit, int) and limit >= 0 else Rules.producer_limit_minor,
    )


def _percent(text: object) -> Decimal:
    try:
        rate = Decimal(text) if isinstance(text, str) else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return rate if rate.is_finite() and 0 <= rate <= MOST_COST else Decimal(0)
