"""What the templates of recommendations are given: plain values in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Band:
    """Cards under a heading, with a sentence why. key: the id of the heading. part: of /come-ordiniamo, by its id.

    more: where it goes on, (url without language prefix, text).
    """

    key: str
    title: str
    why: str
    cards: Sequence[Markup]
    part: str
    more: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Like a band, with a sentence for each card."""

    key: str
    title: str
    why: str
    entries: Sequence[tuple[Markup, str]]


@dataclass(frozen=True)
class ForYou:
    """The page /per-te. state: guest, new (nothing known yet), known or refused."""

    state: str
    bands: Sequence[Reasoned]
    days: int
