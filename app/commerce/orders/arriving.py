"""Parcels of which nobody says that they have come: their producer is asked, and in the end it is presumed.

How long that takes is the shop's to say (shops/rules.py), in whole days after it left, or stood ready to be fetched.

A presumed arrival ends what waits for one (points, reviews, the desk's list), is called that wherever it is told, and
does not make the time for withdrawing shorter (withdrawals/rules.py).
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import arrival_mails, fulfilment, queries
from app.commerce.orders.mails import Office
from app.commerce.orders.states import SYSTEM
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import ShopFacts
from app.shops import rules

log = structlog.get_logger()


@dataclass(frozen=True)
class Patience:
    """Days. ask_after: until its producer is asked; presume_after, fetched_after: until it has come, was fetched."""

    ask_after: int
    presume_after: int
    fetched_after: int


def patience(shop: ShopFacts) -> Patience:
    """The shop's own."""
    return Patience(rules.ASK_AFTER.of(shop), rules.PRESUME_AFTER.of(shop), rules.FETCHED_AFTER.of(shop))


async def ask(db: AsyncSession, office: Office) -> None:
    """Write to each producer whose parcels have been away for some days, once about each. Within a transaction."""
    before = clock.now() - timedelta(days=patience(office.shop).ask_after)
    waiting = [parcel for parcel in await queries.away(db, before, before) if parcel.order.asked_about_at is None]
    by_producer: dict[int, list[queries.Away]] = {}
    for parcel in waiting:
        parcel.order.asked_about_at = clock.now()
        if parcel.order.joins_order_id is None:  # what travels in the same box is not asked about by itself
            by_producer.setdefault(parcel.order.producer_id, []).append(parcel)
    for producer_id, parcels in by_producer.items():
        await arrival_mails.ask_producer(db, office, producer_id, parcels, patience(office.shop).presume_after)


async def presume(database: Database, shop: ShopFacts) -> None:
    """Have all that left long ago arrive, each in a transaction of its own; whoever is quicker is right."""
    given, now = patience(shop), clock.now()
    sent_before, ready_before = (now - timedelta(days=days) for days in (given.presume_after, given.fetched_after))
    async with database.session(shop.id) as db:
        ids = [parcel.order.id for parcel in await queries.away(db, sent_before, ready_before)]
    for order_id in ids:
        try:
            async with database.session(shop.id) as db, transaction(db):
                await fulfilment.arrive(db, await queries.order_of(db, order_id), SYSTEM, "system", presumed=True)
        except Conflict:
            log.info("orders.arrived_meanwhile", order=order_id)
