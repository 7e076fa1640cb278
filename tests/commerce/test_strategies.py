"""A shop whose carts have one producer has charges go to his account at once; every cent is where it was before."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.catalog import stock
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import attempts, settling, transfers
from app.commerce.payments.models import Payment, Recovery, Transfer
from app.commerce.payments.outcomes import Outcome
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.disputes.test_following import follow
from tests.commerce.props import Placed, all_is_well, place, settle
from tests.commerce.reconciliation.test_comparing import compare, sums
from tests.commerce.refunds.props import amount, everything, jobs, pay, pieces, refund
from tests.commerce.sold import audits
from tests.commerce.strategy import DESTINATION, SEPARATE, prefer_destination
from tests.stripe import Stripe

FEE, PART = 570, 3820  # 15 % of 2 × 1900; the rest, and 590 for the parcel
WHOLE = FEE + PART
PIECE = 1900 - 285  # the mill's part of a bottle
STRIPES = 91  # 1.5 % and 0.25 EUR


@pytest.fixture
async def direct(stripe: Stripe, shop: TestShop) -> TestShop:
    """A shop that has chosen destination charges."""
    await prefer_destination(shop)
    return shop


@pytest.fixture
async def oil(stripe: Stripe, direct: TestShop) -> Placed:
    return await place(stripe, direct, olio=2)


async def asked(order: Placed, path: str = "/v1/checkout/sessions") -> dict[str, Any]:
    """What Stripe was asked for last."""
    found = [r for r in (await order.stripe.look("requests"))["data"] if (r["method"], r["path"]) == ("POST", path)]
    params: dict[str, Any] = found[-1]["params"]
    return params


async def holds(stripe: Stripe, shop: TestShop) -> dict[str, int]:
    """What the platform and each producer's account hold at Stripe, pending or not."""
    found: dict[str, int] = {}
    for row in (await stripe.look("state"))["ledger"]:
        owner = row["owner"].removeprefix(f"acct_test_{shop.id}_")
        if owner != "outside":
            found[owner] = found.get(owner, 0) + row["amount"]
    return {owner: amount for owner, amount in found.items() if amount}


class TestAsking:
    async def test_the_charge_names_the_producers_account_and_what_we_keep(self, oil: Placed) -> None:
        await oil.open()
        data = (await asked(oil))["payment_intent_data"]
        assert data["transfer_data"] == {"destination": f"acct_test_{oil.shop.id}_frantoio"}
        assert int(data["application_fee_amount"]) == FEE
        payment = await oil.payment()
        assert (payment.destination, payment.application_fee_minor) == (data["transfer_data"]["destination"], FEE)

    async def test_nothing_is_asked_otherwise_where_the_shop_has_not_chosen_it(
        self, stripe: Stripe, shop: TestShop
    ) -> None:
        order = await place(stripe, shop, olio=2)
        await order.open()
        assert set((await asked(order))["payment_intent_data"]) == {"metadata", "transfer_group"}
        assert (await order.payment()).destination is None

    async def test_several_producers_are_paid_by_transfers(self, stripe: Stripe, direct: TestShop) -> None:
        order = await buy(await place(stripe, direct, olio=2, squacquerone=1))
        assert "transfer_data" not in (await asked(order))["payment_intent_data"]
        assert [t.to_send_minor for t in await order.all_of(Transfer)] == [PART, 1006]
        assert await holds(stripe, direct) == {"platform": 644 - 107, "frantoio": PART, "caseificio": 1006}

    async def test_where_the_card_pays_less_than_the_producer_is_due_a_transfer_does(
        self, stripe: Stripe, direct: TestShop
    ) -> None:
        order = await place(stripe, direct, olio=2)
        for from_credit, is_direct in ((FEE, True), (FEE + 1, False)):
            async with direct.database.session(direct.id) as db, transaction(db):
                group = await db.get_one(OrderGroup, order.id)
                group.credit_minor = from_credit
                payment = await attempts.prepare(db, group, prefers_destination=True)
                assert (payment.destination is not None, payment.application_fee_minor) == (is_direct, 0), from_credit

    async def test_stripes_no_to_the_account_costs_the_buyer_nothing(self, oil: Placed) -> None:
        await oil.stripe.control("accounts", id=f"acct_test_{oil.shop.id}_frantoio", transfers="pending")
        assert await oil.open()
        assert "transfer_data" not in (await asked(oil))["payment_intent_data"]
        assert {p.state for p in await oil.all_of(Payment)} == {"failed", "open"}
        await pay(oil)
        await jobs(oil.shop)
        assert [t.error for t in await oil.all_of(Transfer)] == ["insufficient_capabilities_for_transfer"]
        await all_is_well(oil)
        await oil.stripe.control("refusals/clear")

    async def test_who_owes_is_paid_by_a_transfer_that_keeps_it_back(self, oil: Placed) -> None:
        await buy(oil)
        await oil.stripe.control("day", days=8)  # his part has gone to his bank
        await refund(oil, await pieces(oil, "frantoio"))
        await jobs(oil.shop)
        assert [r.state for r in await oil.all_of(Recovery)] == ["owed"]
        later = await buy(await place(oil.stripe, oil.shop, olio=2))
        assert (await later.payment()).destination is None
        assert [t.withheld_minor for t in await later.all_of(Transfer)] == [0, PIECE]
        await all_is_well(later)

    async def test_our_own_page_asks_for_the_same(self, stripe: Stripe, shop: TestShop) -> None:
        await prefer_destination(shop, page=True)
        order = await place(stripe, shop, olio=2)
        await order.open()
        data = await asked(order, "/v1/payment_intents")
        assert data["transfer_data"] == {"destination": f"acct_test_{shop.id}_frantoio"}
        assert int(data["application_fee_amount"]) == FEE
        intent = (await order.payment()).intent_id or ""
        async with shop.database.session(shop.id) as db, transaction(db):
            (await db.get_one(OrderGroup, order.id)).credit_minor = 100
        await order.open()
        assert (await stripe.get(f"/v1/payment_intents/{intent}"))["application_fee_amount"] == FEE - 100
        async with shop.database.session(shop.id) as db, transaction(db):
            (await db.get_one(OrderGroup, order.id)).credit_minor = FEE + 1
        await order.open()
        assert (await stripe.get(f"/v1/payment_intents/{intent}"))["status"] == "canceled"
        assert (await order.payment()).destination is None


class TestPaying:
    async def test_the_transfer_is_read_at_stripe_and_nothing_is_sent(self, oil: Placed) -> None:
        await pay(oil)
        (waiting,) = await oil.all_of(Transfer)
        assert (waiting.state, waiting.to_send_minor) == ("sending", PART)
        await all_is_well(oil)
        await jobs(oil.shop)
        (transfer,) = await oil.all_of(Transfer)
        (there,) = (await oil.stripe.get("/v1/transfers"))["data"]
        assert (transfer.state, transfer.stripe_id, there["amount"]) == ("sent", there["id"], WHOLE)
        posted = [r["path"] for r in (await oil.stripe.look("requests"))["data"] if r["method"] == "POST"]
        assert posted == ["/v1/checkout/sessions"]
        await all_is_well(oil)

    async def test_a_job_that_dies_half_way_reads_it_again(self, oil: Placed) -> None:
        await pay(oil)
        await oil.stripe.break_down("500", "/v1/charges/*", count=9)
        await jobs(oil.shop)
        assert [t.state for t in await oil.all_of(Transfer)] == ["sending"]
        await oil.stripe.repair()
        (transfer,) = await oil.all_of(Transfer)
        for _twice in range(2):
            await transfers.send(oil.shop.database, oil.facts, oil.stripe.gateway, transfer.id)
        assert [t.state for t in await oil.all_of(Transfer)] == ["sent"]
        await all_is_well(oil)


class TestTooLate:
    async def late(self, order: Placed) -> str:
        """The goods were given back although the page could still be paid, and somebody else has them."""
        session = await order.session_id()
        async with order.shop.database.session(order.shop.id) as db, transaction(db):
            group = await settling.queries.locked_group(db, order.id)
            await settling.cancel(db, group, "expired", settling.STRIPE)
            await stock.hold(db, "somebody-else", {order.shop.stock_items["olio"]: 11}, clock.now())
        await order.stripe.pay(session)
        return session

    async def test_it_is_taken_back_from_the_producer_and_given_back_to_the_buyer(self, oil: Placed) -> None:
        await self.late(oil)
        assert await settle(oil) == Outcome.LATE
        await all_is_well(oil)
        await jobs(oil.shop)
        assert [(r.kind, r.reversed_minor, r.state) for r in await oil.all_of(Recovery)] == [("late", PART, "settled")]
        assert [p.state for p in await oil.all_of(Payment)] == ["refunded"]
        assert await oil.all_of(Transfer) == []
        assert await holds(oil.stripe, oil.shop) == {"platform": -STRIPES}
        await all_is_well(oil)
        assert (await compare(oil)).findings == []

    async def test_the_buyer_does_not_wait_for_a_producer_who_has_it_at_his_bank(self, oil: Placed) -> None:
        await self.late(oil)
        await oil.stripe.control("day", days=8)
        assert await settle(oil) == Outcome.LATE
        await jobs(oil.shop)
        assert [(r.left_minor, r.state) for r in await oil.all_of(Recovery)] == [(PART, "owed")]
        assert [p.state for p in await oil.all_of(Payment)] == ["refunded"]
        await all_is_well(oil)
        assert (await compare(oil)).findings == []

    async def test_a_second_payment_leaves_the_first_one_alone(self, oil: Placed) -> None:
        first = await oil.session_id()
        async with oil.shop.database.session(oil.shop.id) as db, transaction(db):
            (await db.get_one(Payment, (await oil.payment()).id)).state = "expired"
        second = await oil.session_id()
        for session in (first, second):
            await oil.stripe.pay(session)
            await settling.settle(oil.shop.database, oil.facts, oil.stripe.gateway, session)
        await refund(oil, await pieces(oil, "frantoio"))
        await jobs(oil.shop)
        back = sorted((r.kind, r.reversed_minor) for r in await oil.all_of(Recovery))
        assert back == [("late", PART), ("refund", PIECE)]
        assert (await holds(oil.stripe, oil.shop))["frantoio"] == PART - PIECE
        await all_is_well(oil)
        assert (await compare(oil)).findings == []


STORIES: dict[str, Callable[[Placed], Awaitable[None]]] = {}


def story(deed: Callable[[Placed], Awaitable[None]]) -> Callable[[Placed], Awaitable[None]]:
    STORIES[deed.__name__] = deed
    return deed


@story
async def sold(order: Placed) -> None:
    """Nothing more."""


@story
async def one_piece_back(order: Placed) -> None:
    await refund(order, await pieces(order, "frantoio"))


@story
async def odd_cents_back(order: Placed) -> None:
    for minor in (333, 1, 77):
        await refund(order, await amount(order, minor))
        await jobs(order.shop)


@story
async def all_back(order: Placed) -> None:
    await refund(order, await everything(order, "frantoio"))


@story
async def all_back_after_the_payout(order: Placed) -> None:
    await order.stripe.control("day", days=8)
    await refund(order, await everything(order, "frantoio"))


@story
async def contested_and_lost(order: Placed) -> None:
    dispute = await contest(order)
    await end(order, dispute, "lost")
    await follow(order, dispute)


@story
async def contested_and_won(order: Placed) -> None:
    dispute = await contest(order)
    await end(order, dispute, "won")
    await follow(order, dispute)


@pytest.mark.parametrize("told", STORIES)
async def test_both_strategies_end_with_the_same_cents(
    told: str, stripe: Stripe, shop: TestShop, other_shop: TestShop
) -> None:
    ends = []
    for strategy, stage in ((SEPARATE, shop), (DESTINATION, other_shop)):
        await stripe.forget()
        await stripe.open_accounts(stage)
        if strategy == DESTINATION:
            await prefer_destination(stage)
        order = await buy(await place(stripe, stage, olio=2))
        assert ((await order.payment()).destination is None) == (strategy == SEPARATE)
        await STORIES[told](order)
        await jobs(stage)
        await all_is_well(order)
        assert (await compare(order)).findings == []
        booked = await sums(order)
        assert booked.pop("application_fees", 0) == 0, "they only pass through"
        ends.append((booked, await holds(stripe, stage)))
    assert ends[0] == ends[1]


async def test_admins_choose_it_with_the_ways_to_pay(shop: TestShop) -> None:
    here = "/amministrazione/pagamenti"
    async with shop.browser() as ada:
        await ada.sign_in("ada@tavola.example")
        before = await ada.get(here)
        assert [box.attributes["value"] for box in before.all("input[name='charges'][checked]")] == ["separate"]
        wrong = await ada.post(here, {"page": "checkout", "charges": "direct"})
        assert (wrong.status_code, bool(wrong.one("#charges-error"))) == (422, True)
        for _twice in range(2):
            after = await ada.follow(await ada.post(here, {"page": "checkout", "charges": "destination"}))
        assert [box.attributes["value"] for box in after.all("input[name='charges'][checked]")] == ["destination"]
    [entry] = [entry for entry in await audits(shop) if entry.action == "payments.ways.choose"]
    assert (entry.before["destination"], entry.after["destination"]) == (False, True)


async def test_staff_see_in_the_order_where_its_money_went(oil: Placed, dora: Browser) -> None:
    await buy(oil)
    page = await dora.get(f"/amministrazione/ordini/{oil.number}")
    assert page.says("sul conto del produttore")
    assert page.says("trattenuti 5,70 €")
    assert page.says("Trattenuta in rientro dal produttore")
