"""Deliveries: signed, retried, held, doubled, shuffled, dropped, resumed; other endpoints; the background task."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from app.sandbox.stripe.call import at_origin
from app.sandbox.stripe.webhooks import MOST_ATTEMPTS, reachable
from tests.sandbox.conftest import SECRET, Shop, Stage, client_of, new_sandbox


def types(shop: Shop) -> list[str]:
    return [json.loads(body)["type"] for _, _, body in shop.got]


async def test_a_delivery_is_signed_and_a_wrong_secret_is_noticed(stage: Stage) -> None:
    await stage.charge()
    await stage.control("deliver")
    _, headers, body = stage.shop.got[0]

    event = stage.client.construct_event(body, headers["stripe-signature"], SECRET)
    assert event.data.object.object == "payment_intent"
    with pytest.raises(stripe.SignatureVerificationError):
        stage.client.construct_event(body, headers["stripe-signature"], "whsec_other")


async def test_the_signature_is_of_real_time_although_the_clock_was_set(stage: Stage) -> None:
    await stage.control("clock", advance=10 * 86_400)
    await stage.charge()
    await stage.control("deliver")
    _, headers, body = stage.shop.got[0]

    assert stage.client.construct_event(body, headers["stripe-signature"], SECRET)


async def test_a_failed_delivery_is_tried_again_with_the_same_event(stage: Stage) -> None:
    await stage.client.v1.payment_intents.create_async({"amount": 1_000, "currency": "eur"})
    stage.shop.answers = [500, 302]

    rounds = [(await stage.control("deliver"))["data"] for _ in range(3)]

    assert [[a["status"] for a in each] for each in rounds] == [[500], [302], [200]]
    assert len({json.loads(body)["id"] for _, _, body in stage.shop.got}) == 1
    assert (await stage.control("deliver"))["data"] == []


async def test_it_gives_up_in_the_end(stage: Stage) -> None:
    await stage.client.v1.payment_intents.create_async({"amount": 1_000, "currency": "eur"})
    stage.shop.answers = [500] * 9

    for _ in range(MOST_ATTEMPTS + 1):
        await stage.control("deliver")

    assert len(stage.shop.got) == MOST_ATTEMPTS
    assert (await stage.seen("state"))["deliveries"] == {"failed": 1}


async def test_deliveries_are_held_and_released_in_another_order(stage: Stage) -> None:
    await stage.control("webhooks/hold")
    await stage.charge()
    assert (await stage.control("deliver"))["data"] == []

    await stage.control("webhooks/release", order="reversed")
    await stage.control("deliver")

    assert types(stage.shop) == ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]


async def test_shuffling_doubling_and_dropping(stage: Stage) -> None:
    await stage.charge()
    await stage.control("webhooks/shuffle", seed=3)
    await stage.control("webhooks/drop", type="charge.succeeded")
    await stage.control("webhooks/duplicate", type="payment_intent.succeeded")

    await stage.control("deliver")

    assert sorted(types(stage.shop)) == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "payment_intent.succeeded",
    ]


async def test_registered_endpoints_have_their_own_secret_and_events(stage: Stage) -> None:
    endpoints = stage.client.v1.webhook_endpoints
    ours = await endpoints.create_async(
        {"url": "http://other.test/hook", "enabled_events": ["payment_intent.succeeded"]}
    )
    connected = await endpoints.create_async(
        {"url": "http://connect.test/hook", "enabled_events": ["*"], "connect": True}
    )
    bruno = await stage.producer("acct_demo_bruno", "pending")
    await stage.producer(bruno)
    await stage.charge()

    await stage.control("deliver")

    sent = {where: (headers, body) for where, headers, body in stage.shop.got if not where.startswith("main")}
    assert set(sent) == {"other.test/hook", "connect.test/hook"}
    headers, body = sent["other.test/hook"]
    assert (
        stage.client.construct_event(body, headers["stripe-signature"], ours.secret).type == "payment_intent.succeeded"
    )
    headers, body = sent["connect.test/hook"]
    assert stage.client.construct_event(body, headers["stripe-signature"], connected.secret).account == bruno
    await endpoints.delete_async(ours.id)
    assert [e.id for e in (await endpoints.list_async()).data] == [connected.id]


async def test_events_can_be_fetched_again(stage: Stage) -> None:
    intent = await stage.charge()

    listed = await stage.client.v1.events.list_async({"type": "payment_intent.succeeded"})
    event = await stage.client.v1.events.retrieve_async(listed.data[0].id)

    assert event.data.object.id == intent.id


async def test_the_background_task_delivers_what_a_former_process_left(stage: Stage, tmp_path: Path) -> None:
    await stage.charge()
    # Two processes share the work of one file: the former one must be gone, or it may deliver some of it.
    await stage.sandbox.stop()
    arrived = asyncio.Event()

    class Bell(Shop):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await super().__call__(scope, receive, send)
            if len(self.got) == 3:
                arrived.set()

    shop = Bell()
    again = new_sandbox(tmp_path / "stripe.sqlite3", shop)
    _, http = client_of(again)
    await http.post("/_stripe/_control/settings", json={"automatic": True})
    async with asyncio.timeout(10):
        await arrived.wait()
    await again.stop()

    assert types(shop) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_where_a_webhook_goes() -> None:
    assert at_origin("http://a:1/hook?x=1", "https://shop.test") == "https://shop.test/hook?x=1"
    assert at_origin("http://a:1/hook", "") == "http://a:1/hook"
    assert reachable("http://uliveto.localhost:8000/hook")[:2] == (
        "http://127.0.0.1:8000/hook",
        {"host": "uliveto.localhost:8000"},
    )
