"""Prices that are not in the window but that everybody pays: what promotions without a code make of each piece.

They stand above the catalogue; main joins the functions that know them. Whoever shows a price, or says what a price is
measured by, asks here (law.md L1 to L5).
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.reductions import Change


@dataclass(frozen=True)
class Piece:
    """A piece of a variant as it stands in the window, its price in minor units."""

    variant_id: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class EverybodysPrice:
    """What everybody pays for a piece, and what that is measured by.

    kind: as of reductions.Announcement; "" where the lowest price was not above it: then nothing is struck out.
    reference_minor: None where there is nothing to measure by: it has not been on sale for a day.
    """

    price_minor: int
    kind: str
    reference_minor: int | None
    days: int | None


@dataclass(frozen=True)
class Log:
    """Prices in the window before a moment, oldest first."""

    changes: Sequence[Change]
    until: datetime


@dataclass(frozen=True)
class Promotions:
    """running: what makes such prices now, () for nothing; cards that were drawn under another answer are drawn anew.
    prices: by variant, of those that have one. past: logs by variant, as they were really paid.
    """

    running: Callable[[AsyncSession], Awaitable[Hashable]]
    prices: Callable[[AsyncSession, Sequence[Piece]], Awaitable[Mapping[int, EverybodysPrice]]]
    past: Callable[[AsyncSession, Mapping[int, Log]], Awaitable[Mapping[int, Sequence[Change]]]]


_known: list[Promotions] = []


def prices_are_made_by(promotions: Promotions) -> None:
    """At start: who knows the promotions."""
    _known[:] = [promotions]


async def running(db: AsyncSession) -> Hashable:
    return await _known[0].running(db) if _known else ()


async def prices(db: AsyncSession, pieces: Sequence[Piece]) -> Mapping[int, EverybodysPrice]:
    """No statement, or one that is noted for all pages of the shop, while no such promotion runs."""
    return await _known[0].prices(db, pieces) if _known and pieces else {}


async def past(db: AsyncSession, logs: Mapping[int, Log]) -> Mapping[int, Sequence[Change]]:
    """One statement while there was no such promotion."""
    found = await _known[0].past(db, logs) if _known and logs else {}
    return {id_: found.get(id_, log.changes) for id_, log in logs.items()}
