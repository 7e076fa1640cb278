"""Draw the installed shop's icons from static/icons/<theme>.svg: python tools/icons.py, and commit what it writes.

Plain icons and Apple's stand on the theme's paper; a maskable one keeps its mark in the circle of 80 % that every
system leaves whole (W3C, Web App Manifest, "icon masks").
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from app.web.themes import paper
from tools import chromium

ICONS = Path(__file__).resolve().parents[1] / "static" / "icons"
MASKED = 0.22  # of the side, around the mark: its corners stay within the circle
COLOURS = 16
ICO_SIZES = (16, 32, 48)


def draw(page: Page, svg: str, size: int, ground: str, inset: float) -> Image.Image:
    """inset: of the side, on each side."""
    mark = round(size * (1 - 2 * inset))
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(
        "<style>body { margin: 0; display: grid; place-items: center; overflow: hidden; "
        f"height: {size}px; background: {ground} }} svg {{ width: {mark}px; height: {mark}px }}</style>{svg}"
    )
    return Image.open(io.BytesIO(page.screenshot(omit_background=True)))


def icons_of(page: Page, theme: str) -> None:
    """Write all icons of a theme. A mark with a ground of its own fills the plain ones."""
    svg, ground = (ICONS / f"{theme}.svg").read_text(), paper(theme).light
    around = 0.0 if "M0 0h44v44H0z" in svg else 0.1
    wanted = {
        "192": (192, around),
        "512": (512, around),
        "180": (180, around + 0.05),
        "maskable-192": (192, MASKED),
        "maskable-512": (512, MASKED),
    }
    for name, (size, inset) in wanted.items():
        drawn = draw(page, svg, size, ground, inset).convert("RGB")
        drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(ICONS / f"{theme}-{name}.png", optimize=True)
    small = draw(page, svg, max(ICO_SIZES), "transparent", 0)
    small.save(ICONS / f"{theme}.ico", sizes=[(side, side) for side in ICO_SIZES])


def main() -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        page = browser.new_page()
        for svg in sorted(ICONS.glob("*.svg")):
            icons_of(page, svg.stem)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
