"""Background work of wishes and alerts. Each job reads again how things are, and is safe to run twice."""

from functools import partial

from app.engagement.watches import alerts, mails, wishes
from app.kernel.db import transaction
from app.system import mail
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

BATCH = 100
LETTERS = {"restock": mails.it_is_back, "price": mails.it_is_cheaper}


async def _tell(work: Work, kind: str, **about: int) -> None:
    """Tell everybody whose time has come. A job that dies has told whole batches, and goes on from there."""
    told = BATCH
    while told == BATCH:
        async with work.session() as db, transaction(db):
            letter = partial(LETTERS[kind], db, work.own_shop, work.settings)
            told = await alerts.tell_next(db, kind, letter, most=BATCH, **about)


async def tell_restocked(work: Work, stock_item_id: int) -> None:
    await _tell(work, "restock", stock_item_id=stock_item_id)


async def tell_cheaper(work: Work, variant_id: int) -> None:
    await _tell(work, "price", variant_id=variant_id)


async def look_at(work: Work, kind: str, variant_id: int) -> None:
    await _tell(work, kind, variant_id=variant_id)


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
    "engagement.look_at": look_at,
    "engagement.look_around": look_around,
    "engagement.drop_ended": drop_ended,
}
SCHEDULES: list[Schedule] = [
    Schedule("engagement.look_around", at=(9, 10)),
    Schedule("engagement.drop_ended", at=(3, 40)),
]
