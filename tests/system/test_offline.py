"""What a browser asks for by itself: the manifest, the worker, icons, and the page for when there is no network."""

import json
import re

import brotli
import pytest
from sqlalchemy import update

from app.kernel.db import transaction
from app.shops.models import Shop
from app.system import offline
from app.web import themes
from app.web.assets import STATIC
from tests.cast import Browser, TestShop

MOST_BYTES = 3000  # of the worker, on its way


def kept(text: str) -> dict[str, object]:
    found = re.match(r"const KEPT=(\{.*?\});\n", text)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("theme", ["tavola", "rachel"])
async def test_the_shop_can_be_installed_with_its_own_look(shop: TestShop, anna: Browser, theme: str) -> None:
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == shop.id).values(theme=theme))
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    answer = await anna.get("/en/manifest.webmanifest")
    manifest = json.loads(answer.text)

    assert answer.headers["content-type"].startswith("application/manifest+json")
    assert (manifest["name"], manifest["short_name"]) == ("Tavola Prova", "Tavola Prova")
    assert (manifest["lang"], manifest["start_url"], manifest["scope"]) == ("en", "/en", "/")
    assert manifest["theme_color"] == themes.paper(theme).light
    purposes = {(icon["sizes"], icon.get("purpose", "any")) for icon in manifest["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("192x192", "maskable"), ("512x512", "maskable")} <= purposes
    for icon in manifest["icons"]:
        assert (await anna.get(icon["src"])).headers["content-type"] == icon["type"]
    for shortcut in manifest["shortcuts"]:
        assert shortcut["url"].startswith("/en/")
        assert (await anna.get(shortcut["url"])).status_code in {200, 303}


async def test_a_long_name_is_shortened_at_a_words_end(shop: TestShop, anna: Browser) -> None:
    for name, short in (("Tavola Romagna", "Tavola"), ("X" * 40, "X" * 12)):
        async with shop.database.session(None) as db, transaction(db):
            await db.execute(update(Shop).where(Shop.id == shop.id).values(name=name))
        shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
        assert json.loads((await anna.get("/manifest.webmanifest")).text)["short_name"] == short


async def test_the_worker_is_small_and_asked_for_anew_each_time(anna: Browser) -> None:
    answer = await anna.get("/sw.js")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert len(brotli.compress(answer.text.encode())) <= MOST_BYTES
    assert "//" not in answer.text, "comments stay at home"
    assert (await anna.get("/sw.js", **{"If-None-Match": answer.headers["etag"]})).status_code == 304


async def test_everything_the_worker_keeps_from_the_start_is_there(anna: Browser) -> None:
    """One file that is missing, and no browser would install it."""
    known = kept((await anna.get("/sw.js")).text)
    files, pages = known["files"], known["pages"]
    assert isinstance(files, list)
    assert isinstance(pages, dict)

    assert pages == {"": "/offline", "en": "/en/offline", "de": "/de/offline", "fr": "/fr/offline"}
    for path in [*files, *pages.values()]:
        assert (await anna.get(path)).status_code == 200, path
    page = await anna.get("/offline")
    needed = {node.attributes["src"] for node in page.all("script[src]")}
    needed |= {node.attributes["href"] for node in page.all("link[rel='stylesheet']")}
    assert needed <= set(files)
    fonts = known["fonts"]
    assert isinstance(fonts, list)
    assert [(await anna.get(path)).headers["content-type"] for path in fonts] == ["font/woff2"] * 2


async def test_a_new_shop_text_makes_a_new_worker(shop: TestShop, anna: Browser) -> None:
    before = kept((await anna.get("/sw.js")).text)["version"]
    same = kept((await anna.get("/sw.js")).text)["version"]
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == shop.id).values(name="Un altro nome"))
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]

    assert before == same
    assert kept((await anna.get("/sw.js")).text)["version"] != before


async def test_the_offline_page_is_the_same_for_everybody(shop: TestShop, anna: Browser) -> None:
    await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 2})
    await anna.sign_in("anna@posta.example")
    assert (await anna.get("/carrello")).says("Nel carrello")  # said once, and no more
    mine = await anna.get("/offline")
    async with shop.browser() as stranger:
        theirs = await stranger.get("/offline")

    assert mine.text == theirs.text
    assert mine.headers["x-queries"] == "0"
    assert mine.one("h1").text() == "Il negozio non si raggiunge"
    for prefix in ("/en", "/de", "/fr"):
        assert (await anna.get(f"{prefix}/offline")).one("html").attributes["lang"] == prefix[1:]


async def test_only_the_orders_page_may_be_kept(anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")
    for path in ("/", "/prodotti/olio", "/carrello", "/profilo", "/ordini", "/accedi"):
        assert "x-offline" not in (await anna.get(path)).headers, path


async def test_logging_out_empties_the_browsers_cache(anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")

    assert (await anna.post("/esci")).headers["clear-site-data"] == '"cache"'


async def test_icons_are_where_browsers_look_for_them(anna: Browser) -> None:
    for path, kind, mark in (
        ("/favicon.ico", "image/x-icon", b"\x00\x00\x01\x00"),
        ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
    ):
        answer = await anna.get(path)
        assert answer.headers["content-type"] == kind
        assert answer.response.content.startswith(mark)
        assert len(answer.response.content) < 10_000


def test_every_theme_has_a_paper_and_its_icons() -> None:
    for css in (STATIC / "css" / "themes").glob("*.css"):
        assert themes.paper(css.stem).light != themes.paper(css.stem).dark
        for name in ("180", "192", "512", "maskable-192", "maskable-512"):
            assert (STATIC / "icons" / f"{css.stem}-{name}.png").is_file()
    with pytest.raises(FileNotFoundError):
        themes.paper("nessuno")


def test_the_workers_comments_are_cut_and_its_code_is_not() -> None:
    whole = (STATIC / "js" / "worker.js").read_text()
    served = offline._source()

    assert whole.count("addEventListener(") == served.count("addEventListener(") == 6
    assert served.count("{") == whole.count("{") - whole.split("\n", 1)[0].count("{")
    assert r"/^(\/[a-z]{2})?\/(cassa|banco|amministrazione|feeds|_stripe)(\/|$)/" in served
