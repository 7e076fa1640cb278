"""What a person does in the shop, step by step, with JavaScript or without."""

import re
from dataclasses import dataclass, field

from playwright.async_api import Locator, Page, expect

OIL = "Brisighella olio extravergine"  # of the oil mill (Bruno)
OIL_PATH = "/prodotti/brisighella-olio-extravergine"
RICOTTA = "Ricotta di siero fresca"  # of the dairy (Carlo)
RICOTTA_PATH = "/prodotti/ricotta-di-siero-fresca"
PARMIGIANO = "Parmigiano Reggiano 12 mesi"  # of a third producer
PARMIGIANO_PATH = "/prodotti/parmigiano-reggiano-12-mesi"
SANGIOVESE_PATH = "/prodotti/romagna-sangiovese-superiore"
CULATELLO_PATH = "/prodotti/culatello-di-zibello"  # with a deposit
ORDER_BUTTON = "Ordine con obbligo di pagare"
ORDER_NUMBER = re.compile(r"TR-\d{4}-\d{6}")

CONTACT = {
    "email": "gino@posta.example",
    "name": "Gino Cervi",
    "street": "Corso della Repubblica 14",
    "postal_code": "47121",
    "city": "Forlì",
    "phone": "0543 555 0123",
}


@dataclass
class Bought:
    """What the order page said: number, and its private address."""

    number: str
    url: str
    email: str = field(default=CONTACT["email"])


async def uses_script(page: Page) -> bool:
    return await page.locator("html.js").count() > 0


async def press(target: Locator) -> None:
    """Click what may be below the first view: bands that are laid out on the way there move what comes after them."""
    await target.scroll_into_view_if_needed()
    await target.click()  # once it stands still


async def put_in_basket(page: Page, button: Locator, name: str, count: int) -> None:
    """Press an add button; afterwards the page that was left is there again, and `count` pieces in the basket."""
    with_script, here = await uses_script(page), page.url
    await press(button)
    if with_script:
        drawer = page.locator("#drawer")
        await expect(drawer).to_be_visible()
        await expect(drawer).to_contain_text(name)
        await expect(page.locator("#live")).to_contain_text(f"Nel carrello: {name}")
        await expect(page.locator("#basket-link")).to_contain_text(str(count))
        await drawer.get_by_role("button", name="Continua").click()
        await expect(drawer).to_be_hidden()
        assert page.url == here
    else:
        await expect(page).to_have_url(re.compile(r"/carrello$"))
        await expect(page.locator(".notice").first).to_contain_text(f"Nel carrello: {name}")
        await expect(page.locator("#basket-link")).to_contain_text(str(count))
        await page.goto(here)


async def add_product(page: Page, path: str) -> None:
    """Put one piece of a product into the basket, from its page."""
    await page.goto(path)
    name = await page.locator("h1").evaluate("heading => heading.firstChild.textContent.trim()")
    before = page.locator("#basket-link .basket__count")
    count = int(await before.inner_text()) if await before.count() else 0
    await put_in_basket(page, add_button(page), name, count + 1)


def add_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Aggiungi al carrello")


async def fill_contact(page: Page, **other: str) -> None:
    for name, value in {**CONTACT, **other}.items():
        await page.locator(f"#{name}").fill(value)


async def check_out(page: Page, *, birth_date: str = "", **contact: str) -> None:
    """From a full basket to the review, as a guest."""
    await page.goto("/cassa")
    await fill_contact(page, **contact)
    await page.get_by_role("button", name="Vai alla consegna").click()
    await expect(heading(page)).to_have_text("Come te lo portiamo?")
    if birth_date:
        await page.locator("#birth_date").fill(birth_date)
    await page.get_by_role("button", name="Vai al riepilogo").click()
    await expect(heading(page)).to_have_text("È tutto giusto?")


async def place_order(page: Page) -> None:
    """Press the button of the review; the pay page of the sandbox opens."""
    await page.get_by_role("button", name=ORDER_BUTTON).click()
    await expect(page.locator("#pay")).to_be_visible()


async def thanked(page: Page, email: str = CONTACT["email"]) -> Bought:
    """The order page after paying."""
    await expect(heading(page)).to_contain_text("Grazie")
    number = ORDER_NUMBER.search(await page.locator("main").inner_text())
    assert number, "the order page names no order number"
    assert f"/ordini/{number[0]}" in page.url
    return Bought(number[0], page.url, email)


async def buy(page: Page, *paths: str, **contact: str) -> Bought:
    """A whole purchase, without a look to the left or right."""
    for path in paths:
        await add_product(page, path)
    await check_out(page, **contact)
    await place_order(page)
    await page.locator("#pay").click()
    return await thanked(page, contact.get("email", CONTACT["email"]))


async def reload_until(page: Page, wanted: Locator, tries: int = 40) -> None:
    """Reload the page until something is on it: for what comes by itself only with JavaScript, and for mail."""
    for _ in range(tries):
        try:
            await expect(wanted.first).to_be_visible(timeout=300)
        except AssertionError:
            await page.reload()
        else:
            return
    await expect(wanted.first).to_be_visible(timeout=300)


async def read_mail(page: Page, subject: str, to: str) -> str:
    """Wait for a mail in the local mailbox and open it; what it says as plain text."""
    await page.goto("/posta")
    link = page.locator(".mails a").filter(has_text=subject).filter(has_text=to)
    await reload_until(page, link)
    await link.first.click()
    await expect(heading(page)).to_contain_text(subject)
    return await page.locator(".mail-text").text_content() or ""


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)
