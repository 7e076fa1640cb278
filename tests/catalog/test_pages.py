"""What a visitor finds in the shop: home, listings, product, producers, search."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from app.catalog.models import Category, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.queries import queries_of

PAGES = [
    "/",
    "/prodotti",
    "/categorie/dispensa",
    "/produttori",
    "/produttori/frantoio",
    "/prodotti/olio",
    "/cerca?q=olio",
]


async def add_goods(shop: TestShop, how_many: int) -> None:
    """More olive oils than fit on a page."""
    async with shop.database.session(shop.id) as db, transaction(db):
        category = (await db.get(Product, shop.products["olio"])).category_id  # type: ignore[union-attr]
        for number in range(how_many):
            item = StockItem(on_hand=9, reserved=0, low_at=3)
            product = Product(
                slug=f"olio-{number}",
                producer_id=shop.producers["frantoio"],
                category_id=category,
                name={"it": f"Olio {number:03}"},
                sort_name=f"olio {number:03}",
                description={"it": "Un olio."},
                food={},
                search_text=f"olio {number:03}",
                published_at=clock.now(),
                created_at=clock.now(),
                updated_at=clock.now(),
            )
            db.add_all([item, product])
            await db.flush()
            db.add(
                Variant(
                    product_id=product.id,
                    stock_item_id=item.id,
                    sku=f"O{number}",
                    format={"it": "bottiglia"},
                    net_amount=500,
                    net_unit="ml",
                    weight_g=500,
                    price_minor=1000 + number,
                    vat_rate="4",
                )
            )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_every_page_answers_in_every_language(anna: Browser, path: str, prefix: str) -> None:
    answer = await anna.get((prefix + path).rstrip("/") or "/")

    assert answer.status_code == 200
    assert answer.one("html").attributes["lang"] == (prefix.strip("/") or "it")
    assert len(answer.all("h1")) == 1
    assert {node.attributes["hreflang"] for node in answer.all("link[hreflang]")} >= {"it", "en", "de", "fr"} or (
        "cerca" in path
    )


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 6),
        ("/prodotti", 3),
        ("/categorie/dispensa", 4),
        ("/produttori", 3),
        ("/produttori/frantoio", 4),
        ("/prodotti/olio", 5),
        ("/cerca?q=olio", 5),
    ],
)
async def test_statements_are_few_and_do_not_grow_with_the_rows(
    shop: TestShop, anna: Browser, path: str, most: int
) -> None:
    _, few = await queries_of(anna, path)
    await add_goods(shop, 30)
    _, many = await queries_of(anna, path)

    assert many <= few <= most


async def test_a_listing_has_24_products_a_page_and_says_where_we_are(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 30)
    first = await anna.get("/prodotti?ordine=nome")
    second = await anna.get("/prodotti?ordine=nome&pagina=2")

    assert len(first.all(".card")) == 24
    assert first.says("1–24 di 36 prodotti")
    assert second.says("25–36 di 36 prodotti")
    assert not {c.text() for c in first.all(".card__name")} & {c.text() for c in second.all(".card__name")}


async def test_a_page_beyond_the_last_is_not_there_and_nonsense_is_the_first(anna: Browser) -> None:
    assert (await anna.get("/prodotti?pagina=999999")).status_code == 404
    for nonsense in ("0", "-1", "abc", "1e3", "²"):
        assert (await anna.get(f"/prodotti?pagina={nonsense}")).status_code == 200


async def test_sorting_by_price_puts_the_cheapest_first(anna: Browser) -> None:
    answer = await anna.get("/prodotti?ordine=prezzo")

    assert "Squacquerone" in answer.all(".card__name")[0].text()


async def test_htmx_gets_the_results_alone(anna: Browser) -> None:
    answer = await anna.get("/prodotti", **{"HX-Request": "true", "HX-Request-Type": "partial"})

    assert answer.status_code == 200
    assert not answer.all("header")
    assert answer.one("#results")


async def test_a_product_says_price_unit_price_seller_and_allergens(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        product = await db.get(Product, shop.products["squacquerone"])
        assert product
        product.food = {**product.food, "allergens": ["latte"], "ingredients": {"it": "*LATTE*, sale"}}
    answer = await anna.get("/prodotti/squacquerone")

    assert answer.says("4,90\xa0€")
    assert answer.says("16,33\xa0€/kg")
    assert answer.says("Caseificio Latte s.a.")
    assert "LATTE" in {node.text() for node in answer.all("strong")}
    assert answer.one("abbr.mark").text() == "DOP"


async def test_delivery_is_told_by_postal_code_and_refused_in_words(anna: Browser) -> None:
    near = await anna.get("/prodotti/squacquerone?cap=47121")
    island = await anna.get("/prodotti/squacquerone?cap=90100")
    wrong = await anna.get("/prodotti/squacquerone?cap=4712")

    assert near.says("5,90\xa0€")
    assert island.says("non arriviamo con il freddo")
    assert wrong.one("#cap-error")


@pytest.mark.parametrize("query", ["OLIO", "ólio", "olio frantoio", "frantoio", "extravergine olio"])
async def test_search_forgets_case_accents_and_order(anna: Browser, query: str) -> None:
    answer = await anna.get("/cerca", q=None) if not query else await anna.get(f"/cerca?q={query}")

    assert any("Olio extravergine" in node.text() for node in answer.all(".card__name"))


@pytest.mark.parametrize(
    "query",
    ["x" * 10_000, "<script>alert(1)</script>", "'; drop table products; --", "%00", "%25", "_", "🍷", "مرحبا", "%"],
)
async def test_strange_queries_find_nothing_and_break_nothing(anna: Browser, query: str) -> None:
    answer = await anna.get(f"/cerca?q={query}")

    assert answer.status_code == 200
    assert not answer.all(".card")
    assert "<script>alert" not in answer.text


async def test_nothing_found_says_so_and_offers_a_way_on(anna: Browser) -> None:
    answer = await anna.get("/cerca?q=ananas")

    assert answer.says("Nessun prodotto per «ananas»")
    assert answer.all("a[href='/prodotti']")


async def test_what_is_not_public_is_not_there(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(published_at=None))
        await db.execute(update(Product).where(Product.slug == "aceto").values(deleted_at=clock.now()))
        await db.execute(update(Producer).where(Producer.slug == "cantina").values(hidden_at=clock.now()))
    listing = await anna.get("/prodotti")

    for slug in ("olio", "aceto", "sangiovese"):
        assert (await anna.get(f"/prodotti/{slug}")).status_code == 404
        assert f"/prodotti/{slug}" not in listing.text
    assert (await anna.get("/produttori/cantina")).status_code == 404


async def test_a_ready_card_is_made_anew_when_its_product_changes(shop: TestShop, anna: Browser) -> None:
    await anna.get("/prodotti")
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Product).where(Product.slug == "olio").values(name={"it": "Olio nuovo"}, version=Product.version + 1)
        )

    assert (await anna.get("/prodotti")).says("Olio nuovo")


async def test_out_of_season_says_when_it_comes_back(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "esaurito").values(season_mask=0b0000_0001_0000))
    with clock.frozen(datetime(2026, 11, 21, 9, tzinfo=UTC)):
        answer = await anna.get("/prodotti/esaurito")

    assert answer.says("torna a maggio")


async def test_one_shop_does_not_show_anothers_goods(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(slug="solo-qui", name={"it": "Solo qui"}))
        await db.execute(update(Category).values(name={"it": "Di qui"}))
    async with other_shop.browser() as browser:
        assert (await browser.get("/prodotti/solo-qui")).status_code == 404
        assert not (await browser.get("/prodotti")).says("Solo qui")
        assert not (await browser.get("/")).says("Di qui")
