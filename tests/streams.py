"""Read a live stream as a browser does: event by event, for as long as it is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from app.web.live import Hint
from tests.cast import TestShop


@asynccontextmanager
async def streaming(shop: TestShop, path: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Open a stream of a shop; gives a function that waits for the next piece of it."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(b"host", shop.host.encode())],
        "client": ("127.0.0.1", 1),
        "server": (shop.host, 80),
    }

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # the browser stays
        return {"type": "http.disconnect"}

    stream = asyncio.create_task(shop.app(scope, receive, sent.put))

    async def piece() -> str:
        while True:
            message = await asyncio.wait_for(sent.get(), 30)
            if message["type"] == "http.response.body" and message.get("body"):
                return bytes(message["body"]).decode()

    try:
        yield piece
    finally:
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)


def from_elsewhere(shop: TestShop, channel: str, name: str) -> None:
    """Another process published something, and its hint has reached this one."""
    broker = shop.app.app.state.broker  # type: ignore[attr-defined]
    broker._hand_over(f"{shop.id}:{channel}", Hint(10**9, name, {}))
