"""At the review: the wallet's box, the card's code, and a button that keeps what the page promised."""

import asyncio

import pytest

from app.commerce.orders.models import OrderGroup
from app.kernel.i18n import LOCALES
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import ANNA, all_adds_up, balances, fill_wallet, make_card
from tests.commerce.test_checkout import groups_of, press, to_review
from tests.stripe import Stripe

TOTAL = 1900 + 590
CHOICE = "form[action='/cassa/credito']"


async def choose(anna: Browser, **values: str) -> None:
    await anna.follow(await anna.send(CHOICE, **values))


async def only_group(shop: TestShop) -> OrderGroup:
    (group,) = await groups_of(shop)
    return group


async def test_anna_pays_a_part_with_her_wallet_and_a_part_with_a_card(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 500)
    code = await make_card(shop, 300)
    await to_review(anna, shop)
    await choose(anna, wallet="1", deed="save")
    await choose(anna, wallet="1", code=code, deed="save")
    assert anna.page
    assert anna.page.says("Usa il mio credito (5,00 €)")
    assert anna.page.says(f"Dal buono regalo •••• {code[-4:]}")
    assert anna.page.says("Resta da pagare")
    answer = await press(anna)
    assert "stripe.test" in answer.headers["location"]
    group = await only_group(shop)
    assert (group.total_minor, group.credit_minor) == (TOTAL, 800)
    assert await balances(shop) == {}
    await all_adds_up(shop)


async def test_pressing_again_makes_the_same_order_and_takes_nothing_more(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 500)
    await to_review(anna, shop)
    await choose(anna, wallet="1", deed="save")
    first = await press(anna)
    await anna.get("/cassa/riepilogo")
    assert (await press(anna)).headers["location"] == first.headers["location"]
    await only_group(shop)
    assert await balances(shop) == {}


async def test_another_choice_makes_another_order_and_gives_the_first_ones_credit_back(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 500)
    await to_review(anna, shop)
    await choose(anna, wallet="1", deed="save")
    await press(anna)
    await anna.get("/cassa/riepilogo")
    await choose(anna, wallet="", deed="save")
    await press(anna)
    first, second = await groups_of(shop)
    assert (first.state, second.state, second.credit_minor) == ("cancelled", "awaiting_payment", 0)
    assert await balances(shop) == {"wallet": 500}
    await all_adds_up(shop)


async def test_what_covers_everything_is_paid_at_once_and_a_second_click_finds_the_order(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 9000)
    await to_review(anna, shop)
    await choose(anna, wallet="1", deed="save")
    assert anna.page
    assert anna.page.says("Non serve la carta: è già tutto pagato.")
    answers = await asyncio.gather(press(anna), press(anna))
    group = await only_group(shop)
    assert group.state == "paid"
    assert {answer.headers["location"].partition("?")[0] for answer in answers} == {f"/ordini/{group.number}"}
    assert (await anna.get(answers[0].headers["location"])).status_code == 200
    assert await balances(shop) == {"wallet": 9000 - TOTAL}
    await shop.run_jobs()
    await all_adds_up(shop)


async def test_credit_that_went_elsewhere_meanwhile_is_told_and_nothing_is_placed(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await anna.sign_in(ANNA)
    code = await make_card(shop, 900)
    await to_review(anna, shop)
    await choose(anna, code=code, deed="save")
    page = await anna.get("/cassa/riepilogo")
    async with shop.browser() as dora:
        await dora.sign_in("dora@tavola.example")
        assert (await dora.post("/buono/riscatto", {"code": code})).status_code == 303
    anna.page = page
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("è cambiato mentre controllavi")
    assert await groups_of(shop) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ABCD", "sono 16 lettere e cifre"),
        ("ABCD-EFGH-JKLM-NPQR", "Questo codice non esiste"),
    ],
)
async def test_a_wrong_code_is_told_beside_its_field_and_kept(
    shop: TestShop, anna: Browser, stripe: Stripe, typed: str, said: str
) -> None:
    await to_review(anna, shop)
    answer = await anna.send(CHOICE, code=typed, deed="save")
    assert answer.status_code == 422
    assert said in answer.one("#code-error").text()
    assert answer.one("#code").attributes["value"] == typed


async def test_a_guest_uses_a_card_and_takes_it_away_again(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    code = await make_card(shop, 900)
    page = await to_review(anna, shop)
    assert not page.all("input[name=wallet]")
    await choose(anna, code=code, deed="save")
    assert anna.page
    assert anna.page.says("Resta da pagare")
    await choose(anna, deed="remove")
    assert not (await anna.get("/cassa/riepilogo")).says("Resta da pagare")
    await press(anna)
    assert (await only_group(shop)).credit_minor == 0


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_review_speaks_every_language(shop: TestShop, anna: Browser, stripe: Stripe, locale: str) -> None:
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 500)
    await to_review(anna, shop)
    prefix = "" if locale == "it" else f"/{locale}"
    assert (await anna.get(f"{prefix}/cassa/riepilogo")).status_code == 200
    assert anna.page
    assert anna.page.all("input[name=wallet]")
