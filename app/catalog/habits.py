"""What a producer's own page says beside its goods: what it may call them, when it sends, when it is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.views import Maker
from app.delivery import days, departures
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers import closures, queries
from app.producers.closures import Told
from app.producers.queries import Certified

DEPARTURES = 4


@dataclass(frozen=True, slots=True)
class Habits:
    """is_open: sends today or would. closed: every period that is not over, soonest first. leaves: the next days."""

    is_open: bool
    closed: Sequence[Told]
    leaves: Sequence[date]
    certified: Sequence[Certified]


async def of_maker(db: AsyncSession, shop: ShopFacts, producer_id: int, maker: Maker) -> Habits:
    """In two statements."""
    today = clock.today(shop.time_zone)
    timetable = await days.timetable(db)
    spans = [closure.span for closure in maker.closed]
    return Habits(
        is_open=not any(first <= today <= last for first, last in spans),
        closed=closures.told(maker.closed, today, ahead=closures.FURTHEST),
        leaves=departures.coming(clock.now(), shop.time_zone, timetable.weekdays, spans, DEPARTURES),
        certified=await queries.certified(db, producer_id, today),
    )
