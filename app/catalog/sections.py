"""Pieces of a product's and of a producer's page, and bands of the home page, that higher contexts fill.

A piece is the same for everybody who reads that language: the page is kept. What is a person's own is asked for apart.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.views import Sheet
from app.kernel.tenancy import ShopFacts

Band = Callable[[AsyncSession, ShopFacts], Awaitable[str]]
Place = Literal["rating", "price_reason", "beside_buying", "recommended", "reviews"]
Fill = Callable[[AsyncSession, ShopFacts, Sheet], Awaitable[str]]
MakerPlace = Literal["rating", "pace", "reviews"]
MakerFill = Callable[[AsyncSession, ShopFacts, int], Awaitable[str]]
_fills: dict[Place, Fill] = {}
_of_makers: dict[MakerPlace, MakerFill] = {}
_at_home: list[Band] = []


def fill(place: Place, with_this: Fill) -> None:
    """At start: who fills a place. rating: below the name; price_reason, beside_buying: below those; else bands."""
    _fills[place] = with_this


async def filled(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> dict[Place, Markup]:
    """The pieces of one product page, in the reader's language. A place that nobody fills is empty."""
    pieces: dict[Place, Markup] = dict.fromkeys(get_args(Place), Markup())
    for place, make in _fills.items():
        pieces[place] = Markup(await make(db, shop, sheet))  # noqa: S704  (our templates)
    return pieces


def fill_maker(place: MakerPlace, with_this: MakerFill) -> None:
    """At start: who fills a place of a producer's page, from the producer's id.

    rating: below the name; pace: where it says when he sends.
    """
    _of_makers[place] = with_this


async def filled_of_maker(db: AsyncSession, shop: ShopFacts, producer_id: int) -> dict[MakerPlace, Markup]:
    """The pieces of one producer's page, in the reader's language. A place that nobody fills is empty."""
    pieces: dict[MakerPlace, Markup] = dict.fromkeys(get_args(MakerPlace), Markup())
    for place, make in _of_makers.items():
        pieces[place] = Markup(await make(db, shop, producer_id))  # noqa: S704  (our templates)
    return pieces


def at_home(band: Band) -> None:
    """At start: a band of the home page, below the season. "" shows nothing."""
    if band not in _at_home:
        _at_home.append(band)


async def bands_at_home(db: AsyncSession, shop: ShopFacts) -> list[Markup]:
    return [Markup(await band(db, shop)) for band in _at_home]  # noqa: S704  (our templates)
