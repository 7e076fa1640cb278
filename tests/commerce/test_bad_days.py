"""Stripe has bad days: it fails, answers too late, or its news gets lost. Nobody pays twice, and nothing is lost."""

from datetime import timedelta

import pytest

from app.commerce.payments import sessions, sweep, transfers
from app.commerce.payments.models import Payment, Transfer
from app.commerce.payments.settling import Outcome
from app.integrations.breaker import Breaker
from app.integrations.stripe import PaymentUnreachable, StripeGateway
from app.kernel import clock
from app.kernel.db import transaction
from tests.commerce.props import Placed, all_is_well, settle, states_of
from tests.commerce.strategy import BOTH
from tests.stripe import Wire

SESSIONS = "/v1/checkout/sessions"


class TestStripeOnABadDay:
    @BOTH
    async def test_one_failure_is_not_even_noticed(self, order: Placed) -> None:
        await order.stripe.break_down("cut", SESSIONS)
        await order.open()
        assert len(await order.all_of(Payment)) == 1

    @BOTH
    async def test_a_failure_that_stripe_keeps_does_not_stay_for_ever(self, order: Placed) -> None:
        await order.stripe.break_down("500", SESSIONS)
        with pytest.raises(PaymentUnreachable):
            await order.open()
        await order.open()
        assert (await order.payment()).state == "open"

    async def test_too_many_requests_are_tried_again_later(self, order: Placed) -> None:
        await order.stripe.break_down("429", SESSIONS)
        with pytest.raises(PaymentUnreachable):
            await order.open()
        assert await order.open()

    @pytest.mark.parametrize("when", ["before", "after"])
    @BOTH
    async def test_a_time_out_leaves_one_page(self, order: Placed, when: str) -> None:
        await order.stripe.break_down("timeout", SESSIONS, when=when)
        before = (await order.stripe.look("state"))["objects"].get("checkout.session", 0)
        with order.stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
            await sessions.open_session(order.shop.database, order.facts, gateway, order.id, base_url=order.base_url)
        assert (await order.payment()).state == "new"
        await order.open()
        assert (await order.stripe.look("state"))["objects"]["checkout.session"] == before + 1
        assert len(await order.all_of(Payment)) == 1

    async def test_after_ten_minutes_without_stripe_the_order_can_still_be_paid(self, order: Placed) -> None:
        with clock.shifted(timedelta(minutes=10)):
            await order.stripe.control("clock", advance=600)
            session = await order.session_id()
            await order.stripe.pay(session)
            assert await settle(order) == Outcome.PAID
            await order.stripe.control("clock", advance=-600)
        assert [p.state for p in await order.all_of(Payment)] == ["expired", "paid"]
        await all_is_well(order)

    async def test_a_stripe_that_stays_away_is_left_alone(self, order: Placed) -> None:
        breaker = Breaker(most=2, seconds=60)
        gateway = StripeGateway(order.stripe.settings, Wire(order.stripe.sandbox), retries=0, breaker=breaker)
        await order.stripe.break_down("cut", "/v1/transfers", count=2)
        for _ in range(2):
            with pytest.raises(PaymentUnreachable):
                await gateway.transfers_of(order.number)
        with pytest.raises(PaymentUnreachable):
            await gateway.transfers_of(order.number)  # not asked: it would have worked
        breaker.worked()
        assert await gateway.transfers_of(order.number) == []

    @pytest.mark.parametrize("when", ["before", "after"])
    async def test_a_transfer_whose_answer_is_lost_is_sent_once(self, order: Placed, when: str) -> None:
        await order.stripe.pay(await order.session_id())
        await settle(order)
        await order.stripe.break_down("500", "/v1/transfers", when=when)
        await order.shop.run_jobs()
        with clock.shifted(timedelta(minutes=2)):
            await order.shop.run_jobs()
        sent = await order.stripe.get("/v1/transfers", transfer_group=order.number)
        assert len(sent["data"]) == 2
        assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
        await all_is_well(order)

    async def test_a_transfer_that_stripe_refuses_is_seen_by_staff(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        await settle(order)
        await order.stripe.break_down("402", "/v1/transfers")
        await order.shop.run_jobs()
        states = {t.state: t.error for t in await order.all_of(Transfer)}
        assert states.keys() == {"sent", "failed"}
        assert "card_declined" in (states["failed"] or "")
        await all_is_well(order)
        failed = next(t for t in await order.all_of(Transfer) if t.state == "failed")
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            assert await transfers.retry(db, failed.id, failed.account)
            assert not await transfers.retry(db, failed.id, failed.account), "it is on its way"
        await order.shop.run_jobs()
        assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
        await all_is_well(order)


class TestSweeping:
    async def sweep(self, order: Placed) -> None:
        await sweep.sweep(order.shop.database, order.facts, order.stripe.gateway)

    async def test_nothing_is_touched_before_its_time(self, order: Placed) -> None:
        await order.open()
        await self.sweep(order)
        assert await states_of(order) == ("awaiting_payment", "open", {"awaiting_payment"})

    async def test_a_page_that_ended_unheard_gives_the_goods_back(self, order: Placed) -> None:
        await order.open()
        with clock.shifted(timedelta(minutes=34)):
            await self.sweep(order)
        assert await states_of(order) == ("cancelled", "expired", {"cancelled"})
        assert await order.shop.available("olio") == 12

    @BOTH
    async def test_a_payment_whose_news_was_lost_counts(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        with clock.shifted(timedelta(minutes=34)):
            await self.sweep(order)
        assert await states_of(order) == ("paid", "paid", {"pending"})

    @BOTH
    async def test_nothing_is_let_go_while_stripe_is_away(self, order: Placed) -> None:
        await order.open()
        await order.stripe.break_down("cut", "*/expire", count=3)
        with clock.shifted(timedelta(hours=2)):
            await self.sweep(order)
            assert (await order.group()).state == "awaiting_payment"
            await self.sweep(order)
            assert (await order.group()).state == "cancelled"

    async def test_an_order_that_never_had_a_page_is_let_go(self, order: Placed) -> None:
        with clock.shifted(timedelta(minutes=46)):
            await self.sweep(order)
        assert await order.shop.available("olio") == 12

    @BOTH
    async def test_a_transfer_whose_wake_up_was_lost_is_sent(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        await settle(order)
        with clock.shifted(timedelta(minutes=31)):
            await self.sweep(order)
        assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
