"""Dropping kept pages (web/kept_pages.py) when what they show has changed, in every process.

The record is a live event of the deed's own transaction. This process drops at the commit, the others hear it through
Redis; `Healer` reads the record every few seconds, for messages that were lost and for processes without Redis.
"""

import asyncio
import weakref
from collections import OrderedDict
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.db import Database, after_commit
from app.system import live
from app.system.models import LiveEvent
from app.web.kept_pages import KeptPages
from app.web.live import Broker, Hint

log = structlog.get_logger()
CHANNEL = "pages"
EVERYTHING = "*"
SECONDS = 3
LOOK_BACK = timedelta(seconds=60)  # a transaction may commit this long after it wrote its event
MOST_TAGS = 50
_keepers: weakref.WeakSet[KeptPages] = weakref.WeakSet()  # one per application of this process


def use(kept: KeptPages, broker: Broker) -> None:
    """From now on, drops reach this process's pages."""
    _keepers.add(kept)
    broker.hear(CHANNEL, lambda shop_id, hint: kept.drop(shop_id, _tags(hint.data)))


async def drop(db: AsyncSession, *tags: str) -> None:
    """Pages that show any of these are out of date once this transaction is committed. Many tags mean all pages."""
    named = list(tags) if len(tags) <= MOST_TAGS else [EVERYTHING]
    shop_id: int = db.info["shop_id"]
    after_commit(db, lambda: _drop_here(shop_id, named))
    await live.tell(db, CHANNEL, "drop", tags=named)


def _drop_here(shop_id: int, tags: list[str]) -> None:
    for kept in list(_keepers):
        kept.drop(shop_id, tags)


def _tags(data: dict[str, Any]) -> list[str]:
    found = data.get("tags")
    return [str(tag) for tag in found] if isinstance(found, list) else [EVERYTHING]


class Healer:
    """Reads the record of drops again and again, as long as pages are kept."""

    def __init__(self, database: Database, kept: KeptPages) -> None:
        self.database = database
        self.kept = kept
        self._done: OrderedDict[int, None] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            try:
                for shop_id in self.kept.shops():
                    await self.heal(shop_id)
            except (SQLAlchemyError, OSError) as error:  # the database is away: nothing is known to be fresh
                log.warning("pages.not_healed", error=type(error).__name__)
                self.kept.clear()

    async def heal(self, shop_id: int) -> None:
        """Do the drops of a shop's record that have not been done by this healer."""
        since = clock.now() - LOOK_BACK
        async with self.database.session(shop_id, reads_alone=True) as db:
            events = select(LiveEvent).where(LiveEvent.channel == CHANNEL, LiveEvent.at >= since)
            rows = (await db.scalars(events.order_by(LiveEvent.id.desc()).limit(500))).all()
        for row in rows:
            if row.id not in self._done:
                self._done[row.id] = None
                self.kept.drop(shop_id, _tags(Hint(row.id, row.name, row.data).data))
        while len(self._done) > 5000:
            self._done.popitem(last=False)
