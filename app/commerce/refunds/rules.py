"""What a shop has decided about refunds, as its admins set it (shops/rules.py)."""

from dataclasses import dataclass
from decimal import Decimal

from app.kernel.tenancy import ShopFacts
from app.shops import rules as shop_rules

NEVER, UNTIL_CONFIRMED, UNTIL_READY = "never", "confirmed", "ready"
CANCELLABLE = {NEVER: (), UNTIL_CONFIRMED: ("pending",), UNTIL_READY: ("pending", "confirmed")}


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
    return Rules(
        card_first=shop_rules.REFUND_ORDER.of(shop) == "card_first",
        card_cost=shop_rules.CARD_COST.of(shop),
        buyer_cancels=shop_rules.BUYER_CANCELS.of(shop),
        producer_limit_minor=shop_rules.PRODUCER_LIMIT.of(shop),
    )
