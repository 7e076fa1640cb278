"""Days that go wrong: paid twice, paid late, declined, called off, never paid, contested, given back."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.deposits import calling_off
from app.commerce.orders.states import Actor
from app.commerce.payments import sweep
from app.commerce.payments.models import BALANCE, LedgerJournal
from app.commerce.payments.outcomes import Outcome
from app.commerce.reconciliation import comparing
from app.commerce.reconciliation.models import Movement
from app.commerce.refunds import cancelling, plan, queries, requesting, sending
from app.commerce.refunds.models import Refund
from app.commerce.refunds.requesting import Ask
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.shops.models import NumberSeries
from tests.cast import Browser, TestShop
from tests.commerce.deposits.props import (
    AHEAD,
    REST,
    TOTAL,
    Ordered,
    all_is_well,
    on_shelf,
    order_piece,
    order_whole,
    sell_with_deposit,
)
from tests.commerce.sold import audits, mails
from tests.stripe import Stripe


@pytest.fixture
async def ordered(shop: TestShop, anna: Browser, stripe: Stripe) -> Ordered:
    """The deposit is paid."""
    await sell_with_deposit(shop)
    return await order_piece(anna, shop, stripe)


@pytest.fixture
async def whole(shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe) -> Ordered:
    """The balance too."""
    await sell_with_deposit(shop)
    return await order_whole(anna, carlo, shop, stripe)


async def give_back(ordered: Ordered, minor: int, **how: str) -> Refund:
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        group = await requesting.lock(db, ordered.id)
        wanted = plan.amount(await queries.facts(db, group), minor, delivery=True)
        ask = Ask(ordered.id, wanted, "damaged", ids.token(), **how)
        return await requesting.request(db, ordered.facts, ask, Actor("staff", 1))


async def test_a_balance_is_paid_once_however_often_its_news_come(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    first = await ordered.go_and_pay(anna)
    assert await ordered.go_and_pay(anna) == first, "the page that is open opens again"
    await stripe.pay(first)
    page = await anna.get(f"/cassa/esito/{ordered.number}?chiave={ordered.key}")  # the return comes before the webhook
    assert page.headers["location"].startswith(f"/ordini/{ordered.number}")
    assert (await ordered.group()).state == "paid"
    await stripe.control("webhooks/duplicate")
    await ordered.news()
    assert await ordered.settle(await ordered.balance()) == Outcome.PAID
    answer = await anna.post(f"/ordini/{ordered.number}/saldo?chiave={ordered.key}")
    assert answer.headers["location"].startswith("/ordini/"), "there is nothing left to pay"
    assert [p.state for p in await ordered.payments(BALANCE)] == ["paid"]
    assert await ordered.account("stripe_balance") == TOTAL
    await all_is_well(ordered.shop)


async def test_a_balance_page_that_stripe_could_not_open_ends_with_its_time(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    await stripe.break_down("cut", "/v1/checkout/sessions", count=9)
    await ordered.go_and_pay(anna)
    await stripe.repair()
    assert [p.state for p in await ordered.payments(BALANCE)] == ["new"]

    with clock.shifted(timedelta(hours=1)):
        await sweep.sweep(ordered.shop.database, ordered.facts, stripe.gateway)

    assert [p.state for p in await ordered.payments(BALANCE)] == ["expired"]
    assert (await ordered.group()).state == "deposited"
    await stripe.pay(await ordered.go_and_pay(anna))
    await ordered.news()
    assert (await ordered.group()).state == "paid"
    await all_is_well(ordered.shop)


async def test_two_pages_that_are_both_paid_give_the_second_balance_back(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    first = await ordered.go_and_pay(anna)
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        (await db.merge(await ordered.balance())).state = "expired"  # its end was told wrongly
    second = await ordered.go_and_pay(anna)
    assert second != first
    await stripe.pay(first)
    await stripe.pay(second)
    await ordered.news()
    assert sorted(p.state for p in await ordered.payments(BALANCE)) == ["paid", "refunded"]
    assert len(await mails(ordered.shop, "refund.paid_twice")) == 1
    await all_is_well(ordered.shop)


async def test_a_declined_card_and_a_page_that_ended_leave_the_order_as_it_is(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    first = await ordered.go_and_pay(anna)
    await stripe.control(f"sessions/{first}/decline")
    page = await anna.get(f"/cassa/annullato/{ordered.number}?chiave={ordered.key}")
    assert page.says("l’acconto è già pagato: il saldo puoi pagarlo quando vuoi")
    assert page.says("del saldo non ti abbiamo addebitato nulla")
    assert page.says("19,40\xa0€")
    await stripe.control(f"sessions/{first}/expire")
    await ordered.news()
    assert ((await ordered.group()).state, (await ordered.balance()).state) == ("deposited", "expired")
    second = await ordered.go_and_pay(anna)
    await stripe.pay(second)
    await ordered.news()
    assert ((await ordered.group()).state, second != first) == ("paid", True)
    await all_is_well(ordered.shop)


async def test_the_buyer_calls_off_what_is_not_paid_whole_and_has_all_of_the_deposit(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    """He could withdraw from the contract until the cheese is with him; a page of his that is open is closed."""
    await ordered.make(carlo)
    session = await ordered.go_and_pay(anna)
    here = f"/ordini/{ordered.number}/annullamento/{(await ordered.cheese()).number}?chiave={ordered.key}"
    assert (await anna.get(ordered.link)).says("Finché non hai pagato il saldo puoi annullarlo")
    assert (await anna.get(here)).says("l’acconto di 9,00\xa0€ torna tutto")
    await anna.post(here)
    await ordered.news()
    group, deposit = await ordered.group(), await ordered.deposit()
    assert (group.state, deposit.state, (await ordered.cheese()).state) == ("refunded", "refunded", "cancelled")
    assert (await ordered.at_stripe(deposit), await on_shelf(ordered.shop, "formaggio")) == ([AHEAD], 2)
    assert (await ordered.account("deposits"), await ordered.account("refund_due")) == (0, 0)
    assert (await stripe.get(f"/v1/checkout/sessions/{session}"))["status"] == "expired"
    assert (await anna.get(ordered.link)).says("L’acconto è tornato sul metodo di pagamento che hai usato")
    assert any("9,00\xa0€" in mail.text for mail in await mails(ordered.shop, "deposit.called_off"))
    assert (await anna.post(here)).status_code == 409
    await all_is_well(ordered.shop)


async def test_a_balance_that_comes_after_the_order_was_called_off_goes_back(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    session = await ordered.go_and_pay(anna)
    await stripe.pay(session)  # and nobody has told us yet
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        await cancelling.by_buyer(db, ordered.facts, ordered.id, (await ordered.cheese()).number, None)
    await ordered.news()
    deposit, balance = await ordered.deposit(), await ordered.balance()
    assert (deposit.state, balance.state, (await ordered.group()).state) == ("refunded", "refunded", "refunded")
    assert (await ordered.at_stripe(deposit), await ordered.at_stripe(balance)) == ([AHEAD], [REST])
    assert len(await mails(ordered.shop, "deposit.late")) == 1
    await all_is_well(ordered.shop)


async def test_of_calling_off_and_paying_at_once_one_comes_first(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    await stripe.pay(await ordered.go_and_pay(anna))
    number, balance = (await ordered.cheese()).number, await ordered.balance()

    async def call_off() -> None:
        async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
            await cancelling.by_buyer(db, ordered.facts, ordered.id, number, None)

    await asyncio.gather(call_off(), ordered.settle(balance), return_exceptions=True)
    await ordered.news()
    kept = (await ordered.group()).state == "paid"
    assert (await ordered.group()).state in {"paid", "refunded"}
    assert await ordered.at_stripe(await ordered.deposit()) == ([] if kept else [AHEAD])
    assert await ordered.at_stripe(await ordered.balance()) == ([] if kept else [REST])
    assert await on_shelf(ordered.shop, "formaggio") == (1 if kept else 2)
    await all_is_well(ordered.shop)


async def test_once_the_balance_is_paid_it_is_too_late_to_call_off_like_that(whole: Ordered, anna: Browser) -> None:
    here = f"/ordini/{whole.number}/annullamento/{(await whole.cheese()).number}?chiave={whole.key}"
    assert (await anna.post(here)).status_code == 409
    assert (await whole.group()).state == "paid"


async def test_what_is_made_to_measure_can_be_called_off_only_until_it_is_confirmed(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop, withdrawal="art59_c")
    ordered = await order_piece(anna, shop, stripe)
    here = f"/ordini/{ordered.number}/annullamento/{(await ordered.cheese()).number}?chiave={ordered.key}"
    assert (await anna.get(here)).all(".page form button")
    await carlo.post(f"/banco/ordini/{(await ordered.cheese()).number}/conferma")
    assert (await anna.post(here)).status_code == 409
    assert (await ordered.group()).state == "deposited"


async def test_who_does_not_pay_is_reminded_twice_and_after_thirty_days_the_producer_may_call_off(
    ordered: Ordered, carlo: Browser
) -> None:
    await ordered.make(carlo)
    here = f"/banco/ordini/{(await ordered.cheese()).number}/annullamento"
    for days, reminders in ((2, 0), (3, 1), (4, 1), (10, 2), (29, 2)):
        await ordered.days_pass(days)
        assert len(await mails(ordered.shop, "deposit.remind")) == reminders
    early = await carlo.post(here, {"note": "Lo vuole un altro"})
    assert (early.status_code, early.says("trenta giorni")) == (409, True)
    assert await mails(ordered.shop, "deposit.overdue") == []
    await ordered.days_pass(30)
    await ordered.days_pass(31)
    assert "carlo@caseificio.example" in [mail.recipient for mail in await mails(ordered.shop, "deposit.overdue")]
    assert (await carlo.post(here, {"note": "Non hai pagato il saldo"})).status_code == 303
    await ordered.news()
    assert (await ordered.group()).state == "refunded"
    told = [m for m in await mails(ordered.shop, "deposit.called_off") if m.recipient == "Anna@posta.example"]
    assert "Non hai pagato il saldo" in told[0].text
    await all_is_well(ordered.shop)


async def test_staff_call_off_at_any_time_with_a_word_to_the_buyer(
    ordered: Ordered, dora: Browser, carlo: Browser
) -> None:
    await ordered.make(carlo)
    here = f"/amministrazione/ordini/{ordered.number}/acconto"
    assert (await dora.get(f"/amministrazione/ordini/{ordered.number}")).all(f"a[href='{here}']")
    wrong = await dora.post(here, {"note": "x" * 2001})
    assert wrong.status_code == 422, wrong.text[:3000]
    assert wrong.one("textarea[name='note']").text().strip() == "x" * 2001
    assert (await dora.post(here, {"note": "Il caseificio ha avuto un incendio"})).status_code == 303
    assert (await dora.post(here, {"note": "di nuovo"})).status_code == 409
    await ordered.news()
    assert ((await ordered.group()).state, await ordered.at_stripe(await ordered.deposit())) == ("refunded", [AHEAD])
    assert [entry.actor_role for entry in await audits(ordered.shop) if entry.action == "order.cancelled"] == ["staff"]
    assert (await carlo.get(here)).status_code == 403
    await all_is_well(ordered.shop)


async def test_a_refund_goes_back_to_the_balance_first_and_then_to_the_deposit(whole: Ordered) -> None:
    deposit, balance = await whole.deposit(), await whole.balance()
    await give_back(whole, 1000)
    await whole.shop.run_jobs()
    assert (await whole.at_stripe(balance), await whole.at_stripe(deposit)) == ([1000], [])
    await all_is_well(whole.shop)
    both = await give_back(whole, 1200)
    assert (both.card_minor, both.beside_minor, both.amount_minor) == (REST - 1000, 260, 1200)
    await all_is_well(whole.shop)
    await whole.shop.run_jobs()
    assert (sorted(await whole.at_stripe(balance)), await whole.at_stripe(deposit)) == ([940, 1000], [260])
    (told,) = [m for m in await mails(whole.shop, "refund.decided") if both.number in m.reference]
    assert "9,40\xa0€ sul metodo di pagamento che hai usato" in told.text
    assert "2,60\xa0€ sul metodo di pagamento con cui hai pagato l’acconto" in told.text
    await give_back(whole, TOTAL - 2200)
    await whole.shop.run_jobs()
    assert sorted(await whole.at_stripe(deposit)) == [260, AHEAD - 260]
    assert ((await whole.group()).state, (await whole.cheese()).state) == ("refunded", "refunded")
    assert await whole.account("refund_due") == 0
    await all_is_well(whole.shop)


async def test_a_whole_refund_asks_stripe_twice_and_survives_a_lost_answer(whole: Ordered, stripe: Stripe) -> None:
    await stripe.break_down("500", "/v1/refunds", count=1, when="after")
    await give_back(whole, TOTAL)
    await whole.shop.run_jobs()
    await stripe.repair()
    for refund in await whole.refunds():
        await sending.send(whole.shop.database, whole.facts, stripe.gateway, refund.id)
    assert await whole.at_stripe(await whole.balance()) == [REST]
    assert await whole.at_stripe(await whole.deposit()) == [AHEAD]
    assert (await whole.group()).state == "refunded"
    await all_is_well(whole.shop)


async def test_what_the_deposits_card_will_not_take_goes_another_way(whole: Ordered, dora: Browser) -> None:
    await give_back(whole, TOTAL)
    await whole.shop.run_jobs()
    beside = next(refund for refund in await whole.refunds() if refund.main_id is not None)
    await whole.stripe.control(f"refunds/{beside.stripe_id}/fail")
    await whole.news()
    assert (await whole.group()).state == "paid", "nine euros are due still"
    assert -(await whole.account("refund_due")) == AHEAD
    await all_is_well(whole.shop)
    page = await dora.get(f"/amministrazione/rimborsi/{beside.number}")
    assert page.says("9,00\xa0€ sono ancora da restituire")
    await dora.post(f"/amministrazione/rimborsi/{beside.number}/bonifico")
    await whole.shop.run_jobs()
    assert ((await whole.group()).state, await whole.account("refund_due")) == ("refunded", 0)
    await all_is_well(whole.shop)


@pytest.mark.parametrize("part", ["deposit", "balance"])
async def test_while_a_bank_contests_one_payment_nothing_is_given_back(whole: Ordered, part: str) -> None:
    payment = await (whole.deposit() if part == "deposit" else whole.balance())
    dispute = await whole.stripe.control("disputes", session=payment.session_id)
    await whole.news()
    with pytest.raises(Conflict):
        await give_back(whole, 100)
    await whole.stripe.control(f"disputes/{dispute['id']}/close", outcome="lost")
    await whole.news()
    assert await whole.account("disputed") == 0
    await all_is_well(whole.shop)


async def test_a_deposit_that_the_bank_takes_back_ends_the_order(ordered: Ordered, anna: Browser) -> None:
    deposit = await ordered.deposit()
    dispute = await ordered.stripe.control("disputes", session=deposit.session_id)
    await ordered.news()
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        group = await requesting.lock(db, ordered.id)
        with pytest.raises(Conflict):
            await calling_off.call_off(db, group, group.orders[0], Actor("staff", 1))
    await ordered.stripe.control(f"disputes/{dispute['id']}/close", outcome="lost")
    await ordered.news()
    group = await ordered.group()
    assert (group.state, (await ordered.cheese()).state) == ("cancelled", "cancelled")
    assert [await ordered.account(name) for name in ("deposits", "disputed", "dispute_loss")] == [0, 0, 0]
    assert await on_shelf(ordered.shop, "formaggio") == 2
    assert (await anna.get(ordered.link)).says("L’acconto è tornato a te attraverso la tua banca")
    await all_is_well(ordered.shop)


async def test_stripes_book_explains_both_payments_and_both_refunds(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    async with shop.database.session(shop.id) as db, transaction(db):  # a number of its own at this Stripe
        db.add(NumberSeries(name=f"orders-{clock.today('Europe/Rome').year}", last=700_000 + shop.id))
    whole = await order_whole(anna, carlo, shop, stripe)
    await give_back(whole, TOTAL)
    await shop.run_jobs()
    report = await comparing.compare(shop.database, whole.facts, stripe.gateway, keeps_books=False)
    assert report.findings == []
    async with shop.database.session(shop.id) as db:
        found = await db.execute(
            select(Movement.category, LedgerJournal.kind, Movement.amount_minor)
            .join(LedgerJournal, LedgerJournal.id == Movement.journal_id)
            .order_by(Movement.amount_minor)
        )
        assert [tuple(row) for row in found] == [
            ("refund", "refund_sent", -REST),
            ("refund", "refund_sent", -AHEAD),
            ("charge", "deposit", AHEAD),
            ("charge", "payment", REST),
        ]
