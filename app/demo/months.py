"""What months of being open leave behind: prices of the past, offers that run, closures that come, searches.

Written with the verbs of the shop where there is one; the past is written into the log as it would stand there.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import popular
from app.catalog.models import PriceChange, Product, SearchCount, Variant
from app.kernel import clock, money
from app.kernel.tenancy import Person
from app.pricing import campaigns
from app.pricing.campaigns import SYSTEM, Draft
from app.producers import closures
from app.producers.closures import Closure
from app.producers.models import Producer, ProducerMember

ROME = ZoneInfo("Europe/Rome")
Line = Mapping[str, str]


async def live_through(
    db: AsyncSession, producers: Iterable[Line], offers: Iterable[Line], searches: Iterable[Line]
) -> None:
    """Within the transaction that fills a shop, after its products."""
    desks = dict((await db.execute(select(Producer.slug, Producer.id))).all())
    for line in producers:
        for closure in _holidays(line.get("closed_months") or "", clock.today("Europe/Rome")):
            await closures.close(db, SYSTEM, desks[line["slug"]], closure, clock.today("Europe/Rome"))
    for line in offers:
        await _offer(db, desks[line["producer"]], line)
    today = clock.today("Europe/Rome")
    for place, line in enumerate(searches):
        days = [today - timedelta(days=ago) for ago in range(popular.DAYS - 1 - place)]
        db.add_all(SearchCount(locale=line["locale"], query=line["query"], day=day, times=1) for day in days)
    await db.flush()
    await popular.choose(db)


def _holidays(months: str, today: date) -> list[Closure]:
    """The next time that each row of months comes, as holidays of at most half a year; one that is on has begun."""
    wanted = sorted(int(month) for month in months.split())
    if not wanted:
        return []
    first, last = wanted[0], wanted[-1]
    year = today.year if last >= today.month else today.year + 1
    end = (date(year, last, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return [Closure("holiday", date(year, first, 1), end, {})]


async def _offer(db: AsyncSession, producer_id: int, line: Line) -> None:
    """past: what the goods cost so many days ago, in percent of today's price, as days:percent."""
    now = clock.now()
    variants = list(await db.scalars(select(Variant).where(Variant.sku.in_(line["skus"].split())).order_by(Variant.id)))
    entries = [tuple(map(int, entry.split(":"))) for entry in line["past"].split()]
    for variant in variants:
        for days, percent in entries:
            price = money.divided(variant.price_minor * percent, 100)
            at = now - timedelta(days=days)
            db.add(PriceChange(variant_id=variant.id, price_minor=price, valid_from=at, reason="changed"))
        since = {"first_published_at": now - timedelta(days=entries[0][0])}
        await db.execute(update(Product).where(Product.id == variant.product_id).values(since))
    percent = 100 - int(line["percent"])
    prices = {variant.id: variant.price_minor * percent // 100 for variant in variants}
    ends = datetime.combine(clock.today("Europe/Rome") + timedelta(days=int(line["days"])), time(), ROME)
    draft = Draft(line["name"], line["kind"], now, ends, prices)
    await campaigns.make(db, await _owner(db, producer_id), producer_id, draft)


async def _owner(db: AsyncSession, producer_id: int) -> Person:
    owner = await db.scalar(select(ProducerMember.user_id).where(ProducerMember.producer_id == producer_id))
    return Person(owner, "", "", "producer", "it", 0, producer_id, "owner") if owner else SYSTEM
