"""Stripe's webhooks arrive: once, twice, shuffled, late, forged, or meant for somebody else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from stripe import WebhookSignature

from app.commerce.orders.models import OrderEvent
from app.commerce.payments import webhooks
from app.commerce.payments.models import EventReading, LedgerJournal, Payment, StripeEvent, Transfer
from app.commerce.payments.outcomes import Outcome
from app.commerce.payments.settling import settle
from app.integrations import stripe as stripe_client
from app.integrations.stripe import Event, PaymentUnreachable, Session
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job
from tests.cast import TestShop
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.reconciliation.test_comparing import compare

PATH = "/webhooks/stripe"


def event(order: Placed, **changes: Any) -> bytes:
    """An event about the order, as Stripe would write it."""
    about = {"id": "cs_test_x", "object": "checkout.session", "metadata": {"shop": order.shop.slug}}
    body = {
        "id": f"evt_{order.number}",
        "object": "event",
        "type": "checkout.session.completed",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "data": {"object": about},
    }
    return json.dumps(body | changes).encode()


async def post(order: Placed, body: bytes, *, secret: str | None = None, at: float | None = None) -> httpx.Response:
    """Post a body as Stripe does, signed."""
    secret = secret or order.stripe.settings.stripe.webhook_secret
    signature = WebhookSignature.generate_signature_header(
        body.decode("utf-8", "replace"), secret, int(at or time.time())
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=order.shop.app), base_url=order.base_url) as client:
        return await client.post(
            PATH, content=body, headers={"stripe-signature": signature, "content-type": "application/json"}
        )


async def test_a_payment_is_known_by_its_webhook_alone(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    assert set(await order.stripe.deliver()) == {200}
    assert (await order.group()).state == "awaiting_payment", "the answer comes before the work"
    await order.shop.run_jobs()
    assert (await order.group()).state == "paid"
    done = {e.type: (e.state, e.note) for e in await order.all_of(StripeEvent)}
    assert done["checkout.session.completed"] == ("done", "paid")
    assert done["charge.succeeded"][0] == "ignored"


async def test_webhooks_that_come_twice_and_shuffled_pay_once(order: Placed) -> None:
    await order.stripe.control("webhooks/hold", types=["*"])
    await order.stripe.pay(await order.session_id())
    await order.stripe.control("webhooks/release", order="shuffled", seed=7)
    for told in await told_about(order):
        await order.stripe.control("webhooks/duplicate", event=told)
    await order.stripe.control("webhooks/shuffle", seed=3)
    assert set(await order.stripe.deliver()) == {200}
    ids = [e.event_id for e in await order.all_of(StripeEvent)]
    assert len(ids) == len(set(ids)) > 1
    await order.shop.run_jobs()
    assert (await order.group()).state == "paid"
    kinds = [j.kind for j in await order.all_of(LedgerJournal)]
    assert kinds.count("payment") == 1
    assert kinds.count("transfer") == len(await order.all_of(Transfer)) == 2


async def told_about(order: Placed) -> list[str]:
    """The ids of the events that Stripe has about the order."""
    told = (await order.stripe.look("events"))["data"]
    return [e["id"] for e in told if (e["data"]["object"].get("metadata") or {}).get("group") == order.number]


async def test_the_same_event_twice_at_once_is_kept_once(order: Placed) -> None:
    answers = await asyncio.gather(*(post(order, event(order)) for _ in range(5)))
    assert {a.status_code for a in answers} == {200}
    assert len(await order.all_of(StripeEvent)) == 1


async def test_webhook_and_return_page_may_come_together(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await order.stripe.deliver()
    async with order.shop.browser() as browser:
        page, _ = await asyncio.gather(
            browser.get(f"/cassa/esito/{order.number}?chiave={order.key}"), order.shop.run_jobs()
        )
    assert page.headers["location"].startswith(f"/ordini/{order.number}")
    assert [e.kind for e in await order.all_of(OrderEvent) if e.order_id is None] == ["paid"]


async def test_killed_between_commit_and_work_nothing_is_lost(order: Placed) -> None:
    """The process dies right after the commit: the work is a row that the next process finds."""
    await order.stripe.pay(await order.session_id())
    await order.stripe.deliver()
    waiting = [j for j in await order.all_of(Job) if j.name == "payments.handle_event"]
    assert {j.state for j in waiting} == {"queued"}
    await webhooks.handle(order.shop.database, order.facts, order.stripe.gateway, (await completed(order)).id)
    mail = [j for j in await order.all_of(Job) if j.name == "orders.confirm_by_mail"]
    assert [(j.state, j.payload) for j in mail] == [("queued", {"group_id": order.id})]


async def completed(order: Placed) -> StripeEvent:
    found = await order.all_of(StripeEvent)
    return next(e for e in found if e.type == "checkout.session.completed")


async def test_a_forged_webhook_is_refused(order: Placed) -> None:
    assert (await post(order, event(order), secret="whsec_somebody_elses")).status_code == 400
    assert await order.all_of(StripeEvent) == []


async def test_an_old_webhook_is_refused(order: Placed) -> None:
    assert (await post(order, event(order), at=time.time() - 301)).status_code == 400
    assert (await post(order, event(order), at=time.time() - 290)).status_code == 200


async def test_a_webhook_without_signature_or_sense_is_refused(order: Placed) -> None:
    async with order.shop.browser() as browser:
        assert (await browser.post(PATH, {"a": "b"})).status_code == 400
    for body in (b"", b"{", b"[]", b'"x"', b"{}", b'{"id": 1, "type": 2}', b"\xff\xfe"):
        assert (await post(order, body)).status_code == 400


async def test_a_webhook_that_is_too_big_is_refused(order: Placed) -> None:
    answer = await post(order, event(order, filler="x" * 600_000))
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["customer.created", "something.nobody.knows", "v2.core.account.updated"])
async def test_an_unknown_kind_is_kept_and_ignored(order: Placed, kind: str) -> None:
    assert (await post(order, event(order, type=kind))).status_code == 200
    await order.shop.run_jobs()
    [kept] = await order.all_of(StripeEvent)
    assert (kept.state, kept.type) == ("ignored", kind)


async def test_what_we_leave_alone_asks_for_no_work_but_can_be_tried_by_hand(order: Placed) -> None:
    assert (await post(order, event(order, type="charge.succeeded"))).status_code == 200
    [kept] = await order.all_of(StripeEvent)
    assert (kept.state, kept.note) == ("ignored", "unhandled")
    assert kept.handled_at == kept.received_at
    assert "payments.handle_event" not in await jobs_of(order)

    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        assert await webhooks.replay(db, kept.id)
    await order.shop.run_jobs()
    assert [(e.state, e.note) for e in await order.all_of(StripeEvent)] == [(kept.state, kept.note)]


async def test_stripe_is_not_asked_again_about_a_payment_that_the_buyers_return_has_settled(
    order: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await order.session_id()
    await order.stripe.pay(session_id)
    assert await settle(order.shop.database, order.facts, order.stripe.gateway, session_id) == Outcome.PAID
    asked: list[str] = []
    really = order.stripe.gateway.retrieve_session

    async def count(session: str) -> Session:
        asked.append(session)
        return await really(session)

    monkeypatch.setattr(order.stripe.gateway, "retrieve_session", count)
    await order.stripe.deliver()
    await order.shop.run_jobs()
    assert ((await completed(order)).state, asked) == ("done", [])


async def jobs_of(order: Placed) -> list[str]:
    async with order.shop.database.session(None) as db:
        return list(await db.scalars(select(Job.name).where(Job.shop_id == order.shop.id)))


async def test_a_thin_event_is_kept(order: Placed) -> None:
    body = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v2.core.account.updated",
        "created": "2026-11-21T10:00",
    }
    assert (await post(order, json.dumps(body | {"related_object": {"id": "acct_1"}}).encode())).status_code == 200
    assert (await order.all_of(StripeEvent))[0].object_id == "acct_1"


async def test_an_event_of_another_shops_order_changes_nothing(order: Placed, other_shop: TestShop) -> None:
    """Stripe tells every endpoint of the account: the other shop hears of Anna's payment too."""
    await order.stripe.pay(await order.session_id())
    await order.stripe.deliver()
    body = json.dumps((await completed(order)).payload).encode()
    theirs = Placed(other_shop, order.stripe, order.facts, order.id, order.number, order.key)
    assert (await post(theirs, body)).status_code == 200
    await other_shop.run_jobs()
    [kept] = await theirs.all_of(StripeEvent)
    assert (kept.state, kept.note) == ("ignored", "elsewhere")
    assert await theirs.all_of(LedgerJournal) == []


async def test_an_event_about_a_payment_that_is_not_ours_is_ignored(order: Placed, other_shop: TestShop) -> None:
    """It says that it is ours, but the Session is another shop's."""
    session = await order.session_id()
    await order.stripe.pay(session)
    theirs = Placed(other_shop, order.stripe, order.facts, order.id, order.number, order.key)
    about = {"id": session, "object": "checkout.session", "metadata": {"shop": other_shop.slug}}
    await post(theirs, event(order, data={"object": about}))
    await other_shop.run_jobs()
    assert [e.state for e in await theirs.all_of(StripeEvent)] == ["ignored"]
    assert (await order.group()).state == "awaiting_payment"


async def test_while_stripe_does_not_answer_the_event_waits(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await order.stripe.deliver()
    await order.stripe.break_down("cut", "/v1/checkout/sessions/*", count=3)
    await order.shop.run_jobs()
    event = await completed(order)
    assert event.state == "received"
    job = next(job for job in await order.all_of(Job) if job.payload == {"event_id": event.id})
    assert (job.state, job.attempts) == ("queued", 1)


async def fetch(order: Placed, *, days: int = 0) -> int:
    """So many days from now, for us and for Stripe: the fetch, and what it brings is done. How many were missing."""
    with clock.shifted(timedelta(days=days)):
        missed = await webhooks.fetch_missed(order.shop.database, order.facts, order.stripe.gateway)
        await order.shop.run_jobs()
    return missed


async def pay_unheard(order: Placed) -> None:
    """We think that the page has ended, it is paid, and the news are lost."""
    session = await order.session_id()
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        (await db.get_one(Payment, (await order.payment()).id)).state = "expired"
    await order.stripe.pay(session)
    await order.stripe.control("webhooks/drop")


async def pass_days(order: Placed, days: int) -> None:
    """At Stripe."""
    await order.stripe.control("clock", advance=days * 24 * 3600)


async def test_events_that_never_came_are_fetched(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await order.stripe.control("webhooks/drop")
    assert await fetch(order) == 1
    assert (await order.group()).state == "paid"
    assert await fetch(order) == 0


async def test_after_weeks_without_a_night_what_never_came_is_fetched_still(order: Placed) -> None:
    assert await fetch(order) == 0
    await pay_unheard(order)
    await pass_days(order, 29)
    assert await fetch(order, days=29) == 1
    assert (await order.payment()).state == "paid"
    await all_is_well(order)


async def test_where_nothing_has_ever_been_fetched_all_that_stripe_keeps_is(order: Placed) -> None:
    await pay_unheard(order)
    await pass_days(order, 29)
    assert await order.all_of(EventReading) == []
    assert await fetch(order, days=29) == 1


async def test_what_was_read_to_the_end_is_not_read_again(order: Placed) -> None:
    await pay_unheard(order)
    for missed in (1, 0, 0):
        assert await fetch(order) == missed
    await pass_days(order, 20)
    assert await fetch(order, days=20) == 0
    asked = [r["params"] for r in (await order.stripe.look("requests"))["data"] if r["path"] == "/v1/events"]
    since = [int(params["created"]["gte"]) for params in asked]
    month, day = 30 * 24 * 3600, 24 * 3600
    (first, again, after_it, later) = since
    assert after_it - again == pytest.approx(month - day, abs=3600), "the one that brought something was read again"
    assert again - first == pytest.approx(0, abs=3600)
    assert later - after_it == pytest.approx(0, abs=3600)


async def test_a_fetch_that_fails_in_the_middle_is_done_again_from_where_it_began(
    order: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await fetch(order) == 0
    await pay_unheard(order)
    await pass_days(order, 10)
    really = order.stripe.gateway.events_since

    async def cut(since: datetime, types: Sequence[str]) -> AsyncIterator[list[Event]]:
        async for _events in really(since, types):
            yield []  # what the first page has of others
            raise PaymentUnreachable

    with monkeypatch.context() as broken:
        broken.setattr(order.stripe.gateway, "events_since", cut)
        with pytest.raises(PaymentUnreachable):
            await fetch(order, days=10)
    assert await fetch(order, days=10) == 1
    assert (await order.payment()).state == "paid"


async def test_a_month_of_events_is_read_page_by_page(order: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_client, "EVENTS_PAGE", 1)
    await order.stripe.pay(await order.session_id())
    first = await place(order.stripe, order.shop, olio=1)
    await order.stripe.pay(await first.session_id())
    await order.stripe.control("webhooks/drop")
    assert await fetch(order) == 2
    assert {(await order.group()).state, (await first.group()).state} == {"paid"}


async def test_what_is_older_than_stripe_tells_is_found_by_the_comparison(order: Placed) -> None:
    await pay_unheard(order)
    await pass_days(order, 31)
    assert await fetch(order, days=31) == 0
    assert (await order.payment()).state == "expired"
    with clock.shifted(timedelta(days=31)):
        assert (await compare(order)).findings == []
    assert (await order.payment()).state == "paid"
    await all_is_well(order)


async def test_a_charge_that_cannot_be_followed_is_a_finding(order: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Session is not ours any more: the comparison says it, and staff explain it."""
    await pay_unheard(order)
    await pass_days(order, 31)
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        (await db.get_one(Payment, (await order.payment()).id)).session_id = "cs_forgotten"
    with clock.shifted(timedelta(days=31)):
        assert [found[:2] for found in (await compare(order)).findings] == [["movement", "charge"]]
