"""What every public page tells search engines about itself, in each language."""

from urllib.parse import urlsplit

import pytest

from tests.cast import Answer, Browser, TestShop
from tests.catalog.test_pages import add_goods

LOCALES = ("it", "en", "de", "fr")


async def public_pages(shop: TestShop) -> list[str]:
    """Every kind of page, the second page of a list, and every product and producer."""
    await add_goods(shop, 30)
    return [
        *("/", "/prodotti", "/prodotti?pagina=2", "/categorie/dispensa", "/categorie/dispensa?pagina=2", "/produttori"),
        *(f"/produttori/{slug}" for slug in shop.producers),
        *(f"/prodotti/{slug}" for slug in shop.slugs.values()),
    ]


def in_language(path: str, locale: str) -> str:
    return path if locale == "it" else f"/{locale}{path if path != '/' else ''}"


def content(page: Answer, selector: str) -> str:
    return page.one(selector).attributes["content"] or ""


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_page_says_what_it_is(shop: TestShop, anna: Browser, locale: str) -> None:
    titles: dict[str, str] = {}
    for path in await public_pages(shop):
        page = await anna.get(in_language(path, locale))
        title = page.one("title").text().strip()
        assert page.status_code == 200, path
        assert page.one("html").attributes["lang"] == locale
        assert len(page.all("h1")) == 1, path
        assert page.one("h1").text().strip()
        assert title not in titles.values(), f"{path} and {titles} are called alike"
        assert len(content(page, "meta[name='description']")) > 10, path
        assert not page.all("meta[name='robots']")
        titles[path] = title


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_page_names_its_address_and_those_in_other_languages(
    shop: TestShop, anna: Browser, locale: str
) -> None:
    for path in await public_pages(shop):
        asked = f"{path}{'&' if '?' in path else '?'}ordine=nome&utm_source=x"
        page = await anna.get(in_language(asked, locale))
        here = anna.base + in_language(path, locale)
        others = {node.attributes["hreflang"]: node.attributes["href"] for node in page.all("link[hreflang]")}

        assert page.one("link[rel='canonical']").attributes["href"] == here
        assert others == {
            **{code: anna.base + in_language(path, code) for code in LOCALES},
            "x-default": anna.base + path,
        }
        assert content(page, "meta[property='og:url']") == here


async def test_descriptions_differ_where_the_pages_do(shop: TestShop, anna: Browser) -> None:
    told = [
        content(await anna.get(path), "meta[name='description']")
        for path in ("/", "/prodotti", "/categorie/dispensa", "/produttori", "/produttori/frantoio", "/prodotti/olio")
    ]

    assert len(set(told)) == len(told)


async def test_searches_that_find_fold_into_one_page(shop: TestShop, anna: Browser) -> None:
    for path in ("/cerca", "/cerca?q=olio"):
        page = await anna.get(path)
        assert not page.all("meta[name='robots']")
        assert urlsplit(page.one("link[rel='canonical']").attributes["href"] or "").path == "/cerca"


async def test_what_finds_nothing_is_not_to_be_listed(anna: Browser) -> None:
    for path in ("/cerca?q=compra+pillole+qui", "/cerca?q=olio&disponibili=1", "/offline"):
        page = await anna.get(path)
        assert page.one("meta[name='robots']").attributes["content"] == "noindex"
        assert not page.all("link[rel='canonical'], link[hreflang], meta[property], script[type='application/ld+json']")


async def test_every_file_in_the_head_is_there(anna: Browser) -> None:
    page = await anna.get("/en/prodotti/olio")
    named = [node.attributes["href"] for node in page.all("head link[href]") if node.attributes["rel"] != "canonical"]
    named += [urlsplit(content(page, "meta[property='og:image']")).path]

    assert len(named) > 8
    for href in named:
        assert (await anna.get(href or "")).status_code == 200, href
