"""What decides the order of products: the one place that listings, searches and the page /come-ordiniamo read.

Each order is a list of criteria. The first decides alone; the next only between equals: so each weighs more than all
that follow together. The law wants the main parameters and their relative weight told (law.md L32).
"""

from dataclasses import dataclass
from typing import Literal

Criterion = Literal["words", "kin", "season", "picture", "featured", "turn", "name"]


@dataclass(frozen=True)
class Orders:
    """listed: «I nostri consigli». searched: «Pertinenza». home: of the season. beside: next to a product.

    words: found in the beginning of the name, in the name, elsewhere. kin: same category, then same producer.
    season: now, all year, not now. picture: with one first. featured: by the shop. turn: day by day. name: A to Z.
    """

    listed: tuple[Criterion, ...] = ("season", "featured", "name")
    searched: tuple[Criterion, ...] = ("words", "season", "featured", "name")
    home: tuple[Criterion, ...] = ("season", "picture", "featured", "turn")
    beside: tuple[Criterion, ...] = ("kin", "season", "featured", "name")


ORDERS = Orders()
