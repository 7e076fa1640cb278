"""Sending what is queued: signed anew at each attempt, retried with back-off, resumed after a restart."""

import asyncio
import contextlib
import ipaddress
import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from stripe import WebhookSignature

from app.sandbox.stripe.api import Api
from app.sandbox.stripe.state import State

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
BACK_OFF = (1, 5, 30, 120)  # seconds; GUESS: docs.stripe.com/webhooks says three attempts over hours in a sandbox
CLAIMED_SECONDS = 60  # a delivery whose process died is taken up again after this
PATIENCE = 20.0
REST = 1.0


class Courier:
    """Delivers the rows of `deliveries`. `automatic: false` in the settings leaves it to /_control/deliver."""

    def __init__(self, api: Api, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.api = api
        self.state: State = api.state
        self.transport = transport
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self) -> None:
        """There may be something to deliver. Starts the background task at the first ring of an event loop."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._loop is not loop:
            self._loop, self._wake = loop, asyncio.Event()
            self._task = loop.create_task(self._run())
        self._wake.set()

    async def stop(self) -> None:
        if self._task is not None and self._loop is asyncio.get_running_loop():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._task = None

    async def _run(self) -> None:
        async with self._client() as client:
            while True:
                self._wake.clear()
                try:
                    if await asyncio.to_thread(self._tick):
                        while (row := await asyncio.to_thread(self._claim, time.time(), set())) is not None:
                            await self._send(client, row)
                except Exception:
                    log.exception("the courier of the Stripe stand-in stumbled")
                with contextlib.suppress(TimeoutError):
                    # not wait_for: in 3.11 it swallows a cancellation that comes together with the result
                    async with asyncio.timeout(REST):
                        await self._wake.wait()

    def _tick(self) -> bool:
        """Let time pass; true if deliveries are sent in the background."""
        with self.state.transaction() as store:
            self.api.call(store, "")
            return bool(store.setting("automatic", True))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, timeout=PATIENCE, trust_env=False)

    async def deliver_all(self) -> list[dict[str, Any]]:
        """Attempt everything pending once, also what is backing off; what arises meanwhile too. Returns the answers."""
        tried: set[int] = set()
        answers = []
        async with self._client() as client:
            while (row := await asyncio.to_thread(self._claim, float("inf"), tried)) is not None:
                tried.add(row["seq"])
                answers.append(await self._send(client, row))
        return answers

    def _claim(self, until: float, but: set[int]) -> dict[str, Any] | None:
        with self.state.transaction() as store:
            skip = ",".join(map(str, but)) or "0"
            ready = "(status = 'pending' AND next_at <= ?) OR (status = 'sending' AND next_at <= ?)"
            sql = f"SELECT * FROM deliveries WHERE ({ready}) AND seq NOT IN ({skip}) ORDER BY place LIMIT 1"  # noqa: S608
            rows = store.rows(sql, until, time.time())
            if not rows:
                return None
            row = rows[0]
            store.db.execute(
                "UPDATE deliveries SET status = 'sending', next_at = ?, attempts = attempts + 1 WHERE seq = ?",
                (time.time() + CLAIMED_SECONDS, row["seq"]),
            )
            row["body"] = json.dumps(store.get("event", row["event"]), indent=2)
            return row

    async def _send(self, client: httpx.AsyncClient, row: dict[str, Any]) -> dict[str, Any]:
        # Real time, whatever the stand-in's clock says: the SDK compares with the real one.
        signature = WebhookSignature.generate_signature_header(row["body"], row["secret"], int(time.time()))
        url, headers, extensions = reachable(row["url"])
        headers |= {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": signature,
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks; stand-in)",
        }
        status, error = None, ""
        try:
            answer = await client.post(url, content=row["body"].encode(), headers=headers, extensions=extensions)
            status = answer.status_code
        except (httpx.HTTPError, OSError) as failed:
            error = f"{type(failed).__name__}: {failed}"
        return await asyncio.to_thread(self._note, row, status, error)

    def _note(self, row: dict[str, Any], status: int | None, error: str) -> dict[str, Any]:
        attempt = row["attempts"] + 1
        # docs.stripe.com/webhooks: anything but 2xx is a failure, a redirect too
        arrived = status is not None and 200 <= status < 300
        state = "delivered" if arrived else "failed" if attempt >= MOST_ATTEMPTS else "pending"
        wait = BACK_OFF[min(attempt, len(BACK_OFF)) - 1]
        with self.state.transaction() as store:
            store.db.execute(
                "UPDATE deliveries SET status = ?, answer = ?, error = ?, next_at = ? WHERE seq = ?",
                (state, status, error, time.time() + wait, row["seq"]),
            )
        return {
            "delivery": row["seq"],
            "event": row["event"],
            "type": row["type"],
            "url": row["url"],
            "attempt": attempt,
            "status": status,
            "error": error,
            "state": state,
        }


def reachable(url: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """(address, headers, httpx extensions): *.localhost is this machine (RFC 6761), which not every resolver knows."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    if not name.endswith(".localhost"):
        return url, {}, {}
    home = str(ipaddress.IPv4Address(0x7F000001))
    netloc = f"{home}:{parts.port}" if parts.port else home
    return urlunsplit((parts.scheme, netloc, *parts[2:])), {"host": parts.netloc}, {"sni_hostname": name}
