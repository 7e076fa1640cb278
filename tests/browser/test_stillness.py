"""Nothing that somebody looks at jumps when its fonts, its styles and its pictures arrive (ux.md 4, 17, 18)."""

import pytest
from playwright.async_api import Route

from tests.browser.people import People

MOST = 0.05  # cumulative layout shift; here of the whole visit, which is never less than of its worst five seconds
WATCH = """window.shifted = []; new PerformanceObserver(list => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted.push({
        value: shift.value,
        what: shift.sources.map(source => source.node?.className ?? source.node?.parentElement?.className),
    });
}).observe({type: "layout-shift", buffered: true})"""
PAINTED = """new Promise(done => new PerformanceObserver(list =>
    list.getEntriesByName("first-contentful-paint").length && done()).observe({type: "paint", buffered: true}))"""
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
TO_THE_END = f"""async () => {{
    await document.fonts.ready;
    for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {{
        scrollTo(0, top);
        await {TWO_FRAMES};
    }}
}}"""
PAGES = ("/", "/prodotti", "/cerca?q=parmigiano", "/produttori", "/stagioni", "/condizioni", "/come-ordiniamo")


@pytest.mark.parametrize("device", ["phone", "desktop"])
async def test_what_comes_late_moves_nothing(people: People, device: str) -> None:
    page = await people.enter("/prodotti", on=device)
    product = await page.locator(".card__name a").first.get_attribute("href")
    assert product is not None
    jumps = {path: await _shifts(people, device, path) for path in (*PAGES, product)}
    assert {path: found for path, found in jumps.items() if sum(shift["value"] for shift in found) > MOST} == {}


async def _shifts(people: People, device: str, path: str) -> list[dict[str, float]]:
    """What moved while somebody who comes for the first time reads the page to its end."""
    page = await people.enter(None, on=device)
    await page.add_init_script(WATCH)
    for late in ("**/*.woff2", "**/rest.*.css"):
        await page.route(late, _after_the_first_paint)
    await page.goto(path)
    await page.evaluate(TO_THE_END)
    await page.evaluate(TWO_FRAMES)
    shifts: list[dict[str, float]] = await page.evaluate("window.shifted")
    await page.context.close()
    return shifts


async def _after_the_first_paint(route: Route) -> None:
    """As on a slow line: the page is seen before this has come."""
    await route.request.frame.evaluate(PAINTED)
    await route.continue_()
