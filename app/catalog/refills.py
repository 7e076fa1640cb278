"""A producer plans refills, and the clock does them: once per stock item and day. Within a transaction.

What is promised to open payments stays promised. What is left from before expires, or is carried over, as the plan
says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import refill_plan, stock
from app.catalog.models import Product, RefillException, RefillPlan, RefillRun, StockItem, Variant
from app.catalog.refill_plan import Refill, Week
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit

MOST_EXCEPTIONS = 60
MOST_LATE = 7  # refills that a stopped clock catches up with, of one item at once
_record = audit.recorder("stock_item")


@dataclass(frozen=True)
class Wanted:
    """A weekly plan as a producer wants it: as refill_plan.Week. unsold: expire | carry."""

    weekdays: tuple[int, ...]
    pieces: int
    hour: int
    unsold: str


async def save(db: AsyncSession, person: Person, producer_id: int, sku: str, wanted: Wanted, time_zone: str) -> None:
    """The plan from now on. Raises NotFound for another's product, Refused without weekdays."""
    item = await _own(db, producer_id, sku)
    if not wanted.weekdays:
        raise Refused(_("Scegli almeno un giorno."), "weekdays")
    plan = await db.scalar(
        select(RefillPlan).where(RefillPlan.stock_item_id == item.id).with_for_update(key_share=True)
    )
    before = _told(plan) if plan else {}
    if plan is None:
        plan = RefillPlan(stock_item_id=item.id, weekdays=[], pieces=0, hour=0, unsold="", made_at=clock.now())
        db.add(plan)
    plan.weekdays, plan.pieces = sorted(set(wanted.weekdays)), wanted.pieces
    plan.hour, plan.unsold = wanted.hour, wanted.unsold
    _record(db, person, "refill.plan", item.id, before, _told(plan))
    await _look_ahead(db, item, plan, clock.now(), time_zone)


async def stop(db: AsyncSession, person: Person, producer_id: int, sku: str) -> bool:
    """No more refills; what is on the shelf stays. False if there was no plan. Raises NotFound for another's."""
    item = await _own(db, producer_id, sku)
    plan = await db.scalar(
        select(RefillPlan).where(RefillPlan.stock_item_id == item.id).with_for_update(key_share=True)
    )
    if plan is None:
        return False
    _record(db, person, "refill.stop", item.id, _told(plan), {})
    await db.delete(plan)
    await db.execute(delete(RefillException).where(RefillException.stock_item_id == item.id))
    await stock.expect(db, item.id, None)
    return True


async def change_day(  # noqa: PLR0917  (who, whose, which, when, how many, where)
    db: AsyncSession, person: Person, producer_id: int, sku: str, day: date, pieces: int | None, time_zone: str
) -> None:
    """Other pieces on one day, 0 for none; None: as every week. Raises NotFound, and Refused for a day that is over."""
    item = await _own(db, producer_id, sku)
    plan = await db.scalar(
        select(RefillPlan).where(RefillPlan.stock_item_id == item.id).with_for_update(key_share=True)
    )
    if plan is None:
        raise NotFound
    today = clock.today(time_zone)
    there = await _exceptions(db, item.id, today)
    if day < today or (pieces is not None and await _was_done(db, item.id, day)):
        raise Refused(_("Quel giorno è già passato, o già rifornito."), "day")
    if len(there) >= MOST_EXCEPTIONS and day not in there:
        raise Refused(_("Puoi avere al massimo %(most)s giorni diversi.", most=MOST_EXCEPTIONS), "day")
    of_day = (RefillException.stock_item_id == item.id, RefillException.day == day)
    await db.execute(delete(RefillException).where(*of_day).execution_options(synchronize_session=False))
    if pieces is not None:
        db.add(RefillException(stock_item_id=item.id, day=day, pieces=pieces))
    _record(db, person, "refill.day", item.id, {"pieces": there.get(day)}, {"day": day.isoformat(), "pieces": pieces})
    await db.flush()  # the next refill is read from rows
    await _look_ahead(db, item, plan, clock.now(), time_zone)


async def due(db: AsyncSession) -> list[int]:
    """Stock items whose refill has come, by id."""
    late = select(StockItem.id).where(StockItem.refills_at <= clock.now())
    return list(await db.scalars(late.order_by(StockItem.id)))


async def run(db: AsyncSession, item_id: int, time_zone: str) -> int:
    """Do what is due for an item, each day once; how many. A second time does nothing."""
    item = await db.scalar(
        select(StockItem)
        .where(StockItem.id == item_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    plan = await db.scalar(select(RefillPlan).where(RefillPlan.stock_item_id == item_id))
    if item is None or item.refills_at is None:
        return 0
    if plan is None:
        await stock.expect(db, item_id, None)
        return 0
    week, moment, done = await _week(db, plan, item.refills_at, time_zone), item.refills_at, 0
    coming: Refill | None = refill_plan.following(week, _just_before(moment), time_zone)
    while coming is not None and coming.at <= clock.now() and done < MOST_LATE:
        if not await _was_done(db, item_id, coming.day):
            expire = plan.unsold == refill_plan.EXPIRE
            lost = await stock.refill(db, item_id, coming.pieces, expire=expire, reference=coming.day.isoformat())
            db.add(
                RefillRun(stock_item_id=item_id, day=coming.day, pieces=coming.pieces, expired=lost, at=clock.now())
            )  # fmt: skip
            await db.flush()  # its unique row is the proof that this day is done
            done += 1
        coming = refill_plan.following(week, coming.at, time_zone)
    await stock.expect(db, item_id, coming.at if coming else None)
    return done


def _just_before(moment: datetime) -> datetime:
    return moment - datetime.resolution


async def _look_ahead(db: AsyncSession, item: StockItem, plan: RefillPlan, after: datetime, time_zone: str) -> None:
    """Keep when the item comes back; a day that is done is not done again."""
    week = await _week(db, plan, after, time_zone)
    coming = refill_plan.following(week, after, time_zone)
    while coming is not None and await _was_done(db, item.id, coming.day):
        coming = refill_plan.following(week, coming.at, time_zone)
    await stock.expect(db, item.id, coming.at if coming else None)


async def _week(db: AsyncSession, plan: RefillPlan, since: datetime, time_zone: str) -> Week:
    exceptions = await _exceptions(db, plan.stock_item_id, since.astimezone(ZoneInfo(time_zone)).date())
    return Week(plan.weekdays, plan.pieces, plan.hour, exceptions)


async def _exceptions(db: AsyncSession, item_id: int, since: date) -> Mapping[date, int]:
    rows = await db.execute(
        select(RefillException.day, RefillException.pieces).where(
            RefillException.stock_item_id == item_id, RefillException.day >= since
        )
    )
    return dict(rows.all())


async def _was_done(db: AsyncSession, item_id: int, day: date) -> bool:
    done = select(RefillRun.id).where(RefillRun.stock_item_id == item_id, RefillRun.day == day)
    return await db.scalar(done) is not None


async def _own(db: AsyncSession, producer_id: int, sku: str) -> StockItem:
    found = await db.scalar(
        select(StockItem)
        .join(Variant, Variant.stock_item_id == StockItem.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.sku == sku, Variant.retired_at.is_(None))
        .where(Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .with_for_update(of=StockItem, key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def _told(plan: RefillPlan) -> dict[str, object]:
    return {"weekdays": list(plan.weekdays), "pieces": plan.pieces, "hour": plan.hour, "unsold": plan.unsold}
