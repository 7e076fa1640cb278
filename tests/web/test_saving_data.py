"""Who saves data, or sits on a slow line, gets small pictures and no fonts, from the same pages as everybody."""

import re

import pytest

from tests.cast import Browser, TestShop

KEY = "piadina-0123456789abcdef"
SAVING = [{"Save-Data": "on"}, {"Save-Data": " ON "}, {"ECT": "2g"}, {"ECT": "slow-2g"}]
NOT_SAVING: list[dict[str, str]] = [{}, {"Save-Data": "off"}, {"Save-Data": ""}, {"ECT": "3g"}, {"ECT": "4g"}]


@pytest.fixture
async def pictures(shop: TestShop) -> None:
    """One of 1,280 pixels in all its widths, and one that was put there without a small one."""
    storage = shop.app.app.state.storage  # type: ignore[attr-defined]
    for name in (*(f"{KEY}-{width}.webp" for width in (160, 320, 640, 1280)), "sola-0123456789abcdef-640.webp"):
        storage.write(shop.slug, name, name.encode())


async def font_of(browser: Browser) -> str:
    sheet = (await browser.get("/offline")).one("link[rel=stylesheet]").attributes["href"]
    found = re.search(r"/static/fonts/[\w.-]+\.woff2", (await browser.get(sheet or "")).text)
    assert found
    return found[0]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("saving", SAVING)
async def test_a_picture_of_a_page_comes_small(anna: Browser, saving: dict[str, str]) -> None:
    for width in (640, 1280):
        answer = await anna.get(f"/media/{KEY}-{width}.webp", **saving, **{"Sec-Fetch-Dest": "image"})
        assert answer.text == f"{KEY}-320.webp"
        assert answer.headers["cache-control"] == "private, max-age=86400", "no cache for many has it under this name"
        assert {"Save-Data", "ECT"} <= {name.strip() for name in answer.headers["vary"].split(",")}
        again = await anna.get(f"/media/{KEY}-{width}.webp", **saving, **{"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    for width in (160, 320):
        answer = await anna.get(f"/media/{KEY}-{width}.webp", **saving)
        assert answer.text == f"{KEY}-{width}.webp"
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.usefixtures("pictures")
async def test_the_large_picture_behind_a_link_is_the_large_one(anna: Browser) -> None:
    asked = {"Save-Data": "on", "Sec-Fetch-Dest": "document"}

    assert (await anna.get(f"/media/{KEY}-1280.webp", **asked)).text == f"{KEY}-1280.webp"


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("plenty", NOT_SAVING)
async def test_everybody_else_has_what_they_asked_for(anna: Browser, plenty: dict[str, str]) -> None:
    answer = await anna.get(f"/media/{KEY}-1280.webp", **plenty)

    assert answer.text == f"{KEY}-1280.webp"
    assert "immutable" in answer.headers["cache-control"]
    assert "Save-Data" in answer.headers["vary"]
    font = await anna.get(await font_of(anna), **plenty)
    assert (font.status_code, font.headers["content-type"]) == (200, "font/woff2")
    assert font.headers["vary"] == "Save-Data"


@pytest.mark.parametrize("saving", SAVING)
async def test_fonts_do_not_come_and_are_asked_for_again_when_nobody_saves(
    anna: Browser, saving: dict[str, str]
) -> None:
    path = await font_of(anna)
    none = await anna.get(path, **saving)

    assert (none.status_code, none.headers["content-length"], none.headers["cache-control"]) == (404, "0", "no-store")
    assert none.headers["vary"] == "Save-Data, ECT"
    assert (await anna.get(path)).status_code == 200


@pytest.mark.usefixtures("pictures")
async def test_a_picture_without_a_small_one_is_not_lost(anna: Browser) -> None:
    answer = await anna.get("/media/sola-0123456789abcdef-640.webp", **{"Save-Data": "on"})

    assert answer.status_code == 200


async def test_styles_and_scripts_come_all_the_same_and_pages_are_the_same(anna: Browser) -> None:
    page, frugal = await anna.get("/prodotti"), await anna.get("/prodotti", **{"Save-Data": "on", "ECT": "2g"})

    assert page.text == frugal.text
    assert "Save-Data" not in page.headers["vary"], "a kept page is one for everybody"
    assert page.headers["accept-ch"] == "ECT", "or browsers would not tell"
    for node in [*page.all("script[src]"), *page.all("link[rel='stylesheet']")]:
        path = node.attributes.get("src") or node.attributes.get("href") or ""
        assert (await anna.get(path, **{"Save-Data": "on"})).status_code == 200


async def test_pages_ask_for_no_font_ahead(anna: Browser) -> None:
    for path in ("/", "/prodotti", "/prodotti/olio"):
        assert (await anna.get(path)).all("link[rel='preload']") == []
