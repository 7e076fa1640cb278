"""Orders that do not come: days that pass, and what is looked at afterwards."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from app.commerce.orders.models import Order
from app.commerce.overdue import watching
from app.commerce.overdue.models import NewTerm
from app.commerce.refunds.models import Refund
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import TestShop

ROME = "Europe/Rome"


def in_days(days: int) -> date:
    return clock.today(ROME) + timedelta(days=days)


async def write(shop: TestShop, order_id: int, **columns: Any) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Order).where(Order.id == order_id).values(**columns))


async def be_late(shop: TestShop, order: Order, days: int = 2) -> None:
    """It was promised so many days ago."""
    await write(shop, order.id, promised_on=in_days(-days))


async def term_passes(shop: TestShop, order: Order) -> None:
    """The new term ended yesterday."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(NewTerm).where(NewTerm.order_id == order.id).values(until=in_days(-1)))


async def terms(shop: TestShop, order: Order) -> list[date]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(NewTerm.until).where(NewTerm.order_id == order.id).order_by(NewTerm.id)))


async def refunds(shop: TestShop) -> list[Refund]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Refund).order_by(Refund.id)))


async def morning(shop: TestShop, facts: Any, settings: Any) -> None:
    """What the clock brings, and the mail that goes out."""
    await watching.watch(shop.database, facts, settings)
    await shop.run_jobs()
