"""Background work of wishes and alerts. Each job reads again how things are, and is safe to run twice."""

from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from app.engagement.watches import alerts, mails, pushes, wishes
from app.engagement.watches.queries import EVERYTHING, About, Due
from app.kernel.db import transaction
from app.system import mail
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

BATCH = 100
LETTERS = {"restock": mails.it_is_back, "price": mails.it_is_cheaper, "release": mails.it_is_out}


async def _tell(work: Work, kind: str, about: About = EVERYTHING) -> None:
    """Tell everybody whose time has come. A job that dies has told whole batches, and goes on from there."""
    told = BATCH
    while told == BATCH:
        async with work.session() as db, transaction(db):
            letter = partial(_write, db, work, kind)
            told = await alerts.tell_next(db, work.own_shop, kind, letter, most=BATCH, about=about)


async def _write(db: AsyncSession, work: Work, kind: str, due: Due) -> None:
    await LETTERS[kind](db, work.own_shop, work.settings, due)
    await pushes.tell(db, work.own_shop, due)


async def tell_restocked(work: Work, stock_item_id: int) -> None:
    for kind in ("restock", "release"):
        await _tell(work, kind, About(stock_item_id=stock_item_id))


async def tell_cheaper(work: Work, variant_id: int) -> None:
    await _tell(work, "price", About(variant_id=variant_id))


async def tell_of_promotion(work: Work) -> None:
    """A promotion that everybody has begins, or was changed: any price may be another."""
    await _tell(work, "price")


async def tell_released(work: Work, product_id: int) -> None:
    """A product goes on sale, for the first time or again."""
    for kind in ("release", "restock"):
        await _tell(work, kind, About(product_id=product_id))


async def look_at(work: Work, kind: str, variant_id: int) -> None:
    await _tell(work, kind, About(variant_id=variant_id))


async def look_around(work: Work) -> None:
    """What no change of stock or price tells: a product that is for sale again, with pieces on the shelf."""
    for kind in LETTERS:
        await _tell(work, kind)


async def drop_ended(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await wishes.drop_expired(db)
        await alerts.drop_ended(db)
        await mail.forget(db, ("alert.confirm", *(f"alert.{kind}" for kind in LETTERS)))


JOBS: dict[str, JobFunction] = {
    "engagement.restocked": tell_restocked,
    "engagement.price_changed": tell_cheaper,
    "engagement.promotion": tell_of_promotion,
    "engagement.released": tell_released,
    "engagement.look_at": look_at,
    "engagement.look_around": look_around,
    "engagement.drop_ended": drop_ended,
}
SCHEDULES: list[Schedule] = [
    Schedule("engagement.look_around", at=(9, 10)),
    Schedule("engagement.drop_ended", at=(3, 40)),
]
