"""What a file of another shop does not say, as a person chose it; kept as JSON in ImportBatch.choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_NAMES = 200  # vendors and categories of one file


@dataclass(frozen=True)
class Asked:
    """What a file names that somebody has to match with the shop's, in the order of the file."""

    vendors: Sequence[str] = ()
    categories: Sequence[str] = ()

    @property
    def has_too_many(self) -> bool:
        return len(self.vendors) > MOST_NAMES or len(self.categories) > MOST_NAMES


@dataclass(frozen=True)
class Terms:
    """producer: the slug of the only one whose goods these are, None where the file may name any.

    vendors: the file's name → slug of a producer. categories: the file's → slug of ours. rates: the file's category →
    VAT in percent.
    """

    producer: str | None = None
    vendors: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, choices: Mapping[str, Any], producer: str | None) -> "Terms":
        return cls(
            producer, choices.get("vendors", {}), choices.get("categories", {}), choices.get("rates", {})
        )  # fmt: skip

    def producer_of(self, vendor: str) -> str:
        """ "" while nobody has said."""
        return self.producer or self.vendors.get(vendor, "")

    def answers(self, asked: Asked) -> bool:
        """Has everything been said that the file leaves open?"""
        return (
            all(self.producer_of(vendor) for vendor in asked.vendors)
            and all(self.categories.get(name) for name in asked.categories)
            and all(self.rates.get(name) for name in asked.categories)
        )
