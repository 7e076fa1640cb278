"""Answers that overtake each other on a slow line: none may be dropped because an earlier one replaced its place."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.people import OIL_MILL, TIMEOUT_MS, People
from tests.browser.steps import OIL, OIL_PATH, RICOTTA, RICOTTA_PATH, add_button, put_in_basket

pytestmark = pytest.mark.browser
UNSERVED = "block"  # what passes by the service worker cannot be held up on its way


class SlowLine:
    """Holds the first htmx request to a place until told. May answer by itself: first, second, …"""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.first_asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def asked_once(self) -> None:
        async with asyncio.timeout(TIMEOUT_MS / 1000):
            await self.first_asked.wait()

    async def __call__(self, route: Route) -> None:
        if "hx-request" not in route.request.headers:
            await route.continue_()
            return
        self.asked += 1
        if self.asked == 1:
            self.first_asked.set()
            await self.go_on.wait()
        if self.answers:
            await route.fulfill(body=self.answers.pop(0), content_type="text/html")
        else:
            await route.continue_()


async def test_the_second_of_two_quick_changes_is_shown(people: People) -> None:
    desk = await people.sign_in(OIL_MILL, "/banco", on="phone", service_workers=UNSERVED)
    line = SlowLine('<div id="work">one order</div>', '<div id="work">two orders</div>')
    await desk.route("**/banco", line)
    await _order_arrives(desk)
    await line.asked_once()
    await _order_arrives(desk)  # waits for the first answer, which replaces the place that it was meant for
    line.go_on.set()
    await expect(desk.locator("#work")).to_have_text("two orders")


async def _order_arrives(desk: Page) -> None:
    """As the page's stream tells it."""
    await desk.evaluate("htmx.trigger(document.querySelector('#work'), 'order-arrived')")


async def test_two_lines_of_the_basket_changed_at_once_both_keep_their_change(people: People) -> None:
    page = await people.enter(OIL_PATH, on="phone", service_workers=UNSERVED)
    await put_in_basket(page, add_button(page), OIL, 1)
    await page.goto(RICOTTA_PATH)
    await put_in_basket(page, add_button(page), RICOTTA, 2)
    await page.goto("/carrello")
    line = SlowLine()
    await page.route("**/carrello/righe/*", line)
    oil, ricotta = (page.locator(".line").filter(has_text=name) for name in (OIL, RICOTTA))
    await oil.get_by_role("button", name="Uno in più").click()
    await line.asked_once()
    await ricotta.get_by_role("button", name="Uno in più").click()
    line.go_on.set()  # its answer may come before the second change was sent
    await expect(page.locator("#basket-link .basket__count")).to_have_text("4")
    for each in (oil, ricotta):
        await expect(each.get_by_label("Quantità")).to_have_value("2")
    await page.reload()
    for each in (oil, ricotta):
        await expect(each.get_by_label("Quantità")).to_have_value("2")
