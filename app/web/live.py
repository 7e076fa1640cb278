"""Live pages over Server-Sent Events.

The broker only carries hints (at most once); the truth is the table `live_events`, from which a reconnecting page is
given what it missed. With Redis every process hears every hint; without it, this process does.
"""

import asyncio
import json
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from litestar.response import Stream
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.web import metrics

log = structlog.get_logger()
HEARTBEAT_SECONDS = 15
QUEUE_SIZE = 100


def connect(url: str) -> Redis:
    """A Redis client that gives up quickly: whatever needs it can do without."""
    client: Redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, health_check_interval=15)
    return client


@dataclass(frozen=True)
class Hint:
    """id: of the live event, for Last-Event-ID; name: the DOM event; data: small and impersonal."""

    id: int
    name: str
    data: dict[str, Any]

    def encode(self) -> bytes:
        return f"id: {self.id}\nevent: {self.name}\ndata: {json.dumps(self.data, separators=(',', ':'))}\n\n".encode()


Replay = Callable[[int], Awaitable[list[Hint]]]


class Broker:
    """Hands hints to the open streams of this process, and through Redis to those of others."""

    def __init__(self, redis: Redis | None = None) -> None:
        self.redis = redis
        # Redis knows no databases in its messages: the number keeps shops apart that share a server.
        number = redis.connection_pool.connection_kwargs.get("db") or 0 if redis else 0
        self._prefix = f"live:{number}:"
        self._streams: dict[str, set[asyncio.Queue[Hint]]] = defaultdict(set)
        self._stopping = asyncio.Event()
        self._ears: dict[str, Callable[[int, Hint], None]] = {}

    def hear(self, channel: str, ear: Callable[[int, Hint], None]) -> None:
        """Call `ear` with (shop id, hint) of every hint on a channel, whichever the shop."""
        self._ears[channel] = ear

    async def publish(self, channel: str, hint: Hint) -> None:
        """Tell whoever listens. When Redis is down, this process hears it at least."""
        if self.redis is not None:
            message = json.dumps({"id": hint.id, "name": hint.name, "data": hint.data})
            try:
                await self.redis.publish(f"{self._prefix}{channel}", message)
            except (RedisError, OSError):
                log.warning("live.redis_unreachable")
            else:
                return
        self._hand_over(channel, hint)

    def _hand_over(self, channel: str, hint: Hint) -> None:
        shop_id, _, name = channel.partition(":")
        if (ear := self._ears.get(name)) is not None and shop_id.isdigit():
            ear(int(shop_id), hint)
        for queue in self._streams.get(channel, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(hint)

    async def pump(self) -> None:
        """Carry Redis's messages to our streams, for as long as the process lives; comes back after Redis does."""
        assert self.redis is not None  # noqa: S101  (started only with Redis)
        delay = 0.2
        while True:
            try:
                async with self.redis.pubsub() as subscription:
                    await subscription.psubscribe(f"{self._prefix}*")
                    delay = 0.2
                    while True:
                        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if message:
                            hint = Hint(**json.loads(message["data"]))
                            self._hand_over(message["channel"].decode().removeprefix(self._prefix), hint)
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(delay * (1 + random.random()))  # noqa: S311
                delay = min(delay * 2, 10)

    async def listen(self, channel: str, last_seen: int | None, replay: Replay) -> AsyncIterator[bytes]:
        """A stream's bytes: what was missed, then what comes, with a heartbeat so that proxies keep it open."""
        queue: asyncio.Queue[Hint] = asyncio.Queue(QUEUE_SIZE)
        self._streams[channel].add(queue)
        metrics.open_streams.inc()
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            yield b"retry: 3000\n\n"
            told: set[int] = set()  # by the replay; ids may be published out of order, so a lower one can be new
            for hint in await replay(last_seen) if last_seen is not None else []:
                told.add(hint.id)
                yield hint.encode()
            while not self._stopping.is_set():
                item = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({item, stop}, timeout=HEARTBEAT_SECONDS, return_when="FIRST_COMPLETED")
                if item not in done:
                    item.cancel()
                    yield b": still here\n\n"
                elif item.result().id not in told:
                    yield item.result().encode()
        finally:
            stop.cancel()
            metrics.open_streams.dec()
            self._streams[channel].discard(queue)
            if not self._streams[channel]:
                del self._streams[channel]

    def stop(self) -> None:
        """End every stream, so that the server need not wait for them."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """Servers wait for open streams before the shutdown hook runs; hear the signal ourselves."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)

            def heard(sig: int, frame: Any, before: Any = before) -> None:
                loop.call_soon_threadsafe(self.stop)
                if callable(before):
                    before(sig, frame)

            with suppress(ValueError):  # not in the main thread: a test's server
                signal.signal(number, heard)


def stream(body: AsyncIterator[bytes]) -> Stream:
    """The response of a live route."""
    return Stream(
        body,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
