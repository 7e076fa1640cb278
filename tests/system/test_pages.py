"""The legal and information pages, in four languages."""

import re

import pytest

from app.system import pages
from tests.cast import Browser

EVERY = [*pages.slugs(), "spedizioni"]
PREFIX = {"it": "", "en": "/en", "de": "/de", "fr": "/fr"}


@pytest.mark.parametrize("locale", PREFIX)
@pytest.mark.parametrize("slug", EVERY)
async def test_every_page_is_there_in_every_language(anna: Browser, slug: str, locale: str) -> None:
    answer = await anna.get(f"{PREFIX[locale]}/{slug}")

    assert answer.status_code == 200
    assert answer.one("html").attributes["lang"] == locale
    assert len(answer.all("h1")) == 1
    assert "$" not in answer.one("main").text()
    assert not answer.all("article[lang]"), "a translation is missing"


async def test_every_link_of_the_footer_leads_somewhere(anna: Browser) -> None:
    page = await anna.get("/en")
    links = {node.attributes["href"] for node in page.all("footer a")}

    assert len(links) > 8
    for link in sorted(link for link in links if link and link.startswith("/")):
        assert (await anna.get(link)).status_code in {200, 303}, link


async def test_links_inside_a_text_stay_in_its_language(anna: Browser) -> None:
    page = await anna.get("/de/condizioni")

    assert {node.attributes["href"] for node in page.all("article a")} >= {"/de/recesso", "/de/spedizioni"}


async def test_no_page_names_the_platform_that_was_closed(anna: Browser) -> None:
    for slug in EVERY:
        assert "consumers/odr" not in (await anna.get(f"/{slug}")).text


async def test_the_footer_says_who_runs_the_shop(anna: Browser) -> None:
    footer = (await anna.get("/privacy")).one("footer").text()

    assert re.search(r"P\. IVA \d{11}", footer)
    assert re.search(r"REA [A-Z]{2}-\d+", footer)


async def test_the_page_on_deliveries_shows_the_rows_that_checkouts_use(anna: Browser) -> None:
    answer = await anna.get("/spedizioni")

    assert answer.says("5,90\xa0€")
    assert answer.says("49,00\xa0€")


async def test_a_page_that_does_not_exist_is_a_404(anna: Browser) -> None:
    assert (await anna.get("/recessi")).status_code == 404
