"""What somebody has typed into a long form outlives a bad moment, and nothing else of it is kept."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import BUYER, OIL_MILL, PASSWORD, People
from tests.browser.steps import CONTACT, OIL_PATH, add_product, fill_contact, heading

pytestmark = pytest.mark.browser
DRAFTS = "() => Object.keys(sessionStorage).filter(key => key.startsWith('draft:'))"
FAILURE = "<!doctype html><title>x</title><div data-failure><h1>Qualcosa si è rotto da noi</h1></div>"


async def at_the_till(people: People, **how: object) -> Page:
    """Somebody with oil in the basket, at the first step of the checkout."""
    page = await people.enter(OIL_PATH, **how)
    await add_product(page, OIL_PATH)
    await page.goto("/cassa")
    await expect(heading(page)).to_have_text("A chi consegniamo?")
    return page


async def expect_typed(page: Page) -> None:
    for name in ("email", "name", "street", "city"):
        await expect(page.locator(f"#{name}")).to_have_value(CONTACT[name])


async def test_what_was_typed_outlives_a_reload_and_is_forgotten_once_it_has_arrived(people: People) -> None:
    page = await at_the_till(people)
    await fill_contact(page)
    await page.reload()
    await expect_typed(page)
    await expect(page.locator("#live")).to_have_text("Abbiamo rimesso quello che avevi scritto.")
    await page.get_by_role("button", name="Vai alla consegna").click()
    await expect(heading(page)).to_have_text("Come te lo portiamo?")
    assert await page.evaluate(DRAFTS) == []


async def test_a_server_that_fails_takes_nothing_away(people: People) -> None:
    people.expected.add(500)
    page = await at_the_till(people, service_workers="block")
    await fill_contact(page)
    await page.route(
        "**/cassa",
        lambda route: (
            route.fulfill(status=500, body=FAILURE, content_type="text/html; charset=utf-8")
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    await page.get_by_role("button", name="Vai alla consegna").click()
    await expect(heading(page)).to_have_text("Qualcosa si è rotto da noi")
    await page.unroute("**/cassa")
    await page.goto("/cassa")  # not even Back: typed anew into the address bar
    await expect_typed(page)


async def test_without_a_network_nothing_is_sent_and_it_is_said(people: People) -> None:
    people.forgiven.add("net::ERR_INTERNET_DISCONNECTED")
    page = await at_the_till(people)
    await fill_contact(page)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Vai alla consegna").click()
    await expect(page.locator("#trouble")).to_contain_text("Sei senza rete")
    await expect(heading(page)).to_have_text("A chi consegniamo?")
    await page.context.set_offline(False)
    await page.locator("[data-retry]").click()
    await expect(heading(page)).to_have_text("Come te lo portiamo?")


async def test_passwords_and_what_the_shop_has_already_are_not_kept(people: People) -> None:
    page = await people.enter("/accedi")
    await page.get_by_label("E-mail").fill(BUYER)
    await page.get_by_label("Password").fill(PASSWORD)
    assert await page.evaluate("JSON.stringify(sessionStorage)") == "{}"


async def test_logging_out_leaves_no_drafts(people: People) -> None:
    page = await people.sign_in(OIL_MILL, "/banco/prodotti/nuovo")
    field = page.locator("main form[data-draft] input[type=text]").first
    await field.fill("Olio nuovo di Brisighella")
    assert len(await page.evaluate(DRAFTS)) == 1
    await page.reload()
    await expect(field).to_have_value("Olio nuovo di Brisighella")
    await page.get_by_role("button", name="Esci").click()
    await page.wait_for_url(re.compile(r"/(accedi)?$"))
    assert await page.evaluate(DRAFTS) == []


async def test_a_long_upload_cannot_be_sent_twice(people: People) -> None:
    """A press that has no answer yet stays pressed, however long it takes; Escape gives the form back."""
    page = await at_the_till(people, service_workers="block")
    await page.clock.install()
    await fill_contact(page)
    await page.evaluate("addEventListener('submit', event => event.preventDefault())")  # never answered
    button = page.get_by_role("button", name="Vai alla consegna")
    await button.click(no_wait_after=True)
    form = page.locator("form[data-draft]")
    await expect(form).to_have_attribute("data-sent", "")
    await page.clock.fast_forward(60_000)
    await expect(form).to_have_attribute("data-sent", "")
    await expect(form.locator("button[aria-busy=true]")).to_have_text("Invio…")
    await page.keyboard.press("Escape")
    await expect(form.locator("button[aria-busy]")).to_have_count(0)
    await expect(button).to_have_text("Vai alla consegna")


async def test_where_nothing_may_be_stored_the_shop_works(people: People) -> None:
    page = await people.enter(None, scheme="light")
    await page.context.add_init_script("""for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError") } })""")
    await add_product(page, OIL_PATH)
    await page.goto("/")
    switch = page.locator("[data-scheme-switch]")
    await switch.click()
    await expect(page.locator("html")).to_have_attribute("data-scheme", re.compile("dark|light"))
    scheme = await page.locator("html").get_attribute("data-scheme")
    metas = page.locator("meta[name=theme-color]")
    assert [await meta.get_attribute("media") for meta in await metas.all()] == (
        ["not all", "all"] if scheme == "dark" else ["all", "not all"]
    )


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            429,
            "<p data-say>Sono troppe.</p><p data-say>Riprova tra 7 secondi.</p>",
            "Sono troppe. Riprova tra 7 secondi.",
        ),
        (502, "", "Non è andata a buon fine. Riprova tra poco."),
    ],
)
async def test_a_failure_is_told_with_what_the_shop_says_of_it(
    people: People, status: int, body: str, words: str
) -> None:
    people.expected.add(status)
    page = await people.enter("/prodotti", service_workers="block")
    html = f"<div data-failure><h1>x</h1>{body}</div>"
    await page.route("**/prodotti?*", lambda route: route.fulfill(status=status, body=html, content_type="text/html"))
    await page.locator("#ordine").select_option("prezzo")
    await expect(page.locator("[data-trouble-text]")).to_have_text(words)
    await expect(page.locator("#live")).to_have_text(words)
    await expect(page.locator("#results[aria-busy]")).to_have_count(0)
