"""Stripe has bad days, and banks send money back: nothing is lost, nothing is given twice, and somebody is told."""

import asyncio
from datetime import timedelta

import pytest

from app.commerce.orders.models import OrderGroup
from app.commerce.payments import attempts, settling
from app.commerce.payments import recoveries as recovering
from app.commerce.payments.models import LedgerJournal, Payment, StripeEvent
from app.commerce.refunds import mending, sending
from app.commerce.refunds.models import Refund
from app.integrations.stripe import PaymentUnreachable
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import Person
from app.shops.models import Shop
from app.system.models import OutgoingMail
from tests.cast import Browser, TestShop
from tests.commerce.props import Placed, all_is_well, place, settle
from tests.commerce.refunds.props import at_stripe, everything, pay, pieces, recoveries, refund, refunds, transfer_of
from tests.commerce.strategy import BOTH
from tests.stripe import Stripe

REFUNDS = "/v1/refunds*"
DORA = Person(1, "Dora", "dora@tavola.example", "staff", "it", 1)


async def send(order: Placed, made: Refund) -> None:
    await sending.send(order.shop.database, order.facts, order.stripe.gateway, made.id)


async def now(order: Placed) -> Refund:
    return (await refunds(order))[0]


async def mend(order: Placed, deed: object, number: str) -> Refund:
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        return await deed(db, number, DORA)  # type: ignore[operator,no-any-return]


class TestBadDays:
    @BOTH
    async def test_the_key_is_in_the_database_before_stripe_is_asked(self, paid: Placed) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        await send(paid, made)
        asked = [
            r
            for r in (await paid.stripe.look("requests"))["data"]
            if r["path"] == "/v1/refunds" and r["method"] == "POST"
        ]
        assert asked[-1]["idempotency_key"] == (await now(paid)).idempotency_key

    @pytest.mark.parametrize("answer", ["500", "cut", "429"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @BOTH
    async def test_an_answer_that_is_lost_gives_the_money_once(self, paid: Placed, answer: str, when: str) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        await paid.stripe.break_down(answer, REFUNDS, when=when)
        with paid.stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
            await sending.send(paid.shop.database, paid.facts, gateway, made.id)
        await all_is_well(paid)
        await paid.stripe.repair()
        await send(paid, made)
        assert await at_stripe(paid) == [1900]
        assert (await now(paid)).state == "sent"
        await all_is_well(paid)

    @BOTH
    async def test_six_at_once_give_it_once(self, paid: Placed) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        await asyncio.gather(*(send(paid, made) for _ in range(6)), return_exceptions=True)
        await send(paid, made)
        assert await at_stripe(paid) == [1900]
        assert [j.kind for j in await paid.all_of(LedgerJournal)].count("refund_sent") == 1
        await all_is_well(paid)

    @BOTH
    async def test_a_lost_wake_up_is_swept_up(self, paid: Placed) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        with clock.shifted(timedelta(hours=1)):
            await sending.sweep(paid.shop.database, paid.facts, paid.stripe.gateway)
        assert (made.state, (await now(paid)).state) == ("planned", "sent")

    @pytest.mark.parametrize("when", ["before", "after"])
    @BOTH
    async def test_a_reversal_whose_answer_is_lost_is_made_once(self, sent: Placed, when: str) -> None:
        await refund(sent, await pieces(sent, "frantoio"))
        back = (await recoveries(sent))[0]
        await sent.stripe.break_down("500", "*/reversals*", when=when)
        with sent.stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
            await recovering.recover(sent.shop.database, sent.facts, gateway, back.id)
        await sent.stripe.repair()
        for _ in range(2):
            await recovering.recover(sent.shop.database, sent.facts, sent.stripe.gateway, back.id)
        transfer = await transfer_of(sent, "frantoio")
        found = await sent.stripe.get(f"/v1/transfers/{transfer.stripe_id}/reversals")
        assert [r["amount"] for r in found["data"]] == [1900 - 285]
        assert transfer.reversed_minor == 1900 - 285
        await all_is_well(sent)


class TestBanksThatSendItBack:
    async def fails(self, order: Placed) -> Refund:
        made = await refund(order, await everything(order))
        await order.shop.run_jobs()
        assert (await order.group()).state == "refunded"
        await order.stripe.deliver()
        await order.shop.run_jobs()
        await order.stripe.control(f"refunds/{(await now(order)).stripe_id}/fail")
        await order.stripe.control("webhooks/duplicate", type="refund.failed")
        await order.stripe.control("webhooks/shuffle", order="reversed")
        await order.stripe.deliver()
        await order.shop.run_jobs()
        return made

    @BOTH
    async def test_the_money_is_due_again_and_staff_are_told(self, sent: Placed, dora: Browser) -> None:
        async with sent.shop.database.session(None) as db, transaction(db):
            known = await db.get_one(Shop, sent.shop.id)
            known.legal = {**known.legal, "email": "ciao@tavola.example"}
        await self.fails(sent)
        row = await now(sent)
        assert (row.state, row.failure) == ("failed", "expired_or_canceled_card")
        assert (await sent.group()).state == "paid"
        assert [j.kind for j in await sent.all_of(LedgerJournal)].count("refund_failed") == 1
        mail = next(m for m in await sent.all_of(OutgoingMail) if m.kind == "refund.failed")
        assert mail.recipient == "ciao@tavola.example"
        assert "La carta non c’è più" in mail.text
        page = await dora.get(f"/amministrazione/rimborsi/{row.number}")
        assert page.says("Riprova sulla carta")
        assert page.says("La carta non c’è più")
        assert page.says("Stripe dice: expired_or_canceled_card")
        page = await dora.get(f"/amministrazione/ordini/{(await sent.group()).number}")
        assert page.says(f"{row.number}: La carta non c’è più")
        await all_is_well(sent)

    @BOTH
    async def test_trying_again_gives_it_under_a_new_key(self, sent: Placed) -> None:
        made = await self.fails(sent)
        before = (await now(sent)).idempotency_key
        await mend(sent, mending.retry, made.number)
        await sent.shop.run_jobs()
        row = await now(sent)
        assert (row.state, row.failure) == ("sent", None)
        assert row.idempotency_key != before
        assert await at_stripe(sent) == [row.amount_minor]
        assert (await sent.group()).state == "refunded"
        await all_is_well(sent)

    @BOTH
    async def test_a_late_word_of_the_first_try_does_not_end_the_second(self, sent: Placed) -> None:
        made = await self.fails(sent)
        first = (await now(sent)).stripe_id
        await mend(sent, mending.retry, made.number)
        await sent.stripe.break_down("cut", "/v1/refunds", when="after")
        with sent.stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
            await sending.send(sent.shop.database, sent.facts, gateway, made.id)
        event = StripeEvent(object_id=first)
        assert await sending.handle(sent.shop.database, sent.facts, sent.stripe.gateway, event) is None
        assert (await now(sent)).state == "sending"
        await send(sent, made)
        row = await now(sent)
        assert (row.state, await at_stripe(sent)) == ("sent", [row.amount_minor])
        await all_is_well(sent)

    @BOTH
    async def test_as_credit_it_is_there_at_once(self, sent: Placed) -> None:
        made = await self.fails(sent)
        await mend(sent, mending.as_credit, made.number)
        row = await now(sent)
        assert (row.state, row.card_minor, row.wallet_minor) == ("sent", 0, made.amount_minor)
        await sent.shop.run_jobs()
        mail = next(m for m in await sent.all_of(OutgoingMail) if m.kind == "refund.rerouted")
        assert "nel tuo portafoglio" in mail.text
        await all_is_well(sent)

    @BOTH
    async def test_by_hand_it_leaves_the_bank(self, sent: Placed, dora: Browser) -> None:
        made = await self.fails(sent)
        await dora.get(f"/amministrazione/rimborsi/{made.number}")
        page = await dora.follow(await dora.send("form[action$='/bonifico']"))
        assert page.says("con un bonifico")
        assert (await now(sent)).hand_minor == made.amount_minor
        answer = await dora.post(f"/amministrazione/rimborsi/{made.number}/credito", {})
        assert answer.status_code == 409
        await all_is_well(sent)

    @pytest.mark.parametrize("deed", [mending.as_credit, mending.by_hand])
    @BOTH
    async def test_a_late_word_does_not_undo_what_was_given_in_another_way(self, sent: Placed, deed: object) -> None:
        made = await self.fails(sent)
        await mend(sent, deed, made.number)
        event = StripeEvent(object_id=(await now(sent)).stripe_id)
        assert await sending.handle(sent.shop.database, sent.facts, sent.stripe.gateway, event) is None
        assert ((await now(sent)).state, (await sent.group()).state) == ("sent", "refunded")
        await all_is_well(sent)

    @BOTH
    async def test_of_two_who_mend_it_one_is_told(self, sent: Placed) -> None:
        made = await self.fails(sent)
        done = await asyncio.gather(
            *(mend(sent, deed, made.number) for deed in (mending.as_credit, mending.by_hand)), return_exceptions=True
        )
        assert sum(isinstance(d, Conflict) for d in done) == 1
        await all_is_well(sent)

    @BOTH
    async def test_a_slow_bank_is_waited_for(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id(), payment_method="pm_card_pendingRefund")
        await settle(order)
        await refund(order, await pieces(order, "frantoio"))
        await order.shop.run_jobs()
        row = await now(order)
        assert (row.state, bool(row.stripe_id)) == ("sending", True)
        await all_is_well(order)
        await order.stripe.control(f"refunds/{row.stripe_id}/arrive")
        await order.stripe.deliver()
        await order.shop.run_jobs()
        assert (await now(order)).state == "sent"
        await all_is_well(order)

    @BOTH
    async def test_what_fails_while_it_is_pending_never_left(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id(), payment_method="pm_card_pendingRefund")
        await settle(order)
        await refund(order, await pieces(order, "frantoio"))
        await order.shop.run_jobs()
        await order.stripe.control(f"refunds/{(await now(order)).stripe_id}/fail")
        await order.stripe.deliver()
        await order.shop.run_jobs()
        assert (await now(order)).state == "failed"
        assert "refund_failed" not in {j.kind for j in await order.all_of(LedgerJournal)}
        await all_is_well(order)

    @BOTH
    async def test_stripes_no_is_for_staff(self, paid: Placed) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        payment = await paid.payment()
        await paid.stripe.gateway.create_refund(
            intent_id=payment.intent_id or "", amount_minor=payment.amount_minor, metadata={}, key="somebody else"
        )
        await send(paid, made)
        row = await now(paid)
        assert row.state == "failed"
        assert "charge_already_refunded" in (row.failure or "")
        await all_is_well(paid)


class TestPaidTwice:
    @BOTH
    async def test_the_second_payment_goes_back_with_a_mail(self, order: Placed) -> None:
        await order.stripe.pay(await order.session_id())
        await settle(order)
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            group = await db.get_one(OrderGroup, order.id)
            group.state = "awaiting_payment"
            await attempts.prepare(db, group)
        session = await order.session_id()
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            (await db.get_one(OrderGroup, order.id)).state = "paid"
        await order.stripe.pay(session)
        await settling.settle(order.shop.database, order.facts, order.stripe.gateway, session)
        await order.shop.run_jobs()
        mail = next(m for m in await order.all_of(OutgoingMail) if m.kind == "refund.paid_twice")
        assert mail.recipient == "anna@posta.example"
        assert "secondo pagamento" in mail.text
        assert {p.state for p in await order.all_of(Payment)} == {"paid", "refunded"}
        await all_is_well(order)

    @BOTH
    async def test_when_that_refund_comes_back_staff_can_try_again(self, order: Placed, dora: Browser) -> None:
        await self.test_the_second_payment_goes_back_with_a_mail(order)
        late = next(p for p in await order.all_of(Payment) if p.state == "refunded")
        await order.stripe.control(f"refunds/{late.refund_id}/fail")
        await order.stripe.deliver()
        await order.shop.run_jobs()
        await all_is_well(order)
        page = await dora.get("/amministrazione/rimborsi")
        assert page.says("Pagamento arrivato tardi")
        await dora.follow(await dora.send("form[action*='tardivi']:not([action$='bonifico'])"))
        await order.shop.run_jobs()
        assert {p.state for p in await order.all_of(Payment)} == {"paid", "refunded"}
        await all_is_well(order)


class TestCredit:
    @BOTH
    async def test_all_as_credit_goes_to_the_wallet(self, sent: Placed) -> None:
        made = await refund(sent, await pieces(sent, "frantoio"), destination="credit")
        assert (made.state, made.wallet_minor, made.card_minor) == ("sent", 1900, 0)
        await sent.shop.run_jobs()
        assert await at_stripe(sent) == []
        await all_is_well(sent)

    @BOTH
    async def test_the_card_is_never_given_more_than_it_paid(self, sent: Placed) -> None:
        await refund(sent, await pieces(sent, "frantoio"), destination="credit")
        await refund(sent, await everything(sent))
        await sent.shop.run_jobs()
        group = await sent.group()
        assert sum(await at_stripe(sent)) == group.total_minor - 1900
        assert group.state == "refunded"
        await all_is_well(sent)


class TestRules:
    async def test_a_producer_bears_the_cost_of_the_card_where_the_shop_says_so(
        self, stripe: Stripe, shop: TestShop
    ) -> None:
        async with shop.database.session(None) as db, transaction(db):
            (await db.get_one(Shop, shop.id)).features = {"refunds": {"card_cost": "1.5"}}
        order = await place(stripe, shop, olio=2)
        await pay(order)
        await shop.run_jobs()
        made = await refund(order, await pieces(order, "frantoio"))
        assert [p.card_cost_minor for p in (await refunds(order))[0].parts] == [29]
        await shop.run_jobs()
        assert (await transfer_of(order, "frantoio")).reversed_minor == 1900 - 285 + 29
        assert made.amount_minor == 1900
        await all_is_well(order)
