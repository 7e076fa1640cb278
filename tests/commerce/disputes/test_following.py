"""What a dispute does to the ledger, to refunds and to people, in whatever order Stripe tells of it."""

import asyncio

import pytest
from sqlalchemy import select

from app.commerce.credit import points
from app.commerce.credit.models import PointsEarned
from app.commerce.disputes import following
from app.commerce.disputes.models import Dispute, EvidenceFile
from app.commerce.orders.models import Order
from app.commerce.payments import queries as paid
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Recovery, StripeEvent
from app.integrations import stripe_money
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.props import Placed, all_is_well
from tests.commerce.sold import mails
from tests.commerce.strategy import BOTH, DESTINATION, SEPARATE, WORTH
from tests.stripe import Stripe

FEE_OF_DISPUTE = 2000


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def follow(order: Placed, dispute: str) -> str | None:
    return await following.follow(order.shop.database, order.facts, order.stripe.gateway, dispute)


async def sums(order: Placed) -> dict[str, int]:
    """Account → what it comes to."""
    found: dict[str, int] = {}
    for entry in await order.all_of(LedgerEntry):
        found[entry.account] = found.get(entry.account, 0) + entry.amount_minor
    return found


async def is_disputed(order: Placed) -> bool:
    async with order.shop.database.session(order.shop.id) as db:
        return await paid.is_disputed(db, order.id)


@BOTH
async def test_a_dispute_takes_the_money_and_bans_refunds(bought: Placed, strategy: str) -> None:
    before, total = await sums(bought), WORTH[strategy].total

    assert await follow(bought, await contest(bought)) == "needs_response"

    after = await sums(bought)
    assert after["disputed"] == total
    assert after["stripe_fees"] - before.get("stripe_fees", 0) == FEE_OF_DISPUTE
    assert before["stripe_balance"] - after["stripe_balance"] == total + FEE_OF_DISPUTE
    assert await is_disputed(bought)
    await all_is_well(bought)


@BOTH
async def test_an_inquiry_that_we_never_heard_of_is_found_at_stripe(bought: Placed, stripe: Stripe) -> None:
    """No money moves, so no comparison finds it; its event is too old for Stripe to tell it again."""
    inquiry = await contest(bought, inquiry=True)
    await stripe.control("webhooks/drop")

    for _night in range(2):
        async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
            add_job(db, "disputes.refresh")
        await bought.shop.run_jobs()

    (row,) = await bought.all_of(Dispute)
    assert (row.stripe_id, row.state) == (inquiry, "warning_needs_response")
    assert any("contestazione" in mail.text for mail in await mails(bought.shop))


async def test_an_inquiry_moves_no_money_and_forbids_nothing(bought: Placed) -> None:
    before = await sums(bought)

    assert await follow(bought, await contest(bought, inquiry=True)) == "warning_needs_response"

    assert await sums(bought) == before
    assert not await is_disputed(bought)


@BOTH
async def test_won_money_comes_back_and_the_ban_ends(bought: Placed) -> None:
    dispute = await contest(bought)
    await follow(bought, dispute)
    await end(bought, dispute, "won")

    assert await follow(bought, dispute) == "won"

    after = await sums(bought)
    assert after["disputed"] == 0
    assert not await is_disputed(bought)
    await all_is_well(bought)


@BOTH
async def test_lost_money_is_borne_by_the_producers_for_what_they_got(bought: Placed, strategy: str) -> None:
    dispute = await contest(bought)
    await end(bought, dispute, "lost")

    assert await follow(bought, dispute) == "lost"
    await bought.shop.run_jobs()

    after = await sums(bought)
    assert after["disputed"] == 0
    assert after["dispute_loss"] == WORTH[strategy].fee  # of 570 + 74, which no producer ever got
    recovered = await bought.all_of(Recovery)
    assert {(row.kind, row.amount_minor) for row in recovered} == {("dispute", part) for part in WORTH[strategy].parts}
    assert {row.state for row in recovered} == {"settled"}
    assert after["producer_payable"] == 0
    assert await is_disputed(bought), "what the bank has taken is not given back besides"
    await all_is_well(bought)


@BOTH
async def test_a_shop_may_bear_losses_itself(bought: Placed, strategy: str) -> None:
    bought.facts.features["dispute_bearer"] = "shop"  # type: ignore[index]
    dispute = await contest(bought)
    await end(bought, dispute, "lost")

    await follow(bought, dispute)

    assert (await sums(bought))["dispute_loss"] == WORTH[strategy].total
    assert await bought.all_of(Recovery) == []
    await all_is_well(bought)


@BOTH
async def test_part_of_a_payment_may_be_disputed(bought: Placed, strategy: str) -> None:
    dispute = await contest(bought, amount=547)
    await end(bought, dispute, "lost")

    await follow(bought, dispute)

    after = await sums(bought)
    parts = sorted(row.amount_minor for row in await bought.all_of(Recovery))
    assert sum(parts) + after["dispute_loss"] == 547
    assert parts == {SEPARATE: [101, 382], DESTINATION: [476]}[strategy]
    await all_is_well(bought)


@BOTH
async def test_of_what_has_gone_back_whole_nothing_is_left_to_lose(bought: Placed) -> None:
    payment = await bought.payment()
    await bought.stripe.gateway.create_refund(
        intent_id=payment.intent_id or "", amount_minor=payment.amount_minor, metadata={}, key=f"all {bought.id}"
    )
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    assert await follow(bought, dispute) == "lost"
    await all_is_well(bought)


@BOTH
async def test_however_often_and_at_once_it_is_booked_once(bought: Placed, strategy: str) -> None:
    dispute = await contest(bought)
    await asyncio.gather(*(follow(bought, dispute) for _ in range(3)))
    await end(bought, dispute, "lost")
    await asyncio.gather(*(follow(bought, dispute) for _ in range(3)))

    kinds = [journal.kind for journal in await bought.all_of(LedgerJournal)]
    assert (kinds.count("dispute"), kinds.count("dispute_lost")) == (1, 1)
    assert len(await bought.all_of(Dispute)) == 1
    assert len(await bought.all_of(Recovery)) == len(WORTH[strategy].parts)


@BOTH
async def test_an_old_answer_that_comes_late_takes_nothing_back(bought: Placed) -> None:
    dispute = await contest(bought)
    old = await stripe_money.dispute(bought.stripe.gateway, dispute)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)

    assert await following.take_in(bought.shop.database, bought.facts, old) == "lost"

    (row,) = await bought.all_of(Dispute)
    assert row.state == "lost"
    assert await is_disputed(bought)


@BOTH
async def test_webhooks_in_any_order_and_twice_lead_to_the_same(bought: Placed) -> None:
    await bought.stripe.control("webhooks/hold")
    dispute = await contest(bought)
    await end(bought, dispute, "won")
    for event in (await bought.stripe.look("events"))["data"]:
        if event["data"]["object"].get("id") == dispute:
            await bought.stripe.control("webhooks/duplicate", event=event["id"])
    await bought.stripe.control("webhooks/release", order="reversed")

    await bought.stripe.deliver()
    await bought.shop.run_jobs()

    events = [e for e in await bought.all_of(StripeEvent) if e.type.startswith("charge.dispute.")]
    assert {event.state for event in events} == {"done"}
    (row,) = await bought.all_of(Dispute)
    assert row.state == "won"
    assert (await sums(bought))["disputed"] == 0
    await all_is_well(bought)


async def test_another_shop_hears_of_it_and_does_nothing(bought: Placed, other_shop: TestShop) -> None:
    dispute = await contest(bought)
    facts = bought.facts.__class__(**{**bought.facts.__dict__, "id": other_shop.id, "slug": other_shop.slug})

    told = await following.follow(bought.shop.database, facts, bought.stripe.gateway, dispute)

    assert told is None


async def test_staff_and_producers_are_told_once(bought: Placed) -> None:
    dispute = await contest(bought)
    await follow(bought, dispute)
    await follow(bought, dispute)
    await bought.shop.run_jobs()

    told = await mails(bought.shop, "dispute")
    readers = [mail.recipient for mail in told]
    assert {"dora@tavola.example", "ada@tavola.example", "bruno@frantoio.example"} <= set(readers)
    assert "enzo@cantina.example" not in readers, "another producer's business"
    assert len(readers) == len(set(readers))
    assert all("54,70" in mail.text for mail in told)


@BOTH
async def test_a_producer_is_told_what_he_bears(bought: Placed) -> None:
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()

    told = [mail for mail in await mails(bought.shop, "dispute") if mail.recipient == "bruno@frantoio.example"]
    assert any("38,20" in mail.text and "38,20" in mail.html for mail in told)


@BOTH
async def test_points_of_a_lost_order_go_back(bought: Placed, strategy: str) -> None:
    rule = {"on": True, "every_minor": 100, "value_minor": 2, "months": 12}
    bought.facts.features["credit"] = {"points": rule}  # type: ignore[index]
    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        for order in await db.scalars(select(Order)):
            order.state = "delivered"
            await db.flush()
            await points.earn(db, bought.facts, order.id)
    before = {row.order_id: row.points for row in await bought.all_of(PointsEarned)}
    assert sum(before.values()) > 0

    dispute = await contest(bought, amount=WORTH[strategy].total // 2)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await follow(bought, dispute)

    for row in await bought.all_of(PointsEarned):
        assert row.taken_back == pytest.approx(before[row.order_id] / 2, abs=1)
        assert list(row.refunds) == [dispute]
    await all_is_well(bought)


async def test_producers_are_reminded_of_the_proofs_that_they_have_not_given(bought: Placed) -> None:
    await follow(bought, await contest(bought))
    (row,) = await bought.all_of(Dispute)
    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        db.add(
            EvidenceFile(
                dispute_id=row.id, field="receipt", name="a.pdf", kind="pdf", size=1, key="k", upload_key="u",
                producer_id=bought.shop.producers["caseificio"], created_at=clock.now(),
            )
        )  # fmt: skip
        for _twice in range(2):
            add_job(db, "disputes.tell", dispute_id=row.id, state="due")
    await bought.shop.run_jobs()

    told = [mail for mail in await mails(bought.shop, "dispute") if "rispondi presto" in mail.subject]
    readers = [mail.recipient for mail in told]
    assert "bruno@frantoio.example" in readers
    assert "carlo@caseificio.example" not in readers, "his proofs are there"
    assert len(readers) == len(set(readers))


async def test_his_desk_counts_what_waits_for_his_proofs(bought: Placed, bruno: Browser) -> None:
    await follow(bought, await contest(bought))

    for page in ("/banco", "/banco/incassi"):
        link = (await bruno.get(page)).all("a[href='/banco/incassi']")[0]
        assert "1" in link.text()
    async with bought.shop.browser() as enzo:
        await enzo.sign_in("enzo@cantina.example")
        assert "1" not in (await enzo.get("/banco")).all("a[href='/banco/incassi']")[0].text()
