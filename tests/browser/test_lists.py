"""Lists while somebody reads them: filters keep the place and the focus, more comes below, Back leads where one was."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.people import People
from tests.browser.steps import heading, press

pytestmark = pytest.mark.browser
LIST = "/prodotti"
MARGIN = 120  # pixels that a browser may be off after Back: what is laid out late moves what comes after it


async def top_of(page: Page, selector: str) -> float:
    """Where the top of an element stands on the screen, in pixels."""
    return float(await page.locator(selector).first.evaluate("element => element.getBoundingClientRect().top"))


async def open_filters(page: Page) -> None:
    await page.locator(".narrow__head").click()
    await expect(page.locator("[data-narrow]")).to_be_visible()


async def is_focused(page: Page, selector: str) -> bool:
    return bool(await page.locator(selector).first.evaluate("element => element === document.activeElement"))


@pytest.mark.parametrize("on", ["desktop", "phone"])
async def test_a_ticked_filter_keeps_focus_place_and_what_was_open(people: People, on: str) -> None:
    page = await people.enter(LIST, on=on)
    await open_filters(page)
    behind = page.locator(".narrow__facet > details")
    await behind.first.locator("summary").click()
    box = behind.first.locator("input").nth(2)
    name, value = await box.get_attribute("name"), await box.get_attribute("value")
    mine = f'[type=checkbox][name="{name}"][value="{value}"]'
    await box.focus()
    before = await page.evaluate("scrollY"), await top_of(page, mine)
    await page.keyboard.press("Space")
    await expect(page).to_have_url(re.compile(re.escape(f"{name}={value}")))
    await expect(page.locator(".chip")).to_have_count(1)
    assert await is_focused(page, mine)
    await expect(page.locator(mine)).to_be_checked()
    await expect(behind.first).to_have_attribute("open", "")
    await expect(page.locator("[data-narrow]")).to_be_visible()
    after = await page.evaluate("scrollY"), await top_of(page, mine)
    assert abs(after[0] - before[0]) < MARGIN
    assert abs(after[1] - before[1]) < MARGIN
    await page.keyboard.press("Space")  # and off again
    await expect(page.locator(".chip")).to_have_count(0)
    await expect(page.locator(mine)).not_to_be_checked()
    assert await is_focused(page, mine)


async def test_a_chip_taken_away_unticks_its_box(people: People) -> None:
    page = await people.enter(LIST)
    await open_filters(page)
    box = page.locator("[name=marchio][value=DOP]")
    await box.check()
    await page.locator(".chip").click()
    await expect(page.locator(".chip")).to_have_count(0)
    await expect(box).not_to_be_checked()
    assert await is_focused(page, "#position")


async def test_the_button_of_the_panel_says_how_many_and_leads_to_them(people: People) -> None:
    page = await people.enter(LIST, on="phone")
    await open_filters(page)
    await page.locator("[name=marchio][value=DOP]").check()
    await expect(page.locator(".chip")).to_have_count(1)
    said = re.search(r"di (\d+) prodott", await page.locator("#position").inner_text())
    assert said
    button = page.locator(".narrow__show")
    await expect(button).to_have_text(re.compile(f"Mostra {said[1]} prodott"))
    await button.click()
    await expect(page.locator("[data-narrow]")).to_be_hidden()
    await expect(page.locator("#position")).to_be_in_viewport()
    assert await is_focused(page, "#position")


async def test_a_press_shows_that_it_works_until_the_answer(people: People) -> None:
    page = await people.enter(LIST, service_workers="block")
    busy: list[str | None] = []

    async def slowly(route: Route) -> None:
        busy.append(await page.locator("#results").get_attribute("aria-busy"))
        await route.continue_()

    await page.route("**/prodotti?*ordine=prezzo*", slowly)
    await page.locator("#ordine").select_option("prezzo")
    await expect(page).to_have_url(re.compile("ordine=prezzo"))
    await expect(page.locator("#results[aria-busy]")).to_have_count(0)
    assert busy == ["true"]


async def test_from_a_filtered_list_to_a_product_and_back_to_the_same_place(people: People) -> None:
    page = await people.enter(LIST)
    await page.locator("#ordine").select_option("prezzo")
    await expect(page).to_have_url(re.compile("ordine=prezzo"))
    await open_filters(page)
    await page.locator("[name=disponibili]").check()
    await expect(page.locator(".chip")).to_have_count(1)
    names = await page.locator("main .card__name").all_text_contents()
    card = page.locator("main .card__name a").nth(14)
    name = await card.inner_text()
    await press(card)
    await expect(heading(page)).to_contain_text(name)
    await page.go_back()
    await expect(page).to_have_url(re.compile("ordine=prezzo.*disponibili=1"))
    await expect(page.locator(".chip")).to_have_count(1)
    assert await page.locator("main .card__name").all_text_contents() == names
    await expect(page.locator("main .card__name a").nth(14)).to_be_in_viewport()


async def test_more_comes_below_and_back_finds_it_there(people: People) -> None:
    page = await people.enter(LIST)
    cards = page.locator("main .card")
    await expect(cards).to_have_count(24)
    await page.get_by_role("link", name="Mostra altri").click()
    await expect(cards).to_have_count(48)
    await expect(page.locator("#position")).to_contain_text("1–48 di")
    await expect(page.locator("#live")).to_contain_text("1–48 di")
    await expect(page).to_have_url(re.compile("pagina=1-2"))
    link = cards.nth(24).locator(".card__name a")
    assert await link.evaluate("link => link === document.activeElement")
    await expect(link).to_be_in_viewport()
    name = await link.inner_text()
    await link.click()
    await expect(heading(page)).to_contain_text(name)
    await page.go_back()
    await expect(cards).to_have_count(48)
    await expect(cards.nth(24).locator(".card__name a")).to_have_text(name)
    await expect(cards.nth(24)).to_be_in_viewport()


async def test_without_javascript_the_same_links_lead_to_the_next_page(people: People) -> None:
    page = await people.enter(LIST, javascript=False)
    await page.get_by_role("link", name="Mostra altri").press("Enter")  # the cards above still grow
    await expect(page).to_have_url(re.compile(r"pagina=2$"))
    await expect(page.locator("#position")).to_contain_text("25–")
    await page.goto(LIST)
    await page.locator(".narrow__head").click()
    await page.locator("[name=marchio][value=DOP]").check()
    await page.locator(".narrow__show").click()
    await expect(page).to_have_url(re.compile("marchio=DOP.*#position$"))
    await expect(page.locator(".chip")).to_have_count(1)


async def test_a_picture_that_does_not_come_leaves_the_initial(people: People) -> None:
    people.forgiven.add("net::ERR_FAILED")
    page = await people.enter(None, service_workers="block")
    await page.route("**/media/**", lambda route: route.abort())
    await page.goto(LIST)
    first = page.locator("main .card").first
    stand = first.locator(".picture--none")
    await expect(stand).to_be_visible()
    name = await first.locator(".card__name a").inner_text()
    assert (await stand.inner_text()).strip().lower() == name[0].lower()
    await expect(stand).to_have_attribute("aria-label", re.compile(".{3}"))
