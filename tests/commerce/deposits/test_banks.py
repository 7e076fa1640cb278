"""What banks take back of deposits and balances: those that count, those paid twice, and those that go back anyway."""

import pytest
from sqlalchemy import select

from app.commerce.disputes import following
from app.commerce.disputes.models import Dispute
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import sessions, settling
from app.commerce.payments.models import BALANCE, DEPOSIT, Payment, Recovery
from app.commerce.refunds import cancelling
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.deposits.props import (
    AHEAD,
    REST,
    Ordered,
    all_is_well,
    on_shelf,
    order_piece,
    sell_with_deposit,
)
from tests.commerce.test_checkout import press, to_review
from tests.commerce.weighing.props import found
from tests.stripe import Stripe


@pytest.fixture
async def ordered(shop: TestShop, anna: Browser, stripe: Stripe) -> Ordered:
    """The deposit is paid."""
    await sell_with_deposit(shop)
    return await order_piece(anna, shop, stripe)


@pytest.fixture
async def twice(shop: TestShop, anna: Browser, stripe: Stripe) -> tuple[Ordered, str]:
    """The deposit is paid, and a second page for it is open; that one's Session."""
    await sell_with_deposit(shop)
    await to_review(anna, shop, "formaggio")
    first = (await press(anna)).headers["location"].rpartition("/")[2]
    ordered = Ordered(**vars(await found(shop, stripe)))
    second = await another_page(ordered, DEPOSIT)
    await stripe.pay(first)
    await ordered.news()
    return ordered, second


async def another_page(ordered: Ordered, part: str) -> str:
    """The end of the page that is open was told wrongly; the next one's Session."""
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        (await db.merge((await ordered.payments(part))[-1])).state = "expired"
    base = f"http://{ordered.shop.host}"
    url = await sessions.open_session(
        ordered.shop.database, ordered.facts, ordered.stripe.gateway, ordered.id, base_url=base
    )
    return url.rpartition("/")[2]


async def lose(ordered: Ordered, payment: Payment) -> str:
    """The bank takes it back for good; the dispute's id. Nobody has heard of it yet."""
    dispute = await ordered.stripe.control("disputes", session=payment.session_id)
    await ordered.stripe.control(f"disputes/{dispute['id']}/close", outcome="lost")
    return str(dispute["id"])


async def follow(ordered: Ordered, dispute: str) -> None:
    await following.follow(ordered.shop.database, ordered.facts, ordered.stripe.gateway, dispute)


async def night(ordered: Ordered) -> None:
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        add_job(db, "disputes.refresh")
    await ordered.shop.run_jobs()


async def call_off(ordered: Ordered) -> None:
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        await cancelling.by_buyer(db, ordered.facts, ordered.id, (await ordered.cheese()).number, None)


async def sums(ordered: Ordered) -> list[int]:
    return [await ordered.account(name) for name in ("disputed", "deposits", "refund_due", "dispute_loss")]


async def test_a_deposit_paid_twice_whose_second_the_bank_takes_back_ends_nothing(twice: tuple[Ordered, str]) -> None:
    ordered, second = twice
    await ordered.stripe.pay(second)
    late = next(p for p in await ordered.payments(DEPOSIT) if p.session_id == second)
    await settling.settle_payment(ordered.shop.database, ordered.facts, ordered.stripe.gateway, late)
    await follow(ordered, await lose(ordered, late))
    await ordered.news()
    assert ((await ordered.group()).state, (await ordered.cheese()).state) == ("deposited", "pending")
    assert (await on_shelf(ordered.shop, "formaggio"), await ordered.account("deposits")) == (1, -AHEAD)
    await all_is_well(ordered.shop)


async def test_a_second_page_does_not_revive_what_the_bank_has_ended(twice: tuple[Ordered, str]) -> None:
    ordered, second = twice
    dispute = await lose(ordered, next(p for p in await ordered.payments(DEPOSIT) if p.state == "paid"))
    await ordered.stripe.pay(second)
    await follow(ordered, dispute)
    assert (await ordered.group()).state == "cancelled"
    await ordered.news()
    late = next(p for p in await ordered.payments(DEPOSIT) if p.session_id == second)
    assert ((await ordered.group()).state, (await ordered.cheese()).state) == ("refunded", "cancelled")
    assert (await ordered.at_stripe(late), await sums(ordered)) == ([AHEAD], [0, 0, 0, 0])
    await all_is_well(ordered.shop)


@pytest.mark.parametrize("heard", ["before", "after"])
async def test_a_deposit_that_is_due_and_that_the_bank_gives_back_is_due_no_more(ordered: Ordered, heard: str) -> None:
    """Stripe gives nothing back of what is contested; whichever of the two is heard of first."""
    deposit = await ordered.deposit()
    dispute = await lose(ordered, deposit)
    await call_off(ordered)
    if heard == "before":
        await follow(ordered, dispute)
        await ordered.shop.run_jobs()
        assert await sums(ordered) == [0, 0, -AHEAD, AHEAD]
        await night(ordered)
    else:
        await ordered.shop.run_jobs()
        assert (await ordered.deposit()).failure
    await ordered.news()
    assert ((await ordered.group()).state, (await ordered.deposit()).state) == ("refunded", "refunded")
    assert (await sums(ordered), await ordered.at_stripe(deposit)) == ([0, 0, 0, 0], [])
    await all_is_well(ordered.shop)


async def test_of_a_balance_paid_twice_the_producer_bears_nothing(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    first = await ordered.go_and_pay(anna)
    second = await another_page(ordered, BALANCE)
    for session in (first, second):
        await stripe.pay(session)
    late = next(p for p in await ordered.payments(BALANCE) if p.session_id == second)
    await lose(ordered, late)
    await ordered.news()
    await night(ordered)
    async with ordered.shop.database.session(ordered.shop.id) as db:
        assert list(await db.scalars(select(Recovery))) == []
        assert (await db.get_one(OrderGroup, ordered.id)).state == "paid"
    assert (await ordered.account("dispute_loss"), await ordered.account("refund_due")) == (0, 0)
    assert late.amount_minor == REST
    await all_is_well(ordered.shop)


async def lose_a_part(ordered: Ordered, amount: int) -> str:
    payment = await ordered.deposit()
    dispute = await ordered.stripe.control("disputes", session=payment.session_id, amount=amount)
    await ordered.stripe.control(f"disputes/{dispute['id']}/close", outcome="lost")
    await follow(ordered, str(dispute["id"]))
    return str(dispute["id"])


async def bearer(ordered: Ordered) -> str | None:
    async with ordered.shop.database.session(ordered.shop.id) as db:
        return (await db.scalars(select(Dispute))).one().borne_by


async def test_a_part_of_an_open_deposit_is_nobodys_loss_until_the_balance_comes(
    ordered: Ordered, anna: Browser, carlo: Browser
) -> None:
    await lose_a_part(ordered, 300)
    assert (await ordered.account("disputed"), await ordered.account("dispute_loss")) == (300, 0)
    assert await bearer(ordered) is None
    await all_is_well(ordered.shop)

    await ordered.make(carlo)
    await ordered.stripe.pay(await ordered.go_and_pay(anna))
    await ordered.news()

    assert await bearer(ordered) == "producer"
    assert await ordered.account("disputed") == 0
    async with ordered.shop.database.session(ordered.shop.id) as db:
        given = [row.amount_minor for row in await db.scalars(select(Recovery))]
    assert sum(given) + await ordered.account("dispute_loss") == 300
    assert given
    await all_is_well(ordered.shop)


async def test_called_off_so_much_less_goes_back(ordered: Ordered) -> None:
    await lose_a_part(ordered, 300)
    await all_is_well(ordered.shop)

    await call_off(ordered)
    await ordered.shop.run_jobs()

    payment = await ordered.deposit()
    assert (payment.amount_minor, payment.lost_minor) == (AHEAD - 300, 300)
    assert await bearer(ordered) == "buyer"
    assert (await ordered.account("disputed"), await ordered.account("dispute_loss")) == (0, 0)
    assert await ordered.account("deposits") == 0
    await all_is_well(ordered.shop)


async def test_half_of_it_called_off_is_not_taken_for_the_half_that_the_bank_gave(
    ordered: Ordered, dora: Browser
) -> None:
    """Stripe gives nothing back of a lost charge: the other half stays due to the buyer, until staff give it."""
    await lose_a_part(ordered, AHEAD // 2)
    await call_off(ordered)
    await ordered.shop.run_jobs()
    await night(ordered)

    payment = await ordered.deposit()
    assert (payment.state, payment.amount_minor) == ("late", AHEAD // 2)
    assert payment.failure
    assert await ordered.account("refund_due") == -(AHEAD // 2)
    await all_is_well(ordered.shop)
    await dora.get("/amministrazione/rimborsi")
    for _twice in range(2):
        await dora.post(f"/amministrazione/rimborsi/tardivi/{payment.id}/bonifico")
    assert (await ordered.deposit()).state == "refunded"
    assert (await ordered.account("refund_due"), await ordered.account("bank")) == (0, -(AHEAD // 2))
    await all_is_well(ordered.shop)
