"""Anna pays for what she ordered; Stripe has good days and bad ones."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.catalog import stock
from app.commerce.orders.models import Order, OrderEvent
from app.commerce.payments import asking, sessions, settling
from app.commerce.payments.models import LedgerJournal, Payment, Transfer
from app.commerce.payments.settling import Outcome
from app.integrations.stripe import PaymentUnreachable, Session
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job
from tests.cast import Browser, TestShop
from tests.commerce.props import Placed, all_is_well, give_up, settle, states_of
from tests.commerce.strategy import BOTH

SESSIONS = "/v1/checkout/sessions"


class TestOpening:
    async def test_the_payment_page_shows_what_was_ordered(self, order: Placed) -> None:
        url = await order.open()
        session = await order.stripe.get(f"{SESSIONS}/{await order.session_id()}")
        assert url == session["url"]
        assert session["amount_total"] == 2 * 1900 + 490 + 2 * 590
        assert session["client_reference_id"] == order.number
        assert session["metadata"] == {"shop": order.shop.slug, "group": order.number}
        assert session["customer_email"] == "anna@posta.example"
        assert session["success_url"].endswith("&session_id={CHECKOUT_SESSION_ID}")

    @BOTH
    async def test_opening_twice_gives_the_same_page(self, order: Placed) -> None:
        assert await order.open() == await order.open()

    @BOTH
    async def test_two_tabs_at_once_get_the_same_page(self, order: Placed) -> None:
        assert len({*await asyncio.gather(order.open(), order.open(), order.open())}) == 1
        assert len(await order.all_of(Payment)) == 1

    async def test_more_lines_than_stripe_takes_become_one_per_producer(
        self, order: Placed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking, "MOST_LINES", 3)
        lines = await order.stripe.get(f"{SESSIONS}/{await order.session_id()}/line_items")
        assert [line["amount_total"] for line in lines["data"]] == [2 * 1900 + 590, 490 + 590]

    async def test_the_key_is_in_the_database_before_stripe_is_asked(self, order: Placed) -> None:
        before = (await order.payment()).idempotency_key
        await order.open()
        asked = [r for r in (await order.stripe.look("requests"))["data"] if r["path"] == SESSIONS]
        assert asked[-1]["idempotency_key"] == before

    async def test_what_is_too_cheap_for_a_card_is_said(self, order: Placed) -> None:
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            group = await db.get_one(type(await order.group()), order.id)
            group.total_minor, group.goods_minor, group.delivery_minor = 30, 30, 0
        # what Stripe sums up differs from what we agreed with ourselves: the page is closed again
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            payment = await db.get_one(Payment, (await order.payment()).id)
            payment.amount_minor = 30
        with pytest.raises(Exception, match="Non riusciamo ad aprire"):
            await order.open()
        assert (await order.payment()).state == "failed"


class TestPaying:
    @BOTH
    async def test_a_payment_makes_orders_for_the_producers(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        assert await settle(order) == Outcome.PAID
        assert await states_of(order) == ("paid", "paid", {"pending"})
        assert await order.shop.available("olio") == 10
        jobs = {(job.name, *job.payload.values()) for job in await order.all_of(Job)}
        assert {("orders.confirm_by_mail", order.id), ("orders.announce", order.id)} <= jobs
        await all_is_well(order)

    async def test_producers_get_their_goods_less_the_fee_and_the_delivery(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        await settle(order)
        await order.shop.run_jobs()
        sent = await order.stripe.get("/v1/transfers", transfer_group=order.number)
        assert sorted(t["amount"] for t in sent["data"]) == [490 - 74 + 590, 3800 - 570 + 590]
        assert {t["source_transaction"] for t in sent["data"]} == {(await order.payment()).charge_id}
        assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
        await all_is_well(order)

    async def test_many_tellings_at_once_pay_once(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        outcomes = await asyncio.gather(*(settle(order) for _ in range(6)))
        assert set(outcomes) == {Outcome.PAID}
        assert [j.kind for j in await order.all_of(LedgerJournal)] == ["payment"]
        assert len(await order.all_of(Transfer)) == 2
        await all_is_well(order)

    async def test_a_declined_card_can_be_tried_again_on_the_same_page(self, order: Placed) -> None:
        session = await order.session_id()
        await order.stripe.control(f"sessions/{session}/decline")
        assert await settle(order) == Outcome.OPEN
        assert await states_of(order) == ("awaiting_payment", "open", {"awaiting_payment"})
        assert await order.session_id() == session
        await order.stripe.pay(session)
        assert await settle(order) == Outcome.PAID

    async def test_3d_secure_is_waited_for(self, order: Placed) -> None:
        session = await order.session_id()
        await order.stripe.control(f"sessions/{session}/3ds")
        assert await settle(order) == Outcome.OPEN
        await order.stripe.control(f"sessions/{session}/authenticate")
        assert await settle(order) == Outcome.PAID

    async def test_a_slow_bank_keeps_the_goods_held_until_it_pays(self, order: Placed) -> None:
        session = await order.session_id()
        await order.stripe.pay(session, iban="AT611904300234573201")
        assert await settle(order) == Outcome.PROCESSING
        assert await order.shop.available("olio") == 10
        assert (await order.group()).hold_until > clock.now() + timedelta(days=10)
        with pytest.raises(sessions.AlreadyPaid):
            await order.open()
        assert not await give_up(order)
        await order.stripe.control(f"sessions/{session}/settle", outcome="succeeded")
        assert await settle(order) == Outcome.PAID
        await all_is_well(order)

    async def test_a_slow_bank_that_fails_gives_the_goods_back(self, order: Placed) -> None:
        session = await order.session_id()
        await order.stripe.pay(session, iban="AT611904300234573201")
        await settle(order)
        await order.stripe.control(f"sessions/{session}/settle", outcome="failed")
        assert await settle(order) == Outcome.OVER
        assert await states_of(order) == ("cancelled", "failed", {"cancelled"})
        assert await order.shop.available("olio") == 12


class TestEnding:
    async def test_an_expired_page_gives_the_goods_back(self, order: Placed) -> None:
        session = await order.session_id()
        assert await order.shop.available("olio") == 10
        await order.stripe.control(f"sessions/{session}/expire")
        assert await settle(order) == Outcome.OVER
        assert await states_of(order) == ("cancelled", "expired", {"cancelled"})
        assert await order.shop.available("olio") == 12
        with pytest.raises(sessions.NotPayable):
            await order.open()
        await all_is_well(order)

    async def test_giving_up_closes_the_page_first(self, order: Placed) -> None:
        session = await order.session_id()
        assert await give_up(order)
        assert (await order.stripe.get(f"{SESSIONS}/{session}"))["status"] == "expired"
        assert await order.shop.available("olio") == 12
        assert await give_up(order), "twice is harmless"
        assert (await order.all_of(OrderEvent))[-1].actor == "buyer"

    async def test_giving_up_what_has_been_paid_keeps_it(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        assert not await give_up(order)
        assert await states_of(order) == ("paid", "paid", {"pending"})

    async def test_giving_up_changes_nothing_while_stripe_is_away(self, order: Placed) -> None:
        await order.open()
        await order.stripe.break_down("500", "*/expire", count=3)
        with pytest.raises(PaymentUnreachable):
            await give_up(order)
        assert (await order.group()).state == "awaiting_payment"

    async def test_paying_and_giving_up_at_once_ends_in_one_of_them(self, order: Placed) -> None:
        session = await order.session_id()
        await asyncio.gather(order.stripe.pay(session), give_up(order), return_exceptions=True)
        await asyncio.gather(settle(order), give_up(order), settle(order), give_up(order))
        at_stripe = (await order.stripe.get(f"{SESSIONS}/{session}"))["payment_status"]
        state, shelf = (await order.group()).state, await order.shop.available("olio")
        assert (at_stripe, state, shelf) in {("paid", "paid", 10), ("unpaid", "cancelled", 12)}
        await all_is_well(order)

    async def test_a_page_that_stripe_does_not_know_cannot_be_paid(self, order: Placed) -> None:
        await order.open()
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            (await db.get_one(Payment, (await order.payment()).id)).session_id = "cs_test_gone"
        assert await give_up(order)

    async def test_giving_up_before_there_is_a_page(self, order: Placed) -> None:
        assert await give_up(order)
        assert await order.shop.available("olio") == 12


class TestPayingTooLate:
    async def late(self, order: Placed) -> None:
        """The goods were given back although the page could still be paid: as if Stripe's clock were slow."""
        session = await order.session_id()
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            group = await settling.queries.locked_group(db, order.id)
            await settling.cancel(db, group, "expired", settling.STRIPE)
        await order.stripe.pay(session)

    @BOTH
    async def test_the_goods_are_taken_again_if_they_are_there(self, order: Placed) -> None:
        await self.late(order)
        assert await order.shop.available("olio") == 12
        assert await settle(order) == Outcome.PAID
        assert await states_of(order) == ("paid", "paid", {"pending"})
        assert await order.shop.available("olio") == 10
        await all_is_well(order)

    async def test_else_the_money_goes_back(self, order: Placed) -> None:
        await self.late(order)
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            await stock.hold(db, "somebody-else", {order.shop.stock_items["olio"]: 11}, clock.now())
        assert await settle(order) == Outcome.LATE
        assert (await order.group()).state == "refunding"
        assert ("orders.tell_refund", order.id) in {(j.name, *j.payload.values()) for j in await order.all_of(Job)}
        await all_is_well(order)
        await order.shop.run_jobs()
        assert await states_of(order) == ("refunded", "refunded", {"cancelled"})
        refunds = await order.stripe.get("/v1/refunds", payment_intent=(await order.payment()).intent_id)
        assert [refund["amount"] for refund in refunds["data"]] == [5470]
        assert await order.shop.available("squacquerone") == 20, "nothing was taken in part"
        assert await order.all_of(Transfer) == []
        await all_is_well(order)


class TestTwoPages:
    @BOTH
    async def test_who_pays_twice_gets_one_payment_back(self, order: Placed) -> None:
        """The first page was thought lost, a second one opened, and both were paid."""
        first = await order.session_id()
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            (await db.get_one(Payment, (await order.payment()).id)).state = "expired"
        second = await order.session_id()
        assert first != second
        await order.stripe.pay(first)
        await order.stripe.pay(second)
        at_stripe = order.stripe.gateway
        outcomes = [await settling.settle(order.shop.database, order.facts, at_stripe, s) for s in (second, first)]
        assert outcomes == [Outcome.PAID, Outcome.LATE]
        await order.shop.run_jobs()
        assert sorted(p.state for p in await order.all_of(Payment)) == ["paid", "refunded"]
        assert (await order.group()).state == "paid"
        assert await order.shop.available("olio") == 10
        await all_is_well(order)

    @BOTH
    async def test_an_order_given_up_while_its_page_opens_is_not_paid(
        self, order: Placed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway = order.stripe.gateway
        create = gateway.create_session

        async def slowly(*args: Any, **kwargs: Any) -> Session:
            made = await create(*args, **kwargs)
            assert await give_up(order)
            return made

        monkeypatch.setattr(gateway, "create_session", slowly)
        with pytest.raises(sessions.NotPayable):
            await order.open()
        [asked] = (await order.stripe.get(SESSIONS, limit=1))["data"]
        assert (asked["client_reference_id"], asked["status"]) == (order.number, "expired")


class TestComingBack:
    async def test_a_buyer_who_has_paid_sees_the_order(self, order: Placed, anna: Browser) -> None:
        await order.stripe.pay(await order.session_id())
        page = await anna.get(f"/cassa/esito/{order.number}?chiave={order.key}&session_id=x")
        assert page.status_code == 303
        assert page.headers["location"] == f"/ordini/{order.number}?chiave={order.key}"
        assert (await order.group()).state == "paid"

    async def test_while_stripe_is_silent_the_page_waits(self, order: Placed, anna: Browser) -> None:
        await order.stripe.pay(await order.session_id())
        await order.stripe.break_down("cut", f"{SESSIONS}/*", count=6)
        page = await anna.get(f"/cassa/esito/{order.number}?chiave={order.key}")
        assert page.says("Stiamo aspettando la conferma")
        assert not page.says("non ti abbiamo addebitato nulla"), "nobody knows"
        assert page.headers["cache-control"] == "no-store"
        part = await anna.get(
            f"/cassa/esito/{order.number}?chiave={order.key}", **{"HX-Request": "true", "HX-Request-Type": "partial"}
        )
        assert part.text.strip().startswith('<div id="waiting"')
        await order.stripe.repair()
        there = await anna.get(
            f"/cassa/esito/{order.number}?chiave={order.key}", **{"HX-Request": "true", "HX-Request-Type": "partial"}
        )
        assert there.headers["hx-redirect"].startswith(f"/ordini/{order.number}")

    async def test_a_buyer_who_went_away_may_try_again(self, order: Placed, anna: Browser) -> None:
        url = await order.open()
        page = await anna.get(f"/cassa/annullato/{order.number}?chiave={order.key}")
        assert page.says("non ti abbiamo addebitato nulla")
        again = await anna.send("form[action^='/cassa/riprova']")
        assert again.status_code == 303
        assert again.headers["location"] == url
        swapped = await anna.swap(f"/cassa/riprova/{order.number}", {"chiave": order.key})
        assert swapped.headers["hx-redirect"] == url
        assert await order.shop.available("olio") == 10, "the goods are held once"

    async def test_whoever_comes_back_with_a_declined_card_is_told(self, order: Placed, anna: Browser) -> None:
        await order.open()
        away = f"/cassa/annullato/{order.number}?chiave={order.key}"
        assert not (await anna.get(away)).says("La banca ha rifiutato"), "nobody has tried"
        await order.stripe.control(f"sessions/{await order.session_id()}/decline")
        page = await anna.get(away)
        assert page.says("La banca ha rifiutato il pagamento. Prova con un’altra carta")
        assert page.says("non ti abbiamo addebitato nulla")
        page.one("form[action^='/cassa/riprova']")

    async def test_trying_again_while_stripe_is_away_says_so(self, order: Placed, anna: Browser) -> None:
        await order.stripe.break_down("cut", SESSIONS, count=3)
        page = await anna.post(f"/cassa/riprova/{order.number}", {"chiave": order.key})
        assert page.status_code == 503
        assert page.says("non risponde")
        page.one("form[action^='/cassa/riprova']")

    async def test_pressing_back_after_paying_leads_to_the_order(self, order: Placed, anna: Browser) -> None:
        await order.stripe.pay(await order.session_id())
        page = await anna.get(f"/cassa/annullato/{order.number}?chiave={order.key}")
        assert page.headers["location"].startswith(f"/ordini/{order.number}")
        again = await anna.post(f"/cassa/riprova/{order.number}", {"chiave": order.key})
        assert (await anna.follow(again)).headers["location"].startswith(f"/ordini/{order.number}")
        assert len(await order.all_of(Payment)) == 1

    async def test_an_order_that_ended_leads_to_the_basket(self, order: Placed, anna: Browser) -> None:
        await order.stripe.control(f"sessions/{await order.session_id()}/expire")
        away = await anna.get(f"/cassa/esito/{order.number}?chiave={order.key}")
        page = await anna.follow(away)
        assert page.says("L’ordine è scaduto")
        assert not page.all("form[action^='/cassa/riprova']")

    @pytest.mark.parametrize("path", ["/cassa/esito", "/cassa/annullato"])
    @pytest.mark.parametrize("key", ["", "?chiave=sbagliata", "?chiave=%E2%82%AC"])
    async def test_without_the_link_there_is_nothing(self, order: Placed, anna: Browser, path: str, key: str) -> None:
        assert (await anna.get(f"{path}/{order.number}{key}")).status_code == 404
        assert (await anna.get(f"{path}/TP-MAI{key}")).status_code == 404
        assert (await anna.post(f"/cassa/riprova/{order.number}", {"chiave": "no"})).status_code == 404

    async def test_another_shop_does_not_know_the_order(self, order: Placed, other_shop: TestShop) -> None:
        async with other_shop.browser() as stranger:
            page = await stranger.get(f"/cassa/esito/{order.number}?chiave={order.key}")
        assert page.status_code == 404


async def test_the_orders_of_a_group_are_told_to_their_producers(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await settle(order)
    from app.system.models import LiveEvent

    channels = {event.channel for event in await order.all_of(LiveEvent)} - {"pages"}
    desks = {f"producer:{o.producer_id}" for o in await order.all_of(Order)}
    assert channels == {f"group:{order.id}", *desks}
