"""What browsers ask a shop for by themselves: manifest, worker, icons, and the page for when there is no network."""

import json

from litestar import get
from litestar.response import Response

from app.system import offline
from app.web.access import anyone
from app.web.assets import STATIC
from app.web.freshness import Fresh
from app.web.pages import Page
from app.web.visit import CurrentVisit

DAY = 86400


@get("/manifest.webmanifest", access=anyone, bare=True, name="offline.manifest")
async def show_manifest(visit: CurrentVisit) -> Response[bytes]:
    return Fresh(json.dumps(offline.manifest(visit), ensure_ascii=False), "application/manifest+json")


@get("/sw.js", access=anyone, bare=True, name="offline.worker")
async def show_worker(visit: CurrentVisit) -> Response[bytes]:
    """Asked for anew at each navigation, so that nobody is stuck with an old one."""
    return Fresh(offline.worker(visit), "text/javascript", seconds=0)


@get("/offline", access=anyone, bare=True, name="offline.page")
async def show_offline_page() -> Page:
    """The same for everybody: it is kept on the device before anybody needs it."""
    return Page("system/offline.html")


@get("/favicon.ico", access=anyone, bare=True, name="offline.favicon")
async def show_favicon(visit: CurrentVisit) -> Response[bytes]:
    return _icon(f"{visit.shop.theme}.ico", "image/x-icon")


@get("/apple-touch-icon.png", access=anyone, bare=True, name="offline.apple_icon")
async def show_apple_icon(visit: CurrentVisit) -> Response[bytes]:
    return _icon(f"{visit.shop.theme}-180.png", "image/png")


def _icon(name: str, media_type: str) -> Response[bytes]:
    """For those who ask without having read a page."""
    body = (STATIC / "icons" / name).read_bytes()
    return Response(body, media_type=media_type, headers={"Cache-Control": f"public, max-age={DAY}"})


ROUTES = [show_manifest, show_worker, show_offline_page, show_favicon, show_apple_icon]
