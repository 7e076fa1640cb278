"""Pieces of the product page, and bands of the home page, that higher contexts fill: reviews, wishes, recommendations.

A piece is the same for everybody who reads that language: the page is kept. What is a person's own is asked for apart.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.views import Sheet
from app.kernel.tenancy import ShopFacts

Band = Callable[[AsyncSession, ShopFacts], Awaitable[str]]
Place = Literal["rating", "beside_buying", "recommended", "reviews"]
Fill = Callable[[AsyncSession, ShopFacts, Sheet], Awaitable[str]]
_fills: dict[Place, Fill] = {}
_at_home: list[Band] = []


def fill(place: Place, with_this: Fill) -> None:
    """At start: who fills a place. rating: below the name; beside_buying: below the form; the others are bands."""
    _fills[place] = with_this


async def filled(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> dict[Place, Markup]:
    """The pieces of one product page, in the reader's language. A place that nobody fills is empty."""
    pieces: dict[Place, Markup] = dict.fromkeys(get_args(Place), Markup())
    for place, make in _fills.items():
        pieces[place] = Markup(await make(db, shop, sheet))  # noqa: S704  (our templates)
    return pieces


def at_home(band: Band) -> None:
    """At start: a band of the home page, below the season. "" shows nothing."""
    if band not in _at_home:
        _at_home.append(band)


async def bands_at_home(db: AsyncSession, shop: ShopFacts) -> list[Markup]:
    return [Markup(await band(db, shop)) for band in _at_home]  # noqa: S704  (our templates)
