"""The legal and information pages, in four languages."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.commerce.orders import contract
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts
from app.system import pages
from app.web.pages import TEMPLATES
from tests.cast import Browser, TestShop

EVERY = pages.slugs()
PREFIX = {"it": "", "en": "/en", "de": "/de", "fr": "/fr"}
CLOSED_PLATFORM = "consumers/odr"  # law.md L30
MOST_BYTES = 14_000
in_every_language = pytest.mark.parametrize("locale", PREFIX)
on_every_page = pytest.mark.parametrize("slug", EVERY)


async def _facts(shop: TestShop) -> ShopFacts:
    found = await shop.app.find_shop(shop.host)
    assert found is not None
    return found


@in_every_language
@on_every_page
async def test_every_page_is_there_in_every_language(anna: Browser, shop: TestShop, slug: str, locale: str) -> None:
    answer = await anna.get(f"{PREFIX[locale]}/{slug}")
    info = pages.page(slug, locale, await _facts(shop))

    assert answer.status_code == 200
    assert answer.one("html").attributes["lang"] == locale
    assert not answer.all("main [lang]"), "a translation is missing"
    assert answer.one("h1").text() == info.title
    assert answer.one("title").text().startswith(info.title)
    assert answer.one("meta[name=description]").attributes["content"] == info.description
    assert "$" not in (answer.one("main").html or "")
    assert date(2026, 11, 1) <= info.updated <= date(2100, 1, 1)
    assert str(info.updated.year) in answer.one("main p.small.muted:last-child").text()


@in_every_language
@on_every_page
async def test_every_page_says_who_runs_the_shop_and_is_light(anna: Browser, slug: str, locale: str) -> None:
    answer = await anna.get(f"{PREFIX[locale]}/{slug}", **{"Accept-Encoding": "br"})
    footer = answer.one("footer").text()

    assert "99999019997" in footer
    assert re.search(r"REA\b.{0,5}[A-Z]{2}-\d+", footer)
    assert int(answer.headers["content-length"]) <= MOST_BYTES


@on_every_page
async def test_the_other_languages_are_one_link_away(anna: Browser, slug: str) -> None:
    answer = await anna.get(f"/de/{slug}")
    links = {n.attributes["hreflang"]: n.attributes["href"] for n in answer.all("head link[rel=alternate]")}

    assert links == {
        "x-default": f"{anna.base}/{slug}",
        **{locale: f"{anna.base}{prefix}/{slug}" for locale, prefix in PREFIX.items()},
    }
    for address in links.values():
        assert (await anna.get(str(address).removeprefix(anna.base))).status_code == 200
    assert answer.one("link[rel=canonical]").attributes["href"] == f"{anna.base}/de/{slug}"


@in_every_language
async def test_every_link_of_a_text_leads_to_a_page_in_its_language(anna: Browser, locale: str) -> None:
    for slug in EVERY:
        page = await anna.get(f"{PREFIX[locale]}/{slug}")
        for node in page.all("main .prose a"):
            link = node.attributes["href"] or ""
            if link.startswith("mailto:"):
                continue
            assert link.startswith(f"{PREFIX[locale]}/"), f"{slug}: {link}"
            assert (await anna.get(link)).status_code == 200, f"{slug}: {link}"


async def test_every_link_of_the_footer_leads_somewhere(anna: Browser) -> None:
    page = await anna.get("/en")
    links = {node.attributes["href"] for node in page.all("footer a")}

    assert len(links) > 8
    for link in sorted(link for link in links if link and link.startswith("/")):
        assert (await anna.get(link)).status_code in {200, 303}, link


def test_nothing_names_the_platform_that_was_closed() -> None:
    app = Path(pages.__file__).parents[1]
    sources = [*TEMPLATES.rglob("*.*"), *pages.FOLDER.glob("*.md"), *app.rglob("*.py")]

    assert len(sources) > 100
    assert [str(path) for path in sources if CLOSED_PLATFORM in path.read_text(encoding="utf-8")] == []


def test_a_fact_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        pages.fill("Scrivi a $emial.", {"email": "ciao@tavola.example"})


def test_facts_are_text_and_never_markup() -> None:
    assert "&lt;b&gt;" in pages.fill("Siamo $company.", {"company": "<b>Tavola</b>"})


def test_an_item_without_its_fact_is_left_out() -> None:
    known = {"pec": "", "rea": "FC-900000"}

    assert pages.fill("- PEC: $pec\n- REA: $rea", known).split() == ["<ul>", "<li>REA:", "FC-900000</li>", "</ul>"]


@in_every_language
async def test_the_terms_name_the_languages_of_this_shop(shop: TestShop, locale: str) -> None:
    facts = replace(await _facts(shop), locales=("en", "it"), pieces={})
    names = {"it": "inglese e italiano", "en": "English and Italian", "de": "Englisch und Italienisch"}

    assert names.get(locale, "anglais et italien") in pages.page("condizioni", locale, facts).html


@in_every_language
async def test_the_form_for_withdrawing_is_the_one_of_the_mail(shop: TestShop, locale: str) -> None:
    shown = _plainly_spaced(pages.page("recesso", locale, await _facts(shop)).html)

    for line in _words_of_form(locale):
        assert _plainly_spaced(line) in shown


def _words_of_form(locale: str) -> Sequence[str]:
    """What every line of the form says, without the name of the seller."""
    with speaking(locale):
        first, _to, *others = contract.model_form(["…"])
    return [first, *others]


def _plainly_spaced(text: str) -> str:
    return " ".join(text.split())


@in_every_language
async def test_the_mail_for_withdrawing_is_written_already(anna: Browser, locale: str) -> None:
    page = await anna.get(f"{PREFIX[locale]}/recesso")
    links = [node.attributes["href"] or "" for node in page.all("article a")]

    assert [link for link in links if link.startswith("mailto:") and "subject=" in link and "body=" in link]


async def test_the_page_on_privacy_names_every_cookie(anna: Browser) -> None:
    app = Path(pages.__file__).parents[1]
    sources = [path.read_text(encoding="utf-8") for path in app.rglob("*.py") if "sandbox" not in path.parts]
    cookies = {name for text in sources for name in re.findall(r"""\bset_cookie\(\s*"(\w+)\"""", text)}
    named = {node.text() for node in (await anna.get("/privacy")).all("article code")}

    assert cookies == {"session", "cart", "cap", "count", "notice", "seen", "voter", "wishes"}
    assert cookies | {"__Host-", "scheme", "searches", "draft", "open"} == named


async def test_the_page_on_deliveries_shows_the_rows_that_checkouts_use(anna: Browser) -> None:
    answer = await anna.get("/spedizioni")

    assert answer.says("5,90\xa0€")
    assert answer.says("49,00\xa0€")


async def test_a_page_that_does_not_exist_is_a_404(anna: Browser) -> None:
    assert (await anna.get("/recessi")).status_code == 404
