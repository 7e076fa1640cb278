"""The shop as something to install: its manifest, and the worker that stands in where there is no network."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from textwrap import shorten
from typing import Any

from app.kernel.i18n import gettext as _
from app.web.assets import STATIC, bare
from app.web.pages import asset, render
from app.web.themes import fonts, paper
from app.web.visit import Visit

_FILES = re.compile(r'(?:src|href)="(/static/[^"]+\.(?:css|js|svg))"')
LONGEST_SHORT_NAME = 12  # what fits below an icon (W3C, Web App Manifest, short_name)


def manifest(visit: Visit) -> Mapping[str, Any]:
    """The Web App Manifest of a shop in the reader's language."""
    shop, ground = visit.shop, paper(visit.shop.theme).light
    return {
        "id": "/",
        "name": shop.name,
        "short_name": shorten(shop.name, LONGEST_SHORT_NAME, placeholder="") or shop.name[:LONGEST_SHORT_NAME],
        "description": shop.tagline,
        "lang": visit.locale,
        "dir": "ltr",
        "start_url": visit.href("/"),
        "scope": "/",
        "display": "standalone",
        "background_color": ground,
        "theme_color": ground,
        "categories": ["food", "shopping"],
        "icons": [
            {"src": asset(f"icons/{shop.theme}.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(_icon(shop.theme, size, purpose) for purpose in ("any", "maskable") for size in (192, 512)),
        ],
        "shortcuts": [
            {"name": _("Tutti i prodotti"), "url": visit.href("/prodotti")},
            {"name": _("Carrello"), "url": visit.href("/carrello")},
            {"name": _("I tuoi ordini"), "url": visit.href("/ordini")},
        ],
    }


def _icon(theme: str, size: int, purpose: str) -> dict[str, str]:
    name = f"{theme}-{size}" if purpose == "any" else f"{theme}-{purpose}-{size}"
    return {"src": asset(f"icons/{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


def worker(visit: Visit) -> str:
    """static/js/worker.js with what it keeps from the start written before it.

    Its version is that of everything in it and of the page it shows, so that a browser takes a new one when it should.
    """
    page = render("system/offline.html")
    files, letters = sorted(set(_FILES.findall(page))), [asset(font) for font in fonts(visit.shop.theme)]
    pages = {code: visit.shop.href("/offline", code) for code in visit.locales}
    first = visit.shop.locales[0]
    known = {
        "version": hashlib.blake2b(repr((_source(), page, files, letters)).encode(), digest_size=5).hexdigest(),
        "files": files,
        "fonts": letters,
        "icon": asset(f"icons/{visit.shop.theme}-192.png"),
        "pages": {"" if code == first else code: path for code, path in pages.items()},
    }
    return f"const KEPT={json.dumps(known, separators=(',', ':'))};\n{_source()}"


@cache
def _source() -> str:
    """The worker without comments and indentation."""
    return bare((STATIC / "js" / "worker.js").read_text())
