"""The ways in which paying can go, each to its end: one order, one payment, never two."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import STAFF, People
from tests.browser.steps import (
    ORDER_BUTTON,
    PARMIGIANO_PATH,
    SANGIOVESE_PATH,
    add_product,
    check_out,
    fill_contact,
    heading,
    place_order,
    thanked,
)

pytestmark = pytest.mark.browser


async def test_the_bank_asks_with_three_d_secure(people: People) -> None:
    buyer = await _at_the_till(people, "tre-d@posta.example")
    await buyer.locator("#pay-3ds").click()
    await buyer.locator("#authenticate").click()
    await thanked(buyer)


async def test_the_verification_fails_and_another_card_pays(people: People) -> None:
    buyer = await _at_the_till(people, "non-verificata@posta.example")
    await buyer.locator("#pay-3ds").click()
    await buyer.locator("#fail-authentication").click()
    await expect(buyer.locator("#alert")).to_be_visible()
    await buyer.locator("#pay").click()
    await thanked(buyer)


async def test_a_card_is_declined_and_another_pays(people: People) -> None:
    buyer = await _at_the_till(people, "rifiutata@posta.example")
    await buyer.locator("#decline").click()
    await expect(buyer.locator("#alert")).to_contain_text("rifiutata")
    await buyer.locator("#pay").click()
    await thanked(buyer)


async def test_whoever_goes_away_finds_the_order_and_pays_it(people: People) -> None:
    buyer = await _at_the_till(people, "ci-ripensa@posta.example")
    await buyer.locator("#leave").click()
    await expect(heading(buyer)).to_have_text("Non hai ancora pagato")
    await buyer.get_by_role("button", name="Riprova il pagamento").click()
    await buyer.locator("#pay").click()
    await thanked(buyer)
    await bought_once(people, "ci-ripensa@posta.example")


async def test_back_after_paying_leads_to_the_paid_order(people: People) -> None:
    email = "indietro@posta.example"
    buyer = await _at_the_till(people, email)
    await buyer.locator("#pay").click()
    bought = await thanked(buyer)
    await buyer.go_back()
    await buyer.reload()  # whatever the browser kept of it
    await buyer.locator("#back").click()
    await expect(buyer).to_have_url(re.compile(rf"/ordini/{bought.number}"))
    await buyer.go_back()
    await buyer.go_back()
    await expect(buyer).to_have_url(re.compile("/carrello$"))
    await expect(buyer.locator("#cart")).to_contain_text("Il carrello è vuoto")
    await bought_once(people, email)


async def test_a_review_left_open_in_another_tab_leads_to_the_paid_order(people: People) -> None:
    email = "dimenticata@posta.example"
    buyer = await people.enter()
    await add_product(buyer, PARMIGIANO_PATH)
    await check_out(buyer, email=email)
    forgotten = await buyer.context.new_page()
    await forgotten.goto("/cassa/riepilogo")
    await place_order(buyer)
    await buyer.locator("#pay").click()
    bought = await thanked(buyer)
    await forgotten.get_by_role("button", name=ORDER_BUTTON).click()
    await expect(forgotten).to_have_url(re.compile(rf"/ordini/{bought.number}"))
    await expect(heading(forgotten)).to_contain_text("Grazie")
    await bought_once(people, email)


async def test_two_tabs_make_one_order(people: People) -> None:
    email = "due-schede@posta.example"
    first = await people.enter()
    await add_product(first, PARMIGIANO_PATH)
    await check_out(first, email=email)
    second = await first.context.new_page()
    await second.goto("/cassa/riepilogo")
    await place_order(first)
    await place_order(second)
    await first.locator("#pay").click()
    await thanked(first)
    await second.locator("#pay").click()
    await second.locator("#back").click()
    await expect(heading(second)).to_contain_text("Grazie")
    await bought_once(people, email)


async def test_alcohol_is_not_sold_to_minors(people: People) -> None:
    buyer = await people.enter(on="phone")
    await add_product(buyer, SANGIOVESE_PATH)
    await buyer.goto("/cassa")
    await fill_contact(buyer, email="minorenne@posta.example")
    await buyer.get_by_role("button", name="Vai alla consegna").click()
    send = buyer.get_by_role("button", name="Vai al riepilogo")
    error = buyer.locator("#birth_date-error")
    for birth_date in ("", "31/02/1990", "01/01/2015"):
        await buyer.locator("#birth_date").fill(birth_date)
        await send.click()
        await expect(error).to_be_visible()
        await expect(buyer.locator("#birth_date")).to_have_value(birth_date)
        await expect(buyer.locator("[data-error-summary]")).to_be_focused()
    await expect(error).to_contain_text("18")
    await buyer.goto("/cassa/riepilogo")
    await expect(heading(buyer)).to_have_text("Come te lo portiamo?")
    await buyer.locator("#birth_date").fill("01/01/1970")
    await send.click()
    await expect(buyer.locator("main")).to_contain_text("1 gennaio 1970")


async def _at_the_till(people: People, email: str) -> Page:
    """A guest with cheese in the basket, on the pay page."""
    buyer = await people.enter()
    await add_product(buyer, PARMIGIANO_PATH)
    await check_out(buyer, email=email)
    await place_order(buyer)
    return buyer


async def bought_once(people: People, email: str) -> None:
    """What staff see of this buyer: one order, and it is paid."""
    staff = await people.sign_in(STAFF, "/amministrazione")
    await staff.goto(f"/amministrazione?q={email}")
    rows = staff.locator("tbody tr")
    paid = rows.filter(has=staff.locator(".status", has_text="Pagato"))
    await expect(paid).to_have_count(1)
    await expect(rows.filter(has_not=staff.locator(".status", has_text=re.compile("Pagato|Annullato")))).to_have_count(
        0
    )
