"""Bought value goes back once: two staff at once, staff against who redeems it, senders and answers that are lost."""

import asyncio
from datetime import timedelta

import pytest

from app.commerce.credit import cards, mails, sending
from app.commerce.payments.models import StripeEvent
from app.commerce.reconciliation import comparing
from app.commerce.refunds.sending import handle
from app.integrations.stripe import PaymentUnreachable
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.tenancy import Person
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import all_adds_up, code_of, user_id
from tests.commerce.credit.test_refunds import LIST, at_stripe, buy, give_back, journals, refunds
from tests.commerce.sold import mails as mails_of
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe


async def test_two_staff_at_once_give_back_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    forms = {}
    for who in ("dora@tavola.example", "ada@tavola.example"):
        browser = shop.browser()
        await browser.sign_in(who)
        here = f"{LIST}/acquisti/{purchase.number}/rimborso"
        await browser.get(here)
        await browser.send(f"form[action='{here}']", amount="20")
        forms[browser] = here
    answers = await asyncio.gather(
        *(browser.send(f"form[action='{here}']", step="confirm") for browser, here in forms.items())
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    await shop.run_jobs()
    assert await at_stripe(stripe, purchase) == [2000]
    await all_adds_up(shop)


async def test_it_goes_back_or_is_redeemed_and_never_both(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    owner = await user_id(shop, "ada@tavola.example")
    for number in range(4):
        purchase = await buy(shop, anna, stripe)
        code = code_of((await mails_of(shop, mails.GIFT))[-1].text)

        async def redeem(code: str = code) -> int:
            async with shop.database.session(shop.id) as db, transaction(db):
                return await cards.move_to_wallet(db, code, owner)

        done = await asyncio.gather(redeem(), give_back(shop, purchase, key=f"race {number}"), return_exceptions=True)
        won = [outcome for outcome in done if not isinstance(outcome, Refused | Conflict)]
        assert len(won) == 1, done
        assert not isinstance(won[0], BaseException)
    await shop.run_jobs()
    await all_adds_up(shop)


async def test_six_senders_give_it_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    made, facts = await give_back(shop, purchase), await facts_of(shop)
    senders = (sending.send(shop.database, facts, stripe.gateway, made.id) for _ in range(6))
    await asyncio.gather(*senders, return_exceptions=True)
    await sending.send(shop.database, facts, stripe.gateway, made.id)
    assert await at_stripe(stripe, purchase) == [2500]
    assert (await journals(shop)).count("credit_refund_sent") == 1


@pytest.mark.parametrize("answer", ["500", "cut"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_is_lost_gives_the_money_once(
    shop: TestShop, anna: Browser, stripe: Stripe, answer: str, when: str
) -> None:
    purchase = await buy(shop, anna, stripe)
    made, facts = await give_back(shop, purchase), await facts_of(shop)
    await stripe.break_down(answer, "/v1/refunds*", when=when)
    with stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
        await sending.send(shop.database, facts, gateway, made.id)
    await all_adds_up(shop)
    await stripe.repair()
    with clock.shifted(timedelta(hours=1)):
        await sending.sweep(shop.database, facts, stripe.gateway)
    assert await at_stripe(stripe, purchase) == [2500]
    assert (await refunds(shop))[0].state == "sent"
    await all_adds_up(shop)


async def test_stripes_book_and_ours_say_the_same(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    await give_back(shop, purchase, 1000, "one")
    await give_back(shop, purchase, 500, "two")
    await shop.run_jobs()
    await stripe.control(f"refunds/{(await refunds(shop))[1].stripe_id}/fail")
    await stripe.deliver()
    await shop.run_jobs()
    with clock.shifted(timedelta(hours=2)):
        report = await comparing.compare(shop.database, await facts_of(shop), stripe.gateway, keeps_books=False)
    assert report.findings == []
    assert report.matched == 4  # the sale, two refunds, and one that came back
    await all_adds_up(shop)


async def test_a_late_word_of_the_first_try_does_not_end_the_second(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    purchase = await buy(shop, anna, stripe)
    made, facts = await give_back(shop, purchase), await facts_of(shop)
    await shop.run_jobs()
    first = (await refunds(shop))[0].stripe_id
    await stripe.control(f"refunds/{first}/fail")
    await stripe.deliver()
    await shop.run_jobs()
    async with shop.database.session(shop.id) as db, transaction(db):
        await sending.retry(db, made.number, Person(1, "Dora", "dora@tavola.example", "staff", "it", 1))
    await stripe.break_down("cut", "/v1/refunds", when="after")
    with stripe.impatient() as gateway, pytest.raises(PaymentUnreachable):
        await sending.send(shop.database, facts, gateway, made.id)
    assert await handle(shop.database, facts, stripe.gateway, StripeEvent(object_id=first)) is None
    assert (await refunds(shop))[0].state == "sending"
    await sending.send(shop.database, facts, stripe.gateway, made.id)
    assert ((await refunds(shop))[0].state, await at_stripe(stripe, purchase)) == ("sent", [2500])
    await all_adds_up(shop)
