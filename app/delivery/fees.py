"""What a parcel to an address costs today. Product page, list, basket and checkout all ask here, so they say the same.

Where a producer has said how much he can do in a day, full days change the fee; the rules that say how stand above,
in a function that main joins.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.quotes import Quote, Span, quote
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Sender:
    """Who has stated what he can do in a day. weight_g: of his parcel. closed: when he sends nothing."""

    id: int
    weight_g: int
    closed: Sequence[Span] = ()


FullDays = Callable[[AsyncSession, ShopFacts, Quote, Collection[Sender]], Awaitable[Quote]]
_full_days: list[FullDays] = []


def full_days_cost(make: FullDays) -> None:
    """At start: who says what full days make of a fee."""
    _full_days[:] = [make]


async def today(
    db: AsyncSession, shop: ShopFacts, country: str, postal_code: str, senders: Collection[Sender]
) -> Quote | None:
    """The quote for an address with what these producers' deliveries cost now (`Quote.of`); None where no zone is."""
    found = await quote(db, country, postal_code)
    return await with_full_days(db, shop, found, senders) if found else None


async def with_full_days(db: AsyncSession, shop: ShopFacts, zone: Quote, senders: Collection[Sender]) -> Quote:
    """The same of a zone that is known. No statement without senders."""
    if not senders or not zone.is_served or not _full_days:
        return zone
    return await _full_days[0](db, shop, zone, senders)
