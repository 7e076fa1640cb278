"""Anna in the train: no network. The shop says so in her language, and the order she looked at can still be read."""

import re

import pytest
from playwright.async_api import Error, Page, expect

from tests.browser.people import BUYER, People
from tests.browser.steps import OIL_PATH, RICOTTA_PATH, Bought, buy, heading

pytestmark = pytest.mark.browser
GONE = "Il negozio non si raggiunge"
CONTROLLED = """() => navigator.serviceWorker.controller
    ? true : new Promise(done => navigator.serviceWorker.oncontrollerchange = () => done(true))"""
KEPT = """async () => (await Promise.all((await caches.keys()).map(
    async name => (await (await caches.open(name)).keys()).map(key => new URL(key.url).pathname)))).flat()"""
HAS = f"""async path => {{
    for (let tries = 0; tries < 200; tries++) {{
        if ((await ({KEPT})()).includes(path)) return true;
        await new Promise(done => setTimeout(done, 25));
    }}
    return false;
}}"""


async def controlled(page: Page) -> None:
    """Wait until the worker has what it needs, and answers for this page."""
    await page.evaluate(CONTROLLED)


async def go_offline(people: People, page: Page) -> None:
    await page.context.set_offline(True)
    people.forgiven |= {"net::ERR_INTERNET_DISCONNECTED", "Failed to fetch"}


async def look_at_the_order(people: People, page: Page, bought: Bought) -> str:
    """Open the order's page once more, with the worker there; returns its path."""
    await controlled(page)
    await page.goto(bought.url)
    path = f"/ordini/{bought.number}"
    assert await page.evaluate(HAS, path), "the order's page was not kept"
    return path


async def test_without_a_network_the_shop_says_so_in_the_readers_language(people: People) -> None:
    page = await people.enter(OIL_PATH)
    await controlled(page)
    await go_offline(people, page)

    await page.goto(OIL_PATH)
    await expect(heading(page)).to_have_text(GONE)
    await expect(page.locator("html")).to_have_attribute("lang", "it")
    await expect(page.locator("[data-kept-orders]")).to_be_hidden()
    await page.goto(f"/en{RICOTTA_PATH}")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.goto("/fr")
    await expect(page.locator("html")).to_have_attribute("lang", "fr")

    await page.context.set_offline(False)
    await page.goto(OIL_PATH)
    await page.locator(".page .button--primary").first.wait_for()
    await expect(heading(page)).not_to_have_text(GONE)


async def test_trying_again_opens_the_page_that_was_asked_for(people: People) -> None:
    page = await people.enter("/")
    await controlled(page)
    await go_offline(people, page)
    await page.goto(OIL_PATH)
    await expect(heading(page)).to_have_text(GONE)

    await page.context.set_offline(False)
    await page.get_by_role("link", name="Riprova").click()
    await expect(heading(page)).not_to_have_text(GONE)
    assert page.url.endswith(OIL_PATH)


async def test_an_order_that_was_looked_at_can_still_be_read_and_says_that_it_is_old(people: People) -> None:
    page = await people.enter("/")
    await controlled(page)
    bought = await buy(page, OIL_PATH)
    await look_at_the_order(people, page, bought)
    await go_offline(people, page)

    await page.goto("/prodotti")
    await expect(heading(page)).to_have_text(GONE)
    await page.locator("[data-kept-orders] a").filter(has_text=bought.number).click()
    await expect(page.locator("main")).to_contain_text(bought.number)
    await expect(page.locator("#trouble")).to_be_visible()
    assert await page.locator(".header").first.evaluate("header => header.offsetHeight") > 0


async def test_kept_orders_can_be_taken_off_a_device_that_is_not_ones_own(people: People) -> None:
    page = await people.enter("/offline")
    await controlled(page)
    await page.evaluate("""async () => (await caches.open("orders")).put(
        "/ordini/TR-2026-000001", new Response("<title>Ordine · x</title><h1>È in viaggio</h1>", {
            headers: { date: new Date().toUTCString() } }))""")
    await page.reload()
    orders = page.locator("[data-kept-orders]")
    await expect(orders).to_contain_text("È in viaggio")
    await page.get_by_role("button", name="Cancellali da questo dispositivo").click()
    await expect(orders).to_be_hidden()
    assert "/ordini/TR-2026-000001" not in await page.evaluate(KEPT)


async def test_an_order_of_weeks_ago_is_not_shown_any_more(people: People) -> None:
    page = await people.enter("/offline")
    await controlled(page)
    await page.evaluate("""async () => (await caches.open("orders")).put(
        "/ordini/TR-2026-000001", new Response("<title>Ordine · x</title><h1>È in viaggio</h1>", {
            headers: { date: new Date(Date.now() - 15 * 864e5).toUTCString(), "content-type": "text/html" } }))""")
    await go_offline(people, page)
    await page.goto("/ordini/TR-2026-000001")
    await expect(heading(page)).to_have_text(GONE)
    await expect(page.locator("[data-kept-orders]")).to_be_hidden()


async def test_a_new_worker_takes_over_at_once_and_clears_up_after_the_old_one(people: People) -> None:
    page = await people.enter("/offline")
    await controlled(page)
    left = await page.evaluate("""async () => {
        await caches.open("shell-old");
        const over = new Promise(done => navigator.serviceWorker.oncontrollerchange = done);
        await navigator.serviceWorker.register("/sw.js?next");
        await over;
        let names = [];
        for (let tries = 0; tries < 200; tries++) {
            names = await caches.keys();
            if (names.length === 1) break;
            await new Promise(done => setTimeout(done, 25));
        }
        return [navigator.serviceWorker.controller.scriptURL, ...names];
    }""")
    assert left[0].endswith("/sw.js?next")
    assert len(left) == 2
    assert left[1].startswith("shell-")
    assert left[1] != "shell-old"


async def test_checkout_desk_and_lists_are_not_kept(people: People) -> None:
    page = await people.sign_in(BUYER, "/profilo")
    await controlled(page)
    await page.goto(OIL_PATH)
    await page.get_by_role("button", name="Aggiungi al carrello").click()
    await expect(page.locator("#drawer")).to_be_visible()
    for path in ("/carrello", "/cassa", "/ordini", "/profilo", "/"):
        await page.goto(path)
    kept = await page.evaluate(KEPT)
    assert {"/offline", "/de/offline"} <= set(kept), "the worker must keep something for this to mean anything"
    pages = {path for path in kept if not path.startswith(("/static/", "/media/"))}
    assert pages == {"/offline", "/en/offline", "/de/offline", "/fr/offline"}

    await go_offline(people, page)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        await page.goto("/cassa")


async def test_after_log_out_nothing_of_hers_is_left(people: People) -> None:
    page = await people.sign_in(BUYER, "/profilo")
    await controlled(page)
    bought = await buy(page, OIL_PATH, email=BUYER)
    path = await look_at_the_order(people, page, bought)

    await page.evaluate("""() => {
        const form = Object.assign(document.createElement("form"), { method: "post", action: "/esci" });
        document.body.append(form);
        form.submit();
    }""")
    await page.wait_for_url("**/")
    await expect(page.locator(".notice").first).to_contain_text("Sei uscito")
    assert path not in await page.evaluate(KEPT)
    await go_offline(people, page)
    await page.goto(bought.url)
    await expect(heading(page)).to_have_text(GONE)
    await expect(page.locator("main")).not_to_contain_text(bought.number)


async def test_after_log_out_nobody_sees_what_she_searched_for(people: People) -> None:
    page = await people.sign_in(BUYER, "/profilo")
    await page.locator("#q").fill("parmigiano")
    await page.locator("#q").press("Enter")
    await expect(heading(page)).to_contain_text("parmigiano")
    assert await page.evaluate("() => localStorage.length")

    await page.goto("/profilo")
    await page.locator("form[action='/esci'] button").click()
    await expect(page.locator(".notice").first).to_contain_text("Sei uscito")
    assert not await page.evaluate("() => localStorage.length")


async def test_what_the_offline_page_keeps_knows_nobody(people: People) -> None:
    """The basket's number is in every page; the kept one was asked for without cookies."""
    page = await people.enter(OIL_PATH)
    await page.get_by_role("button", name="Aggiungi al carrello").click()
    await expect(page.locator("#basket-link .basket__count")).to_have_text("1")
    await controlled(page)
    await go_offline(people, page)
    await page.goto("/prodotti")

    await expect(heading(page)).to_have_text(GONE)
    await expect(page.locator("#basket-link .basket__count")).to_have_count(0)


async def test_only_the_last_pictures_are_kept(people: People) -> None:
    people.expected.add(404)
    page = await people.enter("/offline")  # has no pictures of its own
    await controlled(page)
    listing = await (await page.request.get("/prodotti")).text()
    picture = re.search(r"/media/[\w-]+\.jpg", listing)
    assert picture
    left = await page.evaluate(
        """async picture => {
        const pictures = await caches.open("images");
        for (let n = 0; n < 70; n++) await pictures.put(`/media/old-${n}.jpg`, new Response("x"));
        await fetch("/media/nowhere.jpg");
        await fetch(picture);
        for (let tries = 0; tries < 200; tries++) {
            const keys = await pictures.keys();
            if (keys.length <= 60) return keys.map(key => new URL(key.url).pathname);
            await new Promise(done => setTimeout(done, 25));
        }
        return [];
    }""",
        picture[0],
    )
    assert left == [*(f"/media/old-{n}.jpg" for n in range(11, 70)), picture[0]]
