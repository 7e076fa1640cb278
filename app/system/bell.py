"""The bell between processes: arq carries "there is work" from whoever committed it to the workers.

arq only rings; the outbox row is the record, and workers look by themselves every second. So this one file is all
that knows arq (it is in maintenance mode: it can be changed here), a lost wake-up costs a second, and Redis away costs
no work.
"""

import asyncio
from contextlib import suppress
from typing import Any, cast

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from redis.exceptions import RedisError

from app.kernel.outbox import on_ring
from app.system.runner import Runner

log = structlog.get_logger()
QUEUE = "tavola:wake-ups"
AT_ONCE = 4


def redis_settings(url: str) -> RedisSettings:
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 0
    settings.conn_timeout = 2
    return settings


class Bell:
    """In a process that adds work: tells the workers after each commit. Rings that come together are one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool: ArqRedis | None = None
        self._pending: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._off = on_ring(self._ring)

    async def stop(self) -> None:
        self._off()
        if self._pending:
            await asyncio.gather(self._pending, return_exceptions=True)
        if self._pool:
            await self._pool.aclose(close_connection_pool=True)

    def _ring(self) -> None:
        if self._pending is None or self._pending.done():
            self._pending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        try:
            if self._pool is None:
                self._pool = await create_pool(redis_settings(self.url), default_queue_name=QUEUE)
            await self._pool.enqueue_job("look")
        except (RedisError, OSError):
            log.warning("bell.redis_unreachable")  # the workers' own look finds the row


async def hear(url: str, runner: Runner) -> None:
    """Look into the outbox whenever a bell rings, until cancelled. Raises RedisError or OSError when Redis goes."""

    async def look(_: dict[Any, Any], *__: Any, **___: Any) -> None:
        while await runner.run_due():
            pass

    pool = await create_pool(redis_settings(url), default_queue_name=QUEUE)
    worker = Worker(
        functions=[func(cast(Any, look), name="look")],
        redis_pool=pool,
        queue_name=QUEUE,
        handle_signals=False,
        keep_result=0,
        max_jobs=AT_ONCE,
        max_tries=1,
        poll_delay=0.1,
    )
    try:
        await worker.async_run()
    finally:
        running = list(worker.tasks.values())
        await asyncio.gather(*running, return_exceptions=True)  # the present jobs finish
        with suppress(RedisError, OSError):
            await pool.aclose(close_connection_pool=True)
