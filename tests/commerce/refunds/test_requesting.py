"""Money goes back: to whom, how much, from where; and everybody's books agree at every moment."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy import select, update

from app.commerce.orders import fulfilment
from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderEvent
from app.commerce.payments.models import LedgerJournal
from app.commerce.promotions.models import PromotionCode, PromotionCount, PromotionUse
from app.commerce.refunds import requesting
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.tenancy import Person
from tests.cast import TestShop
from tests.commerce.promotions.props import counted, promote, uses_of
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.refunds.props import (
    STAFF,
    amount,
    at_stripe,
    everything,
    order_at,
    pay,
    pieces,
    recoveries,
    refund,
    refunds,
    transfer_of,
)
from tests.commerce.strategy import BOTH
from tests.stripe import Stripe


class TestBeforeTheTransferLeaves:
    async def test_a_piece_goes_back_and_the_transfer_is_smaller(self, paid: Placed) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        assert (made.state, made.amount_minor, made.card_minor) == ("planned", 1900, 1900)
        await all_is_well(paid)
        await paid.shop.run_jobs()
        assert (await refunds(paid))[0].state == "sent"
        assert await at_stripe(paid) == [1900]
        transfer = await transfer_of(paid, "frantoio")
        assert (transfer.state, transfer.amount_minor, transfer.withheld_minor) == (
            "sent",
            3800 - 570 + 590,
            1900 - 285,
        )
        found = await paid.stripe.get("/v1/transfers", transfer_group=paid.number)
        assert transfer.to_send_minor in {t["amount"] for t in found["data"]}
        assert [r.state for r in await recoveries(paid)] == ["settled"]
        await all_is_well(paid)

    async def test_what_is_cancelled_whole_is_never_sent(self, paid: Placed) -> None:
        await refund(
            paid, await everything(paid, "caseificio", restock=True), cancels=True, reason="producer_cancelled"
        )
        assert (await transfer_of(paid, "caseificio")).state == "cancelled"
        assert (await order_at(paid, "caseificio")).state == "cancelled"
        assert await paid.shop.available("squacquerone") == 20
        await paid.shop.run_jobs()
        found = await paid.stripe.get("/v1/transfers", transfer_group=paid.number)
        assert len(found["data"]) == 1
        await all_is_well(paid)


class TestAfterTheTransferHasLeft:
    @BOTH
    async def test_it_is_reversed_by_the_producers_part(self, sent: Placed) -> None:
        await refund(sent, await pieces(sent, "frantoio"))
        await all_is_well(sent)
        await sent.shop.run_jobs()
        transfer = await transfer_of(sent, "frantoio")
        assert transfer.reversed_minor == 1900 - 285
        found = await sent.stripe.get(f"/v1/transfers/{transfer.stripe_id}/reversals")
        assert [r["amount"] for r in found["data"]] == [1900 - 285]
        await all_is_well(sent)

    async def test_the_whole_group_comes_to_nothing(self, sent: Placed) -> None:
        made = await refund(sent, await everything(sent))
        await sent.shop.run_jobs()
        group = await sent.group()
        assert made.amount_minor == group.total_minor == group.refunded_minor
        assert (group.state, {o.state for o in group.orders}) == ("refunded", {"refunded"})
        balance = await sent.stripe.look("state")
        assert balance["strays"] == []
        assert {
            t.to_send_minor - t.reversed_minor for t in [await transfer_of(sent, p) for p in ("frantoio", "caseificio")]
        } == {0}
        await all_is_well(sent)

    async def test_in_parts_it_comes_to_the_same(self, sent: Placed) -> None:
        await refund(sent, await amount(sent, 777))
        await sent.shop.run_jobs()
        await refund(sent, await pieces(sent, "caseificio"))
        await refund(sent, await amount(sent, 1001, delivery=False))
        await sent.shop.run_jobs()
        await refund(sent, await everything(sent))
        await sent.shop.run_jobs()
        assert sum(await at_stripe(sent)) == (await sent.group()).total_minor
        assert (await sent.group()).state == "refunded"
        await all_is_well(sent)

    @BOTH
    async def test_a_producer_without_money_owes_it_and_his_next_transfer_is_smaller(
        self, sent: Placed, stripe: Stripe, shop: TestShop
    ) -> None:
        await stripe.control("settings", reversal_from_pending=False)
        try:
            await refund(sent, await pieces(sent, "frantoio"))
            await shop.run_jobs()
        finally:
            await stripe.control("settings", reversal_from_pending=True)
        debt = (await recoveries(sent))[0]
        assert (debt.state, debt.left_minor) == ("owed", 1900 - 285)
        assert "balance_insufficient" in (debt.error or "")
        await all_is_well(sent)
        after = await place(stripe, shop, olio=1)
        await pay(after)
        await shop.run_jobs()
        debt = (await recoveries(sent))[0]
        part = 1900 - 285 + 590
        found = await stripe.get("/v1/transfers", transfer_group=after.number)
        assert [t["amount"] for t in found["data"]] == [part - (1900 - 285)]
        assert (debt.state, debt.netted_minor) == ("settled", 1900 - 285)
        await all_is_well(after)


class TestAgainstShipping:
    @BOTH
    async def test_calling_off_and_shipping_at_once_one_is_told(self, paid: Placed) -> None:
        """Either it leaves, or its money goes back: never both."""
        number = (await order_at(paid, "frantoio")).number
        bruno = Person(paid.shop.users["bruno@frantoio.example"], "Bruno", "", "producer", "it", 1)
        producer = paid.shop.producers["frantoio"]

        async def deed(do: Callable[..., Awaitable[bool]], *more: str) -> bool:
            async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
                return await do(db, await orders.at_desk(db, producer, number), bruno, *more)

        await deed(fulfilment.confirm)
        await deed(fulfilment.pack)
        wanted = await everything(paid, "frantoio", restock=True)
        done = await asyncio.gather(
            deed(fulfilment.ship, "van", ""),
            refund(paid, wanted, cancels=True, reason="staff_cancelled"),
            return_exceptions=True,
        )
        assert [isinstance(d, Conflict) for d in done].count(True) == 1
        state = (await order_at(paid, "frantoio")).state
        assert (state, len(await refunds(paid))) in {("shipped", 0), ("cancelled", 1)}
        await all_is_well(paid)

    @BOTH
    async def test_what_went_back_on_the_way_is_told_when_it_arrives(self, paid: Placed) -> None:
        number = (await order_at(paid, "frantoio")).number
        bruno = Person(paid.shop.users["bruno@frantoio.example"], "Bruno", "", "producer", "it", 1)

        async def deed(do: Callable[..., Awaitable[bool]], *more: str) -> bool:
            async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
                found = await orders.at_desk(db, paid.shop.producers["frantoio"], number)
                return await do(db, found, bruno, *more)

        await deed(fulfilment.confirm)
        await deed(fulfilment.pack)
        await deed(fulfilment.ship, "van", "")
        await refund(paid, await pieces(paid, "frantoio"))
        assert (await order_at(paid, "frantoio")).state == "shipped"
        assert await deed(fulfilment.deliver)
        assert (await order_at(paid, "frantoio")).state == "partially_refunded"
        assert not await deed(fulfilment.deliver)
        await refund(paid, await everything(paid, "frantoio"))
        assert (await order_at(paid, "frantoio")).state == "refunded"
        await all_is_well(paid)


class TestStates:
    async def test_an_order_on_its_way_says_so_only_when_it_has_arrived(self, paid: Placed) -> None:
        await refund(paid, await pieces(paid, "frantoio"))
        order = await order_at(paid, "frantoio")
        assert (order.state, order.lines[0].refunded_pieces, order.refunded_minor) == ("pending", 1, 1900)
        kinds = [e.kind for e in await paid.all_of(OrderEvent)]
        assert "refund_planned" in kinds

    @BOTH
    async def test_every_refund_has_its_journal(self, sent: Placed) -> None:
        made = await refund(sent, await pieces(sent, "frantoio"))
        await sent.shop.run_jobs()
        journals = [(j.kind, j.reference) for j in await sent.all_of(LedgerJournal) if j.kind.startswith("re")]
        assert ("refund", made.number) in journals
        assert [kind for kind, _reference in journals] == ["refund", "refund_sent", "reversal"] or [
            kind for kind, _reference in journals
        ] == ["refund", "reversal", "refund_sent"]


class TestNo:
    @BOTH
    async def test_more_than_is_left_is_refused_and_nothing_is_written(self, paid: Placed) -> None:
        await refund(paid, await everything(paid, "frantoio"))
        with pytest.raises(Refused):
            await refund(paid, await pieces(paid, "frantoio"))
        assert len(await refunds(paid)) == 1
        await all_is_well(paid)

    async def test_an_unpaid_order_has_nothing_to_give_back(self, order: Placed) -> None:
        with pytest.raises(Conflict):
            await refund(order, await pieces(order, "frantoio"))

    @BOTH
    async def test_asking_twice_with_one_key_makes_one(self, paid: Placed) -> None:
        first = await refund(paid, await pieces(paid, "frantoio"), key="the same")
        again = await refund(paid, await pieces(paid, "frantoio"), key="the same")
        assert first.id == again.id
        assert len(await refunds(paid)) == 1

    async def test_an_order_of_somebody_else_is_not_of_this_group(self, paid: Placed) -> None:
        with pytest.raises(Refused):
            await refund(paid, [Wanted(10**9, [Claim(1, 1)])])

    async def test_nothing_asked_is_nothing_done(self, paid: Placed) -> None:
        of = await order_at(paid, "frantoio")
        with pytest.raises(Refused):
            await refund(paid, [Wanted(of.id, [Claim(of.lines[0].id, 0)])])

    async def test_a_part_cannot_be_cancelled(self, paid: Placed) -> None:
        with pytest.raises(Refused):
            await refund(paid, await pieces(paid, "frantoio"), cancels=True)


class TestAtOnce:
    async def test_of_two_who_saw_the_same_one_is_told(self, paid: Placed) -> None:
        from app.commerce.refunds import queries

        seen, wanted = queries.mark(await paid.group()), await pieces(paid, "frantoio")
        done = await asyncio.gather(*(refund(paid, wanted, seen=seen) for _ in range(3)), return_exceptions=True)
        lost = [d for d in done if isinstance(d, Conflict)]
        assert len(lost) == 2
        assert "già cambiato o rimborsato" in lost[0].message
        assert len(await refunds(paid)) == 1
        await all_is_well(paid)

    async def test_two_who_ask_for_all_of_it_give_it_once(self, paid: Placed) -> None:
        wanted = await everything(paid)
        done = await asyncio.gather(*(refund(paid, wanted) for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(d, Refused) for d in done) == 2
        await paid.shop.run_jobs()
        assert await at_stripe(paid) == [(await paid.group()).total_minor]
        await all_is_well(paid)

    async def test_a_refund_against_the_transfer_being_sent(self, paid: Placed) -> None:
        from app.commerce.payments import transfers

        transfer = await transfer_of(paid, "frantoio")
        gateway = paid.stripe.gateway
        await asyncio.gather(
            transfers.send(paid.shop.database, paid.facts, gateway, transfer.id),
            refund(paid, await pieces(paid, "frantoio")),
            transfers.send(paid.shop.database, paid.facts, gateway, transfer.id),
        )
        await paid.shop.run_jobs()
        await paid.shop.run_jobs()
        transfer = await transfer_of(paid, "frantoio")
        assert transfer.withheld_minor + transfer.reversed_minor == 1900 - 285
        assert all(r.state == "settled" for r in await recoveries(paid))
        await all_is_well(paid)

    async def test_a_refund_while_stripe_is_asked_waits_and_reverses(self, paid: Placed) -> None:
        """The transfer is claimed, its amount stands: the refund may not change it any more."""
        from app.commerce.payments import transfers

        transfer = await transfer_of(paid, "frantoio")
        await transfers._claimed(paid.shop.database, paid.facts, transfer.id)
        await refund(paid, await pieces(paid, "frantoio"))
        assert (await transfer_of(paid, "frantoio")).withheld_minor == 0
        await all_is_well(paid)
        await paid.shop.run_jobs()
        await paid.shop.run_jobs()
        assert (await transfer_of(paid, "frantoio")).reversed_minor == 1900 - 285
        await all_is_well(paid)


async def test_withdrawn_deeds_leave_nothing_behind(paid: Placed) -> None:
    """Whoever asks within his own transaction can still think better of it."""
    ask = Ask(paid.id, await pieces(paid, "frantoio"), "withdrawal", "withdrawal:1")

    async def think_better() -> None:
        async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
            await requesting.request(db, paid.facts, ask, STAFF)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await think_better()
    assert await refunds(paid) == []
    assert (await paid.group()).refunded_minor == 0
    await all_is_well(paid)


@pytest.mark.parametrize(("step", "state", "used"), [("", "given_back", 0), ("shipped", "taken", 1)])
async def test_a_code_is_free_again_when_all_goes_back_before_it_has_left(
    paid: Placed, shop: TestShop, step: str, state: str, used: int
) -> None:
    promotion = await promote(shop, codes={"AUTUNNO": None})
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(PromotionUse(
            promotion_id=promotion, code_id=await db.scalar(select(PromotionCode.id)), group_id=paid.id,
            buyer="x", day=date(2026, 11, 21), discount_minor=0, shop_funded_minor=0, at=clock.now(),
        ))  # fmt: skip
        for scope in ("all", "buyer:x", "day:2026-11-21"):
            db.add(PromotionCount(promotion_id=promotion, scope=scope, used=1))
        await db.execute(update(PromotionCode).values(used=1).where(PromotionCode.promotion_id == promotion))
        if step:
            db.add(OrderEvent(group_id=paid.id, kind=step, to_state=step, actor="producer", at=clock.now()))
    await refund(paid, await everything(paid, "frantoio"))
    await paid.shop.run_jobs()
    assert [use.state for use in await uses_of(shop)] == ["taken"], "a part is not all"
    await refund(paid, await everything(paid, "caseificio"))
    await paid.shop.run_jobs()
    assert [use.state for use in await uses_of(shop)] == [state]
    assert set((await counted(shop, promotion)).values()) == {used}
    await all_is_well(paid)

    await paid.stripe.control(f"refunds/{(await refunds(paid))[0].stripe_id}/fail")
    await paid.stripe.deliver()
    await paid.shop.run_jobs()
    assert (await paid.group()).state == "paid", "its bank has sent the money back: it is due still"
    assert [use.state for use in await uses_of(shop)] == [state], "the order is over all the same"
    await all_is_well(paid)
