"""The shop's own payment page with the stand-in for Stripe's form, each way to its end."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import ADMIN, People
from tests.browser.steps import ORDER_BUTTON, PARMIGIANO_PATH, add_product, check_out, heading, thanked
from tests.browser.test_payment_ways import bought_once

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
async def own_page(people: People) -> AsyncIterator[None]:
    """Ada switches the shop to its own payment page, and back again afterwards."""
    admin = await people.sign_in(ADMIN, "/amministrazione/pagamenti")
    await _choose(admin, "Sulla nostra pagina")
    yield
    await _choose(admin, "Sulla pagina di Stripe")


async def test_a_card_is_declined_and_another_pays(people: People) -> None:
    people.expected.add(402)
    email = "pagina@posta.example"
    buyer = await _at_our_till(people, email, on="phone")
    await _pay(buyer, "Carta rifiutata")
    await expect(buyer.locator("#pay-error")).to_contain_text("La banca ha rifiutato il pagamento")
    await expect(buyer.locator("#pay-error")).to_be_focused()
    await _pay(buyer, "Carta accettata")
    bought = await thanked(buyer)
    await buyer.go_back()
    await expect(buyer).to_have_url(re.compile(rf"/ordini/{bought.number}\?"))  # and not to pay again
    await bought_once(people, email)


async def test_the_bank_asks_and_two_tabs_pay_once(people: People) -> None:
    email = "pagina-due@posta.example"
    buyer = await _at_our_till(people, email)
    forgotten = await buyer.context.new_page()
    await forgotten.goto(buyer.url)
    await _pay(buyer, "Carta con verifica 3-D Secure")
    await buyer.locator("#fail-authentication").click()
    await expect(buyer.locator("#pay-error")).to_contain_text("La banca non ha potuto verificare")
    await _pay(buyer, "Carta con verifica 3-D Secure")
    await buyer.locator("#authenticate").click()
    await thanked(buyer)
    await _pay(forgotten, "Carta accettata")
    await thanked(forgotten)
    await bought_once(people, email)


async def test_without_javascript_stripes_page_is_a_button_away(people: People) -> None:
    buyer = await _at_our_till(people, "senza-script@posta.example", javascript=False)
    await expect(buyer.locator("noscript .notice")).to_be_visible()
    await buyer.get_by_role("button", name="Paga sulla pagina di Stripe").click()
    await buyer.locator("#pay").click()
    await thanked(buyer)


async def _choose(admin: Page, where: str) -> None:
    await admin.goto("/amministrazione/pagamenti")
    await admin.get_by_label(where).check()
    await admin.get_by_role("button", name="Salva").click()
    await expect(admin.locator(".notice").first).to_contain_text("da adesso si paga così")


async def _at_our_till(people: People, email: str, *, on: str = "desktop", javascript: bool = True) -> Page:
    """A guest with cheese in the basket, on our payment page."""
    buyer = await people.enter(on=on, javascript=javascript)
    await add_product(buyer, PARMIGIANO_PATH)
    await check_out(buyer, email=email)
    await buyer.get_by_role("button", name=ORDER_BUTTON).click()
    await expect(heading(buyer)).to_have_text("Paga il tuo ordine")
    return buyer


async def _pay(buyer: Page, how: str) -> None:
    await expect(buyer.locator("main")).to_contain_text("non quello di Stripe")  # the stand-in says so
    await buyer.get_by_label(how).check()
    await buyer.get_by_role("button", name=re.compile("^Paga .*€$")).click()
