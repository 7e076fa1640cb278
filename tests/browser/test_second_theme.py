"""The second shop wears its own colours over the same templates: what is looked for on Tavola's pages holds on them."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from tests.browser import looking
from tests.browser.people import People
from tests.browser.server import Website
from tests.browser.steps import fill_contact

pytestmark = [pytest.mark.browser, pytest.mark.markup]
DISH = "/prodotti/riso-rosso-jollof"
PAGES = (
    "/",
    "/it",
    "/prodotti",
    "/prodotti?senza=uova",
    "/prodotti?prezzo-da=9000",
    "/categorie/stufati",
    "/produttori",
    "/produttori/rachelfoods",
    DISH,
    f"{DISH}/recensioni",
    "/prodotti/stufato-di-spinaci-ed-egusi",
    "/cerca",
    "/cerca?q=jollof",
    "/cerca?q=zzzzqqq",
    "/stagioni",
    "/preferiti",
    "/visti",
    "/buono",
    "/buono/regala",
    "/carrello",
    "/accedi",
    "/registrati",
    "/ordini",
    "/recesso",
    "/garanzia",
    "/reclami",
    "/segnala",
    "/spedizioni",
    "/condizioni",
    "/privacy",
    "/accessibilita",
    "/come-ordiniamo",
    "/chi-siamo",
    "/recensioni/come-funzionano",
    "/offline",
)
OF_A_BUYER = ("/carrello", "/cassa", "/cassa/consegna", "/cassa/riepilogo")


@pytest.fixture
def rachel(people: People) -> People:
    """The same people, before the second shop."""
    people.base = _second(people.base)
    return people


@pytest.fixture(scope="module")
async def buyer(website: Website, chromium: Browser) -> AsyncIterator[StorageState]:
    """The cookies of somebody who has come to the last step of the checkout."""
    people = People(chromium, _second(website.base))
    page = await _at_the_last_step(people)
    yield await page.context.storage_state()
    await people.leave()


@pytest.mark.parametrize("path", PAGES)
async def test_everybody_can_use_the_page(path: str, rachel: People) -> None:
    page = await rachel.enter(None, on="phone")
    await _look(page, path)


@pytest.mark.parametrize("path", OF_A_BUYER)
async def test_everybody_can_buy(path: str, rachel: People, buyer: StorageState) -> None:
    page = await rachel.enter(None, on="phone", storage_state=buyer)
    await _look(page, path)


async def test_the_order_can_be_paid(rachel: People) -> None:
    """The stand-in's page has another host than this shop: the policy of the last step lets its form lead there."""
    page = await _at_the_last_step(rachel)
    await page.get_by_role("button", name="Order with obligation to pay").click()
    await page.locator("#pay").click()
    await expect(page.locator("h1")).to_contain_text("Thank you")


async def test_mistakes_can_be_read(rachel: People) -> None:
    page = await rachel.enter("/accedi", on="phone")
    await page.locator("main .button--primary").click()
    await expect(page.locator("[data-error-summary]")).to_be_visible()
    found = await looking.faults(page)
    assert not found, "\n".join(found)


async def test_what_is_not_there(rachel: People) -> None:
    rachel.expected.add(404)
    page = await rachel.enter(None, on="phone")
    await _look(page, "/prodotti/che-non-c-e", status=404)


async def _look(page: Page, path: str, status: int = 200) -> None:
    answer = await page.goto(path)
    assert answer
    assert answer.status == status
    assert urlsplit(page.url).path == urlsplit(path).path, "another page was looked at"
    await expect(page.locator("html")).to_have_class(re.compile("rachel"))
    found = await looking.faults(page)
    assert not found, "\n".join(found)


async def _at_the_last_step(people: People) -> Page:
    """Somebody with a dish in the basket, whose address and delivery are told."""
    page = await people.enter(DISH)
    await page.locator("main form .button--primary").first.click()
    await expect(page.locator("#drawer")).to_be_visible()
    await page.goto("/cassa")
    await fill_contact(page)
    for step in ("consegna", "riepilogo"):
        await page.locator("main .button--primary").click()
        await expect(page).to_have_url(re.compile(f"/cassa/{step}$"))
    return page


def _second(base: str) -> str:
    return base.replace("//localhost", "//rachel.localhost")
