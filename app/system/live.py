"""Tell open pages: a row in the deed's transaction, a hint once it is committed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.db import Database, after_commit
from app.system.models import LiveEvent
from app.web.live import Broker, Hint, Replay
from app.web.visit import Visit

KEPT_HOURS = 24
_brokers: list[Broker] = []
_tasks: set[asyncio.Task[None]] = set()


def use_broker(broker: Broker) -> None:
    """Publish through this broker from now on (one per process)."""
    _brokers[:] = [broker]


async def tell(db: AsyncSession, channel: str, name: str, **data: Any) -> None:
    """Record an event for the pages that listen on `channel`; they hear it once the transaction is committed.

    name: the DOM event, e.g. "order-arrived". data: small and impersonal; pages fetch what they may see.
    """
    event = LiveEvent(channel=channel, name=name, data=data, at=clock.now())
    db.add(event)
    full = f"{db.info['shop_id']}:{channel}"
    after_commit(db, lambda: _publish(full, Hint(event.id, name, data)))  # by then the row has its id


def _publish(channel: str, hint: Hint) -> None:
    for broker in _brokers:
        task = asyncio.ensure_future(broker.publish(channel, hint))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


def replay(database: Database, shop_id: int, channel: str) -> Replay:
    """What a reconnecting page missed on a channel."""

    async def since(last_id: int) -> list[Hint]:
        async with database.session(shop_id) as db:
            rows = await db.scalars(
                select(LiveEvent)
                .where(LiveEvent.channel == channel, LiveEvent.id > last_id)
                .order_by(LiveEvent.id)
                .limit(100)
            )
            return [Hint(row.id, row.name, row.data) for row in rows]

    return since


async def newest(db: AsyncSession, channel: str) -> int:
    """The id of a channel's last event; a page that is rendered now has seen that far."""
    return await db.scalar(select(func.max(LiveEvent.id)).where(LiveEvent.channel == channel)) or 0


def listen(visit: Visit, broker: Broker, channel: str) -> AsyncIterator[bytes]:
    """The bytes of a page's stream: what came since Last-Event-ID, or since the page was rendered (`?visto=`)."""
    seen = visit.headers.get("last-event-id") or dict(parse_qsl(visit.query_string)).get("visto", "")
    last_seen = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else None
    return broker.listen(f"{visit.shop.id}:{channel}", last_seen, replay(visit.database, visit.shop.id, channel))


async def forget_old(db: AsyncSession, before_hours: int = KEPT_HOURS) -> None:
    """Drop events that no reconnecting page will ask for any more. Within a transaction."""

    await db.execute(delete(LiveEvent).where(LiveEvent.at < clock.now() - timedelta(hours=before_hours)))
