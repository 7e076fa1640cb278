"""The ASGI application: Stripe's API, the pages, the control face."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.sandbox.stripe import control, pages
from app.sandbox.stripe.api import Answered, Api, Asked, Face
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import State
from app.sandbox.stripe.webhooks import Courier

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
LARGEST_BODY = 2_000_000
LARGEST_UPLOAD = 17_000_000  # docs.stripe.com/file-upload: 16 MB for what may be largest
POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"


class Sandbox:
    """A stand-in for Stripe. Runs mounted under a prefix or alone; `start` and `stop` are for whoever mounts it.

    The background delivery starts with the lifespan, with `start`, or at the first request, whichever is first.
    """

    def __init__(
        self, state: Path, public_url: str, face: Face, prefix: str, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self.state = State(state)
        self.public_url = public_url.rstrip("/")
        self.prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        self.api = Api(self.state, face)
        self.courier = Courier(self.api, transport)

    async def start(self) -> None:
        """Take up the deliveries that a former process left."""
        self.courier.ring()

    async def stop(self) -> None:
        await self.courier.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = await self._asked(scope, receive)
        if asked is None:
            await _send(send, 413, b"too large", {})
        elif asked.path == "/pay.css":
            await _send(
                send, 200, pages.STYLE, {"content-type": "text/css; charset=utf-8", "cache-control": "max-age=300"}
            )
        elif asked.path == "/stripe.js":
            await _send(send, 200, pages.SCRIPT, {"content-type": "text/javascript; charset=utf-8"})
        elif asked.path.startswith(("/v1/", "/v2/")):
            await self._api(asked, send)
        elif not _same_host(asked):
            # A page elsewhere must not press our buttons; Stripe's API itself is not for browsers and has keys.
            await _send(send, 403, b"cross-site request refused", {})
        elif asked.path.startswith("/_control/"):
            await self._control(asked, send)
        else:
            await self._page(asked, send)
        # The answer is out and committed; whatever it queued goes on its way.
        self.courier.ring()

    async def _asked(self, scope: Scope, receive: Receive) -> Asked | None:
        """Method, path without the prefix, headers, body; None if the body is too large."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        if self.prefix and (path == self.prefix or path.startswith(self.prefix + "/")):
            path = path[len(self.prefix) :]
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > (LARGEST_UPLOAD if path == "/v1/files" else LARGEST_BODY):
                return None
            if not message.get("more_body"):
                break
        base = self.public_url or f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}{self.prefix}"
        return Asked(scope["method"], path, scope.get("query_string", b"").decode("latin-1"), headers, body, base)

    async def _api(self, asked: Asked, send: Send) -> None:
        opened = await asyncio.to_thread(self.api.open, asked)
        if not isinstance(opened, Answered):
            if opened.fault and opened.fault["answer"] == "delay" and opened.fault["at"] == "before":
                await asyncio.sleep(opened.fault["delay_ms"] / 1000)
            answered = await asyncio.to_thread(self.api.work, asked, opened)
            if opened.fault and opened.fault["answer"] == "delay" and opened.fault["at"] == "after":
                answered.delay = opened.fault["delay_ms"] / 1000
        else:
            answered = opened
        if answered.delay:
            self.courier.ring()
            await asyncio.sleep(answered.delay)
        if answered.fault:
            await _cut(send)
            return
        headers = {"content-type": "application/json", "stripe-version": "2026-10-28.endive"} | answered.headers
        await _send(send, answered.status, json.dumps(answered.body, indent=2).encode(), headers)

    def _in_transaction(self, asked: Asked, work: Callable[[Call], Any]) -> Any:
        """Run `work` on a Call; a Refuse that keeps what it wrote is committed, others are rolled back."""
        kept: Refuse | None = None
        made: Any = None
        with self.state.transaction() as store:
            try:
                made = work(self.api.call(store, asked.base_url))
            except Refuse as no:
                if not no.keeps:
                    raise
                kept = no
        if kept is not None:
            raise kept
        return made

    async def _control(self, asked: Asked, send: Send) -> None:
        name = asked.path.removeprefix("/_control/")
        status = 200
        made: Any
        try:
            if (asked.method, name) == ("POST", "reset"):
                await asyncio.to_thread(self.state.reset)
                made = {}
            elif (asked.method, name) == ("POST", "deliver"):
                made = {"data": await self.courier.deliver_all()}
            else:
                made = await asyncio.to_thread(
                    self._in_transaction, asked, lambda call: control.answer(call, asked.method, name, asked.body)
                )
        except Refuse as no:
            status, made = no.status, no.body()
        await _send(send, status, json.dumps(made, indent=2).encode(), {"content-type": "application/json"})

    async def _page(self, asked: Asked, send: Send) -> None:
        accepted = asked.headers.get("accept-language", "")
        method = "GET" if asked.method == "HEAD" else asked.method
        shown = await asyncio.to_thread(
            self._in_transaction, asked, lambda call: pages.show(call, method, asked.path, accepted)
        )
        # form-action names the shop too: browsers apply it to the redirect that follows the form.
        forms = " ".join(["'self'", *dict.fromkeys(shown.leads_to)])
        headers = {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
            "content-security-policy": f"{POLICY}; form-action {forms}",
        }
        if shown.location:
            headers["location"] = shown.location
        await _send(send, shown.status, shown.html.encode(), headers)


def _same_host(asked: Asked) -> bool:
    """True unless the browser says that a write comes from another host."""
    origin = asked.headers.get("origin")
    return asked.method in ("GET", "HEAD") or origin is None or urlsplit(origin).netloc == asked.headers.get("host")


async def _send(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


async def _cut(send: Send) -> None:
    """Promise more than is sent, and fail: servers can then only close the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionResetError("cut by /_control/faults")


def create_sandbox(
    *,
    state: Path,
    public_url: str,
    webhook_url: str,
    webhook_secret: str,
    prefix: str = "",
    transport: httpx.AsyncBaseTransport | None = None,
) -> Sandbox:
    """The stand-in as an ASGI application.

    state: its SQLite file. public_url: where browsers and the SDK reach it, prefix included; "" takes the Host header.
    webhook_url, webhook_secret: the first, built-in endpoint ("" for none); its host is replaced by that of the
    Session's success_url, because each shop of a process has its own. prefix: stripped from scope["path"].
    transport: how webhooks travel, for tests that run in one process.
    """
    return Sandbox(state, public_url, Face(webhook_url, webhook_secret), prefix, transport)
