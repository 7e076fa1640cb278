"""First contentful paint in Chromium, CPU six times slower, on slow networks, beside a page of one line.

python bench/browser.py. A cold cache each time, the median of five, the pages in turn; the one line is the floor: one
round trip. Compare the ratios. Nothing is asserted.
"""

import sys
import time
from statistics import median

from playwright.sync_api import Browser, ViewportSize, sync_playwright
from selectolax.lexbor import LexborHTMLParser

from bench.serve import serve
from tools import chromium

RUNS = 5
SLOWER = 6
PATIENCE_SECONDS = 30
SCREEN: ViewportSize = {"width": 390, "height": 844}
NETWORKS = {  # latency in ms, bytes a second down and up
    "Slow 4G": (562, 180_000, 84_000),
    "Slow 3G": (2000, 50_000, 50_000),
}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
PAINTED = "firstContentfulPaint"
REST_SECONDS = 1  # a new window loads pages of the browser's own, which would share the processor with ours


def main() -> int:
    path = chromium.find()
    if path is None:
        print("There is no Chromium; see tools/chromium.py.", file=sys.stderr)
        return 1
    with serve() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        pages = {
            "one line": "/health/line.html",
            "home": "/",
            "listing": "/prodotti",
            "search": "/cerca?q=parmigiano",
            "product": _product_path(browser, server.url),
        }
        print(f"{browser.browser_type.name} {browser.version}, CPU {SLOWER} times slower, on {server.database}")
        print(f"First contentful paint in ms, median of {RUNS}, and as a ratio to the one line\n")
        print("".ljust(12) + "".join(name.rjust(18) for name in pages))
        for network in NETWORKS:
            painted: dict[str, list[float]] = {name: [] for name in pages}
            for _ in range(RUNS):
                for name, page_path in pages.items():
                    painted[name].append(first_paint(browser, server.url + page_path, network))
            floor = median(painted["one line"])
            cells = (f"{median(times):.0f}  x{median(times) / floor:.2f}".rjust(18) for times in painted.values())
            print(network.ljust(12) + "".join(cells), flush=True)
        browser.close()
    return 0


def first_paint(browser: Browser, url: str, network: str) -> float:
    """Milliseconds from the start of a navigation to the first text or picture, in a new profile."""
    latency, down, up = NETWORKS[network]
    context = browser.new_context(locale="it-IT", viewport=SCREEN, device_scale_factor=2)
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        painted: list[object] = []
        session.on("Page.lifecycleEvent", lambda event: painted.append(event) if event["name"] == PAINTED else None)
        session.send("Page.enable")
        session.send("Page.setLifecycleEventsEnabled", {"enabled": True})
        page.wait_for_timeout(REST_SECONDS * 1000)
        painted.clear()
        session.send("Network.enable")
        conditions = {"offline": False, "latency": latency, "downloadThroughput": down, "uploadThroughput": up}
        session.send("Network.emulateNetworkConditions", conditions)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        answer = page.goto(url, wait_until="commit", timeout=PATIENCE_SECONDS * 1000)
        if answer is None or answer.status != 200:
            sys.exit(f"{url} answered {answer.status if answer else 'nothing'}")
        until = time.monotonic() + PATIENCE_SECONDS
        while not painted:  # told by the browser: asking the page meanwhile would take its time
            if time.monotonic() > until:
                sys.exit(f"{url} painted nothing in {PATIENCE_SECONDS} s")
            page.wait_for_timeout(50)
        return float(page.evaluate(PAINT))
    finally:
        context.close()


def _product_path(browser: Browser, url: str) -> str:
    page = browser.new_page()
    page.goto(f"{url}/prodotti", wait_until="commit")
    links = LexborHTMLParser(page.content()).css('a[href^="/prodotti/"]')
    page.close()
    return (links[0].attributes.get("href") or "") if links else "/prodotti/none"


if __name__ == "__main__":
    sys.exit(main())
