"""A purchase, a search, the filters and a new product, with the keyboard alone and few presses."""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import OIL_MILL, People
from tests.browser.steps import CONTACT, OIL, OIL_PATH, add_button, heading, thanked

pytestmark = pytest.mark.browser
MOST_PRESSES = 120
MOST_TABS = 60
ORDER = ("email", "name", "street", "postal_code", "city", "phone")
FOCUS = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
    return {
        id: element.id,
        text: (element.getAttribute("aria-label") ?? element.textContent).trim().replace(/\\s+/g, " "),
        seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none",
    }
}"""


@dataclass
class Hands:
    """Two hands on a keyboard. presses: of Tab and Enter so far; letters are not counted."""

    page: Page
    presses: int = 0

    async def press(self, key: str) -> None:
        self.presses += 1
        await self.page.keyboard.press(key)

    async def tab_to(self, wanted: str, key: str = "Tab") -> None:
        """Tab until the focus is on what has this id or begins with this text; each stop on the way can be seen."""
        for _ in range(MOST_TABS):
            await self.press(key)
            focus = await self.page.evaluate(FOCUS)
            assert focus["seen"], f"the focus is off the screen: {focus}"
            assert focus["marked"], f"the focus cannot be seen: {focus}"
            if focus["id"] == wanted or focus["text"].startswith(wanted):
                return
        raise AssertionError(f"{MOST_TABS} tabs do not lead to {wanted}")

    async def go(self, wanted: str) -> None:
        await self.tab_to(wanted)
        await self.press("Enter")

    async def tick(self, name: str, value: str) -> None:
        """Tab until the focus is on this box of a form, and press Space."""
        for _ in range(MOST_TABS):
            await self.press("Tab")
            if await self.holds(name, value):
                await self.press("Space")
                return
        raise AssertionError(f"{MOST_TABS} tabs do not lead to {name}={value}")

    async def holds(self, name: str, value: str) -> bool:
        """Whether the focus is on this box."""
        box = self.page.locator(f"[type=checkbox][name='{name}'][value='{value}']")
        return await box.evaluate("box => box === document.activeElement")

    async def skip_to_content(self) -> None:
        await self.go("Vai al contenuto")
        await expect(self.page.locator("main")).to_be_focused()


async def test_a_purchase_with_the_keyboard_alone(people: People) -> None:
    page = await people.enter(OIL_PATH)
    hands = Hands(page)
    await expect(add_button(page)).to_be_visible()
    await hands.skip_to_content()
    await hands.go("Aggiungi al carrello")
    await expect(page.locator("#drawer")).to_contain_text(OIL)
    await expect(page.locator("#drawer-title")).to_be_focused()
    await hands.go("Vai al carrello")
    await expect(heading(page)).to_have_text("Il tuo carrello")
    await hands.skip_to_content()
    await hands.go("Vai alla cassa")
    await expect(heading(page)).to_have_text("A chi consegniamo?")
    await hands.skip_to_content()
    for name in ORDER:
        await hands.tab_to(name)
        await page.keyboard.type(CONTACT[name])
    await hands.press("Enter")
    await expect(heading(page)).to_have_text("Come te lo portiamo?")
    await hands.skip_to_content()
    await hands.go("Vai al riepilogo")
    await expect(heading(page)).to_have_text("È tutto giusto?")
    await hands.skip_to_content()
    await hands.go("Ordine con obbligo di pagare")
    await expect(page.locator("#pay")).to_be_visible()
    await page.wait_for_load_state()  # its stylesheet, which marks the focus, is a file of its own
    await hands.go("pay")
    await thanked(page)
    assert hands.presses <= MOST_PRESSES, f"{hands.presses} presses"


async def test_escape_closes_the_drawer_and_the_focus_returns(people: People) -> None:
    page = await people.enter(OIL_PATH)
    await add_button(page).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#drawer")).to_be_visible()
    await expect(page.locator("#drawer-title")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#drawer")).to_be_hidden()
    await expect(add_button(page)).to_be_focused()


async def test_from_a_search_to_a_wish_with_the_keyboard_alone(people: People) -> None:
    """Search → suggestion → filter → product → saved, and found again among the wishes."""
    page = await people.enter("/")
    hands = Hands(page)
    await hands.tab_to("q")
    await page.keyboard.type("formaggi stag")
    category = page.get_by_role("option", name="Formaggi stagionati Reparto")
    await expect(category).to_be_visible()
    await expect(page.get_by_role("option", name="Formaggi freschi")).to_have_count(0)  # of the word half typed
    while await category.get_attribute("aria-selected") != "true":
        await hands.press("ArrowDown")
        assert hands.presses <= MOST_PRESSES
    await hands.press("Enter")
    await expect(heading(page)).to_have_text("Formaggi stagionati")
    await hands.skip_to_content()
    await hands.go("Filtra")
    choice = page.locator("[type=checkbox][name=marchio][value=DOP]")
    await expect(choice).to_be_visible()
    for _ in range(MOST_TABS):
        await hands.press("Tab")
        if await choice.evaluate("box => box === document.activeElement"):
            break
    await hands.press("Space")
    await expect(page).to_have_url(re.compile("marchio=DOP"))
    await expect(page.locator("#live")).to_contain_text("prodotti")
    await expect(page.locator(".chip")).to_contain_text("DOP")
    assert await choice.evaluate("box => box === document.activeElement && box.checked"), "and goes on from there"
    name = await page.locator("main .card__name a").first.inner_text()
    await hands.go(name)
    await expect(heading(page)).to_contain_text(name)
    await hands.skip_to_content()
    await hands.go("Salva nei preferiti")
    await expect(page.locator("#wish").get_by_role("link", name="I miei preferiti")).to_be_visible()
    await page.goto("/preferiti")
    await expect(page.locator("main .card__name").first).to_contain_text(name)
    assert hands.presses <= MOST_PRESSES, f"{hands.presses} presses"


async def test_the_filters_with_the_keyboard_alone(people: People) -> None:
    """Ticked, unfolded, typed and taken away again: the focus stays where the hands are."""
    page = await people.enter("/prodotti")
    hands = Hands(page)
    await hands.skip_to_content()
    await hands.go("Filtra")
    await hands.tick("marchio", "DOP")
    await expect(page).to_have_url(re.compile("marchio=DOP"))
    assert await hands.holds("marchio", "DOP")
    await hands.go("Mostra tutti")
    folded = page.locator(".narrow__facet details[open] input").first
    name, value = await folded.get_attribute("name") or "", await folded.get_attribute("value") or ""
    await hands.tick(name, value)
    await expect(page.locator(".chip")).to_have_count(2)
    await expect(folded, "what was unfolded stays so").to_be_visible()
    assert await hands.holds(name, value)
    await hands.tab_to("prezzo-a")
    await page.keyboard.type("30")
    await hands.press("Enter")
    await expect(page).to_have_url(re.compile("prezzo-a=30"))
    await expect(page.locator("#position"), "sent, the filters close and what they found is next").to_be_focused()
    await expect(page.locator(".chip")).to_have_count(3)
    await hands.tab_to("DOP", "Shift+Tab")
    await hands.press("Enter")
    await expect(page).not_to_have_url(re.compile("marchio=DOP"))
    await expect(page.locator(".chip")).to_have_count(2)
    assert hands.presses <= MOST_PRESSES, f"{hands.presses} presses"


async def test_a_new_product_with_the_keyboard_alone(people: People) -> None:
    """A producer begins a product, goes from a gap to its field, fills it and sees one gap less."""
    page = await people.sign_in(OIL_MILL, "/banco/prodotti")
    hands = Hands(page)
    await hands.skip_to_content()
    await hands.go("Nuovo prodotto")
    await expect(heading(page)).to_have_text("Nuovo prodotto")
    await hands.skip_to_content()
    await hands.tab_to("name_it")
    await page.keyboard.type("Olio di prova, a mano")
    await hands.tab_to("category_id")
    await page.keyboard.type("Olio")
    await hands.go("Avanti")
    await expect(heading(page)).to_have_text("Olio di prova, a mano")
    gaps = page.locator("#missing li")
    first, before = await gaps.get_by_role("link").first.inner_text(), await gaps.count()
    await hands.skip_to_content()
    await hands.go(first)
    gap = page.locator("input:focus, textarea:focus, select:focus")
    await expect(gap).to_be_in_viewport()
    await page.keyboard.type("olio extravergine di oliva")
    await hands.go("Salva")
    await expect(gaps).to_have_count(before - 1)
    await expect(page.get_by_role("link", name=first)).to_have_count(0)
    await expect(page.locator("#salva-etichetta"), "the focus stays where the hands are").to_be_focused()
    assert hands.presses <= MOST_PRESSES, f"{hands.presses} presses"
