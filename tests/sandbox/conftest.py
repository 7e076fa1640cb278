"""A stand-in of one's own for each test, the real SDK in front of it, and a shop behind it that takes webhooks."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from app.sandbox.stripe import Sandbox, create_sandbox
from app.sandbox.stripe.description import complaints_about

HOST = "http://stripe.test"
PREFIX = "/_stripe"
SECRET = "whsec_test"


@dataclass
class Shop:
    """Where webhooks arrive. answers: statuses to give, 200 once they are used up."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((headers["host"] + scope["path"], headers, message.get("body", b"")))
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Stage:
    """The stand-in, the SDK's client, the browser, the control face and the shop."""

    sandbox: Sandbox
    client: stripe.StripeClient
    http: httpx.AsyncClient
    shop: Shop

    async def control(self, path: str, /, **body: Any) -> Any:
        answer = await self.http.post(f"{PREFIX}/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def seen(self, path: str) -> Any:
        return (await self.http.get(f"{PREFIX}/_control/{path}")).json()

    async def events(self) -> list[str]:
        return [event["type"] for event in (await self.seen("events"))["data"]]

    async def session(self, **more: Any) -> Any:
        return await self.client.v1.checkout.sessions.create_async(checkout(**more))

    async def charge(self, amount: int = 10_000, method: str = "pm_card_visa", **more: Any) -> Any:
        return await self.client.v1.payment_intents.create_async(
            {"amount": amount, "currency": "eur", "confirm": True, "payment_method": method, **more}
        )

    async def producer(self, id: str = "acct_demo_bruno", transfers: str = "active") -> str:
        await self.control(
            "accounts", id=id, email="bruno@example.com", display_name="Frantoio Bruno", transfers=transfers
        )
        return id


def checkout(**more: Any) -> Any:
    """The parameters of an ordinary Session: two lines, 25.00 EUR."""
    return {
        "mode": "payment",
        "success_url": "http://uliveto.test/ok?s={CHECKOUT_SESSION_ID}",
        "locale": "it",
        "cancel_url": "http://uliveto.test/carrello",
        "client_reference_id": "order-1",
        "metadata": {"order": "1"},
        "line_items": [
            {
                "quantity": 2,
                "price_data": {"currency": "eur", "unit_amount": 1_000, "product_data": {"name": "Olio nuovo"}},
            },
            {
                "quantity": 1,
                "price_data": {"currency": "eur", "unit_amount": 500, "product_data": {"name": "Spedizione"}},
            },
        ],
        "payment_intent_data": {"metadata": {"order": "1"}},
        "expires_at": int(time.time()) + 31 * 60,
        **more,
    }


def client_of(app: Any, key: str = "sk_test_x") -> tuple[stripe.StripeClient, httpx.AsyncClient]:
    """The real SDK, whose requests reach the application without a socket."""
    wire = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOST)
    http = stripe.HTTPXClient()
    http._client_async = wire
    return stripe.StripeClient(key, base_addresses={"api": HOST + PREFIX}, http_client=http), wire


def new_sandbox(state: Path, shop: Shop) -> Sandbox:
    return create_sandbox(
        state=state,
        public_url=HOST + PREFIX,
        webhook_url="http://main.test/webhooks/stripe",
        webhook_secret=SECRET,
        prefix=PREFIX,
        transport=httpx.ASGITransport(app=shop),
    )


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Background delivery is off. At the end the ledger balances and every object has Stripe's shape."""
    shop = Shop()
    sandbox = new_sandbox(tmp_path / "stripe.sqlite3", shop)
    client, http = client_of(sandbox)
    stage = Stage(sandbox, client, http, shop)
    await stage.control("settings", automatic=False)
    yield stage
    await stage.control("faults/clear")
    state = await stage.seen("state")
    events = (await stage.seen("events"))["data"]
    await sandbox.stop()
    assert set(state["sums"].values()) <= {0}
    assert state["strays"] == []
    wrong = {complaint for event in events for complaint in complaints_about(event["data"]["object"])}
    assert wrong == set()
