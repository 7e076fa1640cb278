"""What a line of any format comes to: one variant and its product, or what is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.catalog.by_weight import ByWeight

LONGEST_QUOTE = 60  # characters of a wrong cell that stand beside its mistake
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class RowError:
    """What is wrong in one cell. line: as an editor counts, the header is 1; column: "" for the line as a whole.

    cell: what stands there, as `quoted` gives it; None where it is not about one cell of the file.
    """

    line: int
    column: str
    sentence: str
    cell: str | None = None


def quoted(cell: str | None) -> str | None:
    """As much of a cell as is shown beside its mistake, on one line; "" for an empty one."""
    if cell is None:
        return None
    told = _UNSHOWN.sub("\ufffd", " ".join(cell[:1000].split()))
    return told if len(told) <= LONGEST_QUOTE else f"{told[: LONGEST_QUOTE - 1].rstrip()}…"


@dataclass(frozen=True)
class Picture:
    """A picture as the file names it: an address, a file of the ZIP, or one that the shop has."""

    source: str
    alt: str = ""


@dataclass(frozen=True)
class Row:
    """One variant and its product, as the file says. Texts are locale → text; prices minor units of EUR.

    by_weight: how it is sold by its real weight; None at a fixed price.
    given: our columns that the file has; what it has no column for stays as it is. is_ours: the file is of our own
    format; otherwise the slug is only a wish. columns: our column → the file's. written: our column → its cell.
    """

    line: int
    sku: str
    slug: str
    producer: str
    category: str
    name: dict[str, str]
    description: dict[str, str]
    format: dict[str, str]
    designation: str | None
    net_amount: int
    net_unit: str
    drained_amount: int | None
    weight_g: int
    price_minor: int
    vat_rate: str
    by_weight: ByWeight | None
    food: dict[str, Any]
    safety: dict[str, Any]
    product_class: str | None
    packaging: list[dict[str, str]]
    certifications: list[str]
    tags: list[str]  # slugs
    seo: dict[str, dict[str, str]]
    season_mask: int
    pictures: tuple[Picture, ...]
    stock: int
    low_at: int | None  # None: the shop's default
    is_featured: bool
    is_published: bool
    given: frozenset[str]
    is_ours: bool
    columns: dict[str, str]
    written: Mapping[str, str]

    @property
    def product_facts(self) -> tuple[Any, ...]:
        """What all rows of one product must agree on."""
        return (self.producer, self.category, self.name, self.description, self.designation, self.food, self.safety)

    def wrong(self, column: str, sentence: str) -> RowError:
        return RowError(self.line, self.columns.get(column, column), sentence, quoted(self.written.get(column)))
