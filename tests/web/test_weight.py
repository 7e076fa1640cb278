"""What pages weigh on their way to a phone, and that every file they name is there. Sizes are those of Brotli."""

import re
from collections.abc import AsyncIterator

import brotli
import pytest
from sqlalchemy import update

from app.catalog.models import Category, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.models import Shop
from app.web import themes
from app.web.assets import STATIC, Assets
from app.web.pages import TEMPLATES
from tests.cast import Answer, Browser, TestShop

MOST_HTML = 14_000  # bytes: what the first round trips of a fresh connection carry
MOST_SCRIPTS = 20_000
MOST_FONTS = 30_000
PER_PAGE = 24
THEMES = ("tavola", "rachel")
SCRIPT_LISTS = ("layouts/_scripts.html", "layouts/_live_scripts.html", "layouts/_plain_scripts.html")
# Bytes of everything that a page of the checkout needs, with nothing kept from before: 40 KB (ux.md 2), and what the
# display font of the second theme weighs more than that of the first.
MOST_OF_A_STEP = {"tavola": 40 * 1024, "rachel": 43 * 1024}
MOST_OF_A_LIST = 90 * 1024  # and of a list with the pictures of its first view
FIRST_PICTURES, A_PICTURE = 4, 5 * 1024  # the heaviest of the demonstration's at 320 px
PAGES = ("/", "/prodotti", "/prodotti/prodotto-7", "/cerca?q=formaggio", "/carrello", "/cassa")
_ASSET = re.compile(r"""asset\(\s*['"]([^'"]+)['"]\s*\)""")


@pytest.fixture
async def full_shop(shop: TestShop) -> TestShop:
    """A shop whose listing is full, with names and descriptions as long as those of real goods, each its own."""
    async with shop.database.session(shop.id) as db, transaction(db):
        category = Category(slug="altro", group="altro", name={"it": "Formaggi"}, intro={"it": ""}, position=2)
        db.add(category)
        await db.flush()
        for number in range(PER_PAGE + 6):
            item = StockItem(on_hand=10 + number, reserved=0, low_at=3)
            product = _product(shop, category.id, number)
            db.add_all([item, product])
            await db.flush()
            variant = Variant(
                product_id=product.id,
                stock_item_id=item.id,
                sku=f"LUNGO-{number}",
                position=0,
                format={"it": f"vaschetta da {300 + number} g"},
                net_amount=300 + number,
                net_unit="g",
                weight_g=350,
                price_minor=490 + 37 * number,
                vat_rate="10",
            )
            db.add(variant)
            await db.flush()
            shop.variants[f"prodotto-{number}"] = variant.id
    await shop.reindex()
    return shop


def _product(shop: TestShop, category_id: int, number: int) -> Product:
    now = clock.now()
    places = ("Brisighella", "Bertinoro", "Sogliano al Rubicone", "Casola Valsenio", "Longiano", "Verghereto")
    name = f"Formaggio stagionato di {places[number % len(places)]} numero {number}"
    return Product(
        slug=f"prodotto-{number}",
        producer_id=list(shop.producers.values())[number % 3],
        category_id=category_id,
        name={"it": name},
        sort_name=name.lower(),
        description={"it": f"{name}: latte di {number * 7 + 3} pecore del nostro gregge, caglio, sale di Cervia. " * 3},
        designation="DOP" if number % 2 else None,
        food={"allergens": ["milk"], "storage": {"it": "In frigorifero, a meno di +4 °C"}, "ship_temp": "refrigerato"},
        search_text=f"{name.lower()} altro",
        published_at=now,
        is_complete=True,
        created_at=now,
        updated_at=now,
    )


@pytest.fixture
async def buyer(full_shop: TestShop) -> AsyncIterator[Browser]:
    """Somebody with five things in the basket, from three producers."""
    async with full_shop.browser(**{"Accept-Encoding": "br"}) as browser:
        for sku in ("olio", "squacquerone", "sangiovese", "prodotto-1", "prodotto-2"):
            added = await browser.post("/carrello/righe", {"variant_id": full_shop.variants[sku], "quantity": 1})
            assert added.status_code == 303, added.text[:500]
        yield browser


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_arrives_in_the_first_round_trips(buyer: Browser, path: str) -> None:
    page = await buyer.get(path)
    if page.status_code == 303:  # the checkout's first step
        page = await buyer.follow(page)

    assert page.status_code == 200
    assert page.headers["content-encoding"] == "br"
    if path == "/prodotti":
        assert len(page.all("main .card")) == PER_PAGE
    assert int(page.headers["content-length"]) <= MOST_HTML
    assert len(brotli.compress(page.text.encode(), quality=5)) <= MOST_HTML


def _files_of(page: Answer, assets: Assets, theme: str) -> dict[str, int]:
    """What a page brings with it on the way to a phone that has nothing yet: file → bytes."""
    found = {"the page": int(page.headers["content-length"])}
    for node in page.all("script[src], link[rel='stylesheet']"):
        url = node.attributes.get("src") or node.attributes.get("href") or ""
        file = assets.find(url.removeprefix("/static/"))
        assert file is not None, url
        found[url] = len(file.brotli)
    return found | {font: len(assets.file(font).body) for font in themes.fonts(theme)}  # type: ignore[union-attr]


@pytest.mark.parametrize("theme", THEMES)
async def test_all_that_a_page_needs_is_little(full_shop: TestShop, buyer: Browser, theme: str) -> None:
    async with full_shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == full_shop.id).values(theme=theme))
    full_shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    step = _files_of(await buyer.get("/cassa"), full_shop.app.assets, theme)
    listed = _files_of(await buyer.get("/prodotti"), full_shop.app.assets, theme)

    assert sum(step.values()) <= MOST_OF_A_STEP[theme], step
    assert sum(listed.values()) + FIRST_PICTURES * A_PICTURE <= MOST_OF_A_LIST, listed


@pytest.mark.parametrize("template", SCRIPT_LISTS)
def test_scripts_are_few(template: str) -> None:
    assets = Assets()
    files = [assets.file(name) for name in _ASSET.findall((TEMPLATES / template).read_text())]

    assert len(files) == 1  # each further one costs a request before the first paint
    assert sum(len(file.brotli) for file in files if file) <= MOST_SCRIPTS


@pytest.mark.parametrize("theme", THEMES)
def test_fonts_are_small(theme: str) -> None:
    fonts = themes.fonts(theme)

    assert fonts
    assert sum((STATIC / name).stat().st_size for name in fonts) <= MOST_FONTS


def test_every_file_that_a_template_or_a_stylesheet_names_is_there() -> None:
    assets = Assets()
    templates = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    named = {name for text in templates for name in _ASSET.findall(text)}
    lists = [*(STATIC / "css").glob("*.txt"), *(STATIC / "js").glob("*.txt")]
    parts = {
        path.parent / part.replace("{theme}", theme)
        for path in lists
        for part in path.read_text().split()
        for theme in THEMES
    }

    assert len(named) > 3
    assert [name for name in sorted(named) if assets.file(name) is None] == []
    assert [part for part in sorted(parts) if not part.is_file()] == []
    for theme in THEMES:
        assert assets.critical_css(theme)  # raises FileNotFoundError for a font that is not there
        assert assets.file(f"icons/{theme}.svg")


def test_no_stylesheet_is_forgotten() -> None:
    css = STATIC / "css"
    listed = {part for name in ("critical.txt", "rest.txt", "counter.txt") for part in (css / name).read_text().split()}

    assert {path.name for path in css.glob("*.css")} <= listed


PLAIN = [path for path in TEMPLATES.rglob("*.html") if '{% extends "layouts/plain.html" %}' in path.read_text()]
_INCLUDED = re.compile(r"""\{%\s*(?:include|import|extends)\s*"([^"]+)\"""")
_ASKS = re.compile(r"""\shx-(?:get|post|sse)\b|\shx-target=""")


def _with_its_parts(name: str) -> str:
    text = (TEMPLATES / name).read_text()
    return text + "".join(_with_its_parts(part) for part in _INCLUDED.findall(text) if not part.startswith("layouts/"))


@pytest.mark.parametrize("page", sorted(path.relative_to(TEMPLATES).as_posix() for path in PLAIN))
def test_a_page_without_htmx_asks_nothing_of_it(page: str) -> None:
    """layouts/plain.html loads none: a page with something to swap names the whole list."""
    has_htmx = "layouts/_scripts.html" in (TEMPLATES / page).read_text()

    assert bool(_ASKS.search(_with_its_parts(page))) == has_htmx
