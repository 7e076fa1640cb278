"""Goods that are sold by their real weight: what a piece costs, about and at most. Pure.

Source of the rules, with examples: docs/algorithms/catch-weight.md. Amounts are minor units, weights grams.
"""

from dataclasses import dataclass

from app.kernel.money import divided, unit_price

MOST_TOLERANCE = 30  # percent
FAR = 2  # times heavier or lighter than was said: probably a slip of the finger


@dataclass(frozen=True, slots=True)
class ByWeight:
    """kg_price_minor: of a kilogram, VAT included. estimated_g: of one piece, > 0. tolerance: percent, up and down."""

    kg_price_minor: int
    estimated_g: int
    tolerance: int

    @property
    def estimate_minor(self) -> int:
        """What a piece costs if it weighs as much as was said."""
        return divided(self.kg_price_minor * self.estimated_g, 1000)

    @property
    def most_minor(self) -> int:
        """What a piece costs at most, however much it weighs: the price at the upper limit."""
        return divided(self.kg_price_minor * self.estimated_g * (100 + self.tolerance), 100_000)

    @property
    def least_g(self) -> int:
        """The least weight, in whole grams, that is within the tolerance."""
        return -(-self.estimated_g * (100 - self.tolerance) // 100)

    @property
    def most_g(self) -> int:
        return self.estimated_g * (100 + self.tolerance) // 100

    def price_of(self, grams: int) -> int:
        """What a piece of that weight costs: never more than `most_minor`."""
        return min(divided(self.kg_price_minor * grams, 1000), self.most_minor)

    def is_light(self, grams: int) -> bool:
        return grams < self.least_g

    def is_heavy(self, grams: int) -> bool:
        return grams > self.most_g

    def is_far(self, grams: int) -> bool:
        """Whether somebody should look again: kilograms typed for grams, or a digit too many."""
        return grams * FAR < self.estimated_g or grams > self.estimated_g * FAR


def of(price_minor: int, amount: int, unit: str, kg_price_minor: int | None, tolerance: int | None) -> ByWeight | None:
    """The terms of a variant; None for one at a fixed price. The columns are those of catalog.models.Variant.

    A price that something else than the producer's hand has made (a campaign, a rule) has its own price per kilogram.
    """
    if tolerance is None or unit != "g" or amount <= 0:
        return None
    typed = ByWeight(kg_price_minor or 0, amount, tolerance)
    if kg_price_minor is not None and typed.estimate_minor == price_minor:
        return typed
    return ByWeight(unit_price(price_minor, amount, "g")[0], amount, tolerance)
