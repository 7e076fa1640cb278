"""The whole journey on a phone, with JavaScript: baskets fill in place, and orders move before everybody's eyes."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import journey
from tests.browser.people import OIL_MILL, People
from tests.browser.steps import read_mail

pytestmark = pytest.mark.browser
EMAIL = "gino.vivo@posta.example"


async def test_a_stranger_buys_from_three_producers_and_all_follow_it_live(people: People) -> None:
    desk = await people.sign_in(OIL_MILL, "/banco", on="phone")
    await _mark(desk)
    buyer = await people.enter(on="phone")
    await journey.look_around(buyer)
    await journey.look_at_a_product(buyer)
    await journey.fill_the_basket(buyer)
    await journey.change_the_basket(buyer, live=True)
    total = await journey.check_out_with_mistakes(buyer, EMAIL)
    bought = await journey.pay(buyer, total, EMAIL)
    await expect(desk.locator("#pending .ticket").filter(has_text=bought.number)).to_be_visible()
    await _same_page(desk)
    await journey.read_the_confirmation(people, bought, total)

    await _mark(buyer)
    parcel = buyer.locator("#parcels .parcel").filter(has_text=journey.PRODUCERS[0])
    await journey.make_ready(desk, bought)
    await expect(parcel.locator(".status")).to_have_text("Pronto da spedire")
    await journey.ship(desk)
    await expect(parcel.locator(".status")).to_have_text("Spedito")
    await expect(buyer.locator("#order-side")).not_to_contain_text(f"Annulla l’ordine da {journey.PRODUCERS[0]}")
    await expect(buyer.locator("#order-side")).to_contain_text(f"Annulla l’ordine da {journey.PRODUCERS[1]}")
    await expect(parcel).to_contain_text(journey.TRACKING_NUMBER)
    await expect(buyer.locator("#live")).not_to_be_empty()
    await _same_page(buyer)

    text = await read_mail(await people.enter(None), journey.SHIPPED, EMAIL)
    assert journey.TRACKING_NUMBER in text
    await journey.staff_see_it_all(people, bought, total)


async def _mark(page: Page) -> None:
    """Put a mark on the page that a reload would lose."""
    await page.evaluate("document.documentElement.dataset.mark = 'here'")


async def _same_page(page: Page) -> None:
    await expect(page.locator("html")).to_have_attribute("data-mark", "here")
