"""When it comes, on ready cards: a card keeps a mark of what its day depends on, a page puts the day in its place."""

import re
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery import days, remembered
from app.delivery.days import Parcel
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers import closures
from app.web import visit as visits

_MARK = re.compile(r"<!--day (\d+) (\d+) (\d)(\d)(\d)-->")


def mark(parcel: Parcel) -> Markup:
    """For the template of a card."""
    return Markup("<!--day {} {} {:d}{:d}{:d}-->").format(*parcel)


async def put_in(db: AsyncSession, shop: ShopFacts, ready: Sequence[Markup]) -> list[Markup]:
    """The same cards with their days, for where the visitor is. At most one statement, none while it is noted."""
    if not ready:
        return []
    visit, now = visits.current(), clock.now()
    timetable = await days.timetable(db)
    place = timetable.place(remembered.known(visit), shop.country)
    ends: list[datetime] = []

    def day(found: re.Match[str]) -> str:
        producer, weight, fresh, alcohol, waits = map(int, found.groups())
        said, until = timetable.day(shop, place, Parcel(producer, weight, *map(bool, (fresh, alcohol, waits))), now)
        if until is not None:
            ends.append(until)
        return f'<p class="card__day">{escape(said)}</p>' if said else ""

    shown = [Markup(_MARK.sub(day, card)) for card in ready]  # noqa: S704  (our templates)
    visits.depends(closures.TAG, place=place, until=min(ends, default=None))
    return shown
