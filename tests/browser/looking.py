"""What is looked for on every page: what axe finds, what a thumb would miss, what is cut off."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = (Path(__file__).parents[1] / "assets" / "axe.min.js").read_text()
BAD = {"serious", "critical"}
# What waits below the first view (content-visibility) is laid out, as for who has come there: axe measures all at once.
SCROLLED_TO = """() => document.querySelectorAll("*").forEach(element => {
    if (getComputedStyle(element).contentVisibility === "auto") element.style.contentVisibility = "visible";
})"""
NARROW = (320, 360)
LEAST_BUTTON_PX = 44


async def faults(page: Page) -> list[str]:
    """Of the page as it stands, on a phone's screen and on a wide one, in light and dark; it is left wide and dark."""
    found = []
    await page.evaluate(SCROLLED_TO)
    await page.evaluate(AXE)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found += await axe(page, scheme)
    found += await _headings(page)
    found += await _small_buttons(page)
    for width in NARROW:
        await page.set_viewport_size({"width": width, "height": 780})
        found += await _overflow(page, width)
    await page.set_viewport_size({"width": 1280, "height": 900})
    found += await axe(page, "wide")
    return found


async def axe(page: Page, where: str) -> list[str]:
    """Serious and critical violations, with the first elements that have them."""
    found: list[dict[str, Any]] = await page.evaluate(
        """async () => (await axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}))
            .violations.map(({id, impact, help, nodes}) => ({id, impact, help,
                nodes: nodes.slice(0, 4).map(node => node.target.join(" ") + " :: " + node.html.slice(0, 160)
                    + " :: " + node.any.concat(node.all, node.none).map(check => check.message).join("; "))}))"""
    )
    return [
        f"{where}: {fault['id']} ({fault['impact']}): {fault['help']}\n    " + "\n    ".join(fault["nodes"])
        for fault in found
        if fault["impact"] in BAD
    ]


async def _headings(page: Page) -> list[str]:
    titles = await page.locator("h1").all_inner_texts()
    return [] if len(titles) == 1 else [f"{len(titles)} headings of the first level: {titles}"]


async def _small_buttons(page: Page) -> list[str]:
    """Main buttons that a thumb would miss."""
    small: list[str] = await page.evaluate(
        """least => [...document.querySelectorAll(".button--primary, .choices button")]
            .map(button => [button.textContent.trim(), button.getBoundingClientRect()])
            .filter(([, box]) => box.width && box.height < least).map(([text, box]) => `${text}: ${box.height} px`)""",
        LEAST_BUTTON_PX,
    )
    return [f"too low for a thumb: {button}" for button in small]


async def _overflow(page: Page, width: int) -> list[str]:
    """What is wider than the screen, unless it scrolls within its own box."""
    wide: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
            [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                .slice(0, 5).map(e => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`)
                .concat(["page"])"""
    )
    return [f"at {width} px wider than the screen: {element}" for element in wide]
