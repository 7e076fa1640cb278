"""What a parcel costs by its weight. Examples: docs/algorithms/delivery.md."""

from collections.abc import Sequence
from dataclasses import dataclass

KILOGRAM = 1000  # grams


@dataclass(frozen=True)
class Tariff:
    """The prices of one zone: minor units per producer's parcel, VAT included. Weights: grams.

    fee_minor: of the lightest parcels. heavier: (above how many grams, fee), rising in both. most_g: where the last
    band ends; None: nowhere. per_kg_minor: of each kilogram begun above that; None: nothing heavier is delivered.
    """

    fee_minor: int
    heavier: Sequence[Sequence[int]] = ()
    most_g: int | None = None
    per_kg_minor: int | None = None

    def fee(self, weight_g: int) -> int | None:
        """What a parcel of this weight costs; None: it is too heavy to be delivered."""
        fee = next((fee for over, fee in reversed(self.heavier) if weight_g > over), self.fee_minor)
        if self.most_g is None or weight_g <= self.most_g:
            return fee
        if self.per_kg_minor is None:
            return None
        return fee + -(-(weight_g - self.most_g) // KILOGRAM) * self.per_kg_minor

    @property
    def bands(self) -> list[tuple[int | None, int]]:
        """(up to how many grams, fee), the lightest first; None: any weight above the one before."""
        ends = [over for over, _fee in self.heavier] + [self.most_g]
        return list(zip(ends, [self.fee_minor, *(fee for _over, fee in self.heavier)], strict=True))

    @classmethod
    def of_bands(cls, bands: Sequence[tuple[int | None, int]], per_kg_minor: int | None = None) -> "Tariff":
        """The same, from at least one band. per_kg_minor means nothing where the last band has no end."""
        ends, fees = [end for end, _fee in bands], [fee for _end, fee in bands]
        heavier = [[end, fee] for end, fee in zip(ends[:-1], fees[1:], strict=True) if end is not None]
        return cls(fees[0], heavier, ends[-1], per_kg_minor if ends[-1] is not None else None)
