"""Is everything that we need there? Each part says ok or what is wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import clock
from app.kernel.db import Database
from app.system import runner

PATIENCE_SECONDS = 2


async def report(database: Database, redis: Redis | None) -> tuple[bool, dict[str, object]]:
    """(all necessary parts are well, the parts). Redis away degrades live pages and limits, not the shop."""
    parts: dict[str, object] = {"time": clock.now().isoformat()}
    well = True
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), database.session(None) as db:
            await db.execute(text("select 1"))
            parts["database"] = "ok"
            waiting = await runner.counts(db)
            parts["jobs"] = {"waiting": waiting.get("queued", 0), "dead": waiting.get("dead", 0)}
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        parts["database"] = type(error).__name__
        well = False
    if redis is not None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await redis.ping()
            parts["redis"] = "ok"
        except (RedisError, OSError, TimeoutError) as error:
            parts["redis"] = type(error).__name__
    parts["status"] = ("ok" if parts.get("redis", "ok") == "ok" else "degraded") if well else "failed"
    return well, parts


def application(
    database: Database, redis: Redis | None, release: str, *, has_push: bool
) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """GET /health as ASGI, before anything else: whoever asks (a balancer, by address) need not name a shop."""

    async def answer(_: Any, __: Any, send: Any) -> None:
        well, parts = await report(database, redis)
        parts["push"] = "ok" if has_push else "off: VAPID_PRIVATE_KEY is not set"
        body = json.dumps({"status": parts.pop("status"), "release": release, **parts}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200 if well else 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
