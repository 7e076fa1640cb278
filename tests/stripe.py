"""Stripe for the tests: the sandbox, spoken to by the real SDK, without a port. Webhooks arrive when a test says so."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.integrations.stripe import StripeGateway
from app.sandbox.stripe import create_sandbox
from app.settings import Settings
from app.web.edge import Edge
from tests.cast import TestShop

ADDRESS = "http://stripe.test"


class Wire(httpx.AsyncBaseTransport):
    """To an ASGI application in this process, with the time-outs of a real wire."""

    def __init__(self, app: Any) -> None:
        self.inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(patience):
                return await self.inner.handle_async_request(request)
        except TimeoutError as over:
            raise httpx.ReadTimeout("nobody answered", request=request) from over
        except ConnectionResetError as cut:
            raise httpx.RemoteProtocolError("the line was cut", request=request) from cut


class Stripe:
    """What a test may do at Stripe."""

    def __init__(self, settings: Settings, app: Edge, folder: Path) -> None:
        self.settings, self.app = settings, app
        self.sandbox = create_sandbox(
            state=folder / "stripe.sqlite3",
            public_url=ADDRESS,
            webhook_url="http://any.test/webhooks/stripe",
            webhook_secret=settings.stripe.webhook_secret,
            transport=Wire(app),
        )
        self.gateway = StripeGateway(settings, Wire(self.sandbox))
        self._browser = httpx.AsyncClient(transport=Wire(self.sandbox), base_url=ADDRESS, timeout=None)
        self.use(self.gateway)

    def use(self, gateway: StripeGateway) -> None:
        """Have the application and its jobs speak through this gateway."""
        self.app.app.state.stripe = gateway  # type: ignore[attr-defined]
        runner = self.app.app.state.runner  # type: ignore[attr-defined]
        runner.tools = {**runner.tools, "stripe": gateway}

    @contextmanager
    def impatient(self) -> Iterator[StripeGateway]:
        """For a while, a gateway that waits one second and tries once."""
        gateway = StripeGateway(self.settings, Wire(self.sandbox), read_seconds=1.0, retries=0)
        self.use(gateway)
        try:
            yield gateway
        finally:
            self.use(self.gateway)

    async def control(self, button: str, /, **given: Any) -> Any:
        """Press a button of the control face."""
        answer = await self._browser.post(f"/_control/{button}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def look(self, path: str) -> Any:
        answer = await self._browser.get(f"/_control/{path}")
        return answer.json()

    async def get(self, path: str, **query: Any) -> Any:
        """Read from the API itself, e.g. transfers."""
        key = self.settings.stripe.secret_key
        answer = await self._browser.get(path, params=query, headers={"Authorization": f"Bearer {key}"})
        return answer.json()

    async def onboard(self, link: str, button: str) -> str:
        """Press complete, half or skip on the page that an account's link leads to; where the browser goes then."""
        assert (await self._browser.get(link)).status_code == 200
        answer = await self._browser.post(f"{link}/{button}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def browse(self, method: str, path: str, secret: str, **params: Any) -> Any:
        """What Stripe's script asks in a buyer's browser: with the publishable key, and the secret from the page."""
        sent = {"client_secret": secret, **params}
        how = {"params" if method == "GET" else "data": sent}
        key = self.settings.stripe.publishable_key
        answer = await self._browser.request(method, path, headers={"Authorization": f"Bearer {key}"}, **how)
        return answer.json()

    async def open_accounts(self, shop: TestShop) -> None:
        """The producers' connected accounts, as tests/cast.py names them."""
        for slug in shop.producers:
            await self.control("accounts", id=f"acct_test_{shop.id}_{slug}", transfers="active")

    async def pay(self, session_id: str, **how: Any) -> Any:
        return await self.control(f"sessions/{session_id}/pay", **how)

    async def deliver(self) -> list[int]:
        """Send the webhooks that wait; the statuses that came back."""
        sent = await self.control("deliver")
        return [delivery["status"] for delivery in sent["data"]]

    async def break_down(self, answer: str, path: str = "", *, count: int = 1, when: str = "before") -> None:
        """The next calls fail: answer is 500, 429, timeout or cut."""
        await self.control("faults", answer=answer, path=path, count=count, when=when)

    async def forget(self) -> None:
        """As on its first day: no objects, no money, its clock right; it is spoken to, and sends nothing by itself."""
        self.use(self.gateway)
        self.sandbox.state.reset()
        await self.control("settings", automatic=False)

    async def repair(self) -> None:
        await self.control("faults/clear")
        self.gateway.breaker.worked()

    async def close(self) -> None:
        await self.sandbox.stop()
        await self._browser.aclose()
