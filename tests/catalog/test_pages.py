"""What a visitor finds in the shop: home, listings, product, producers, search."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.catalog import facets, listings, seeking
from app.catalog.listings import Wanted
from app.catalog.models import Category, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import QueryCount, counted, transaction
from app.kernel.errors import NotFound
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
                is_complete=True,
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
    await shop.reindex()


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
    # Where pages are kept, what promotions everybody has and the days of parcels are noted: two less with goods; and
    # one more where bands are made one by one.
    ("path", "statements"),
    [
        ("/", 6),
        ("/prodotti", 5),
        ("/prodotti?ordine=prezzo-unitario&pagina=1", 5),
        ("/categorie/dispensa", 6),
        ("/produttori", 1),
        ("/produttori/frantoio", 10),
        ("/prodotti/olio", 6),
        ("/prodotti/olio?cap=47121", 7),
        ("/cerca?q=olio", 8),
    ],
)
async def test_statements_are_few_and_do_not_grow_with_the_rows(
    shop: TestShop, anna: Browser, path: str, statements: int
) -> None:
    _, few = await queries_of(anna, path)
    await add_goods(shop, 30)
    cold = await anna.get(path)
    _, many = await queries_of(anna, path)

    assert few == many == statements
    assert int(cold.headers["x-queries"]) <= statements + 1  # all cards that are not ready are read at once


async def test_a_listing_has_24_products_a_page_and_says_where_we_are(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 30)
    first = await anna.get("/prodotti?ordine=nome")
    second = await anna.get("/prodotti?ordine=nome&pagina=2")

    assert len(first.all(".card")) == 24
    assert first.says("1–24 di 36 prodotti")
    assert second.says("25–36 di 36 prodotti")
    assert not {c.text() for c in first.all(".card__name")} & {c.text() for c in second.all(".card__name")}


async def test_a_page_beyond_the_last_is_not_there_and_nonsense_is_the_first(anna: Browser) -> None:
    for beyond in ("2", "999999", "9" * 5000):
        assert (await anna.get(f"/prodotti?pagina={beyond}")).status_code == 404
    for nonsense in ("0", "-1", "abc", "1e3", "²", "", "٣"):
        assert (await anna.get(f"/prodotti?pagina={nonsense}")).status_code == 200


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("prezzo", "Squacquerone", "Formaggio di fossa"),  # 4,90 … 22,50
        ("prezzo-unitario", "Vino esaurito", "Aceto balsamico"),  # 13,20 €/l … 50 €/l
        ("nome", "Aceto balsamico", "Vino esaurito"),
        ("sconosciuto", "Aceto balsamico", "Vino esaurito"),
    ],
)
async def test_goods_come_in_the_order_asked_for(anna: Browser, sort: str, first: str, last: str) -> None:
    names = [node.text() for node in (await anna.get(f"/prodotti?ordine={sort}")).all(".card__name")]

    assert first in names[0]
    assert last in names[-1]


async def test_the_newest_come_first_when_asked(shop: TestShop, anna: Browser) -> None:
    later = clock.now() - timedelta(seconds=1)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(published_at=later - timedelta(days=3)))
        await db.execute(update(Product).where(Product.slug == "sangiovese").values(published_at=later))
    await shop.reindex()

    assert "Sangiovese" in (await anna.get("/prodotti?ordine=novita")).all(".card__name")[0].text()


async def test_links_to_other_pages_keep_order_and_query(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 30)
    answer = await anna.get("/en/cerca?q=olio&ordine=prezzo")

    assert answer.all("a[rel='next'][href='/en/cerca?q=olio&ordine=prezzo&pagina=2']")
    assert answer.one(".toolbar input[name='q']").attributes["value"] == "olio"
    assert answer.one("option[selected]").attributes["value"] == "prezzo"


async def test_what_has_its_season_now_comes_first(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "sangiovese").values(season_mask=0b0100_0000_0000))
        await db.execute(update(Product).where(Product.slug == "aceto").values(season_mask=0b0000_0001_0000))
    with clock.frozen(datetime(2036, 11, 21, 9, tzinfo=UTC)):
        await shop.reindex()
        home, listing = await anna.get("/"), await anna.get("/prodotti")

    shown = [node.text() for node in home.all(".card .card__name") if "Sangiovese" in node.text()]
    assert shown
    assert "Sangiovese" in home.all("[aria-labelledby='season'] .card__name")[0].text()
    assert not any("Aceto" in node.text() for node in home.all("[aria-labelledby='season'] .card__name"))
    assert not any("esaurito" in node.text() for node in home.all("[aria-labelledby='season'] .card__name"))
    assert "Sangiovese" in listing.all(".card__name")[0].text()
    assert "Aceto" in listing.all(".card__name")[-1].text()
    assert home.says("Di stagione a novembre")


async def test_what_there_is_all_year_is_not_called_seasonal(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(season_mask=0b1111_1111_1111))
    await shop.reindex()

    home = await anna.get("/")
    assert home.all("[aria-labelledby='season'] .card")
    assert not home.says("Di stagione")
    assert home.says("Disponibili adesso")


async def test_home_is_never_empty(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(StockItem).values(on_hand=0, reserved=0))

    assert (await anna.get("/")).all(".card")


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


async def test_a_product_says_what_goes_with_it_and_not_itself(shop: TestShop, anna: Browser) -> None:
    similar = (await anna.get("/prodotti/olio")).all("[aria-labelledby='similar'] .card__name a")

    assert [link.attributes["href"] for link in similar][:2] == ["/prodotti/aceto", "/prodotti/formaggio"]
    assert not any(link.attributes["href"] in {"/prodotti/olio", "/prodotti/esaurito"} for link in similar)


async def test_strength_is_written_as_the_reader_writes_numbers(anna: Browser) -> None:
    assert (await anna.get("/prodotti/sangiovese")).says("13,5% vol")
    assert "13.5% vol" in (await anna.get("/en/prodotti/sangiovese")).text


async def test_htmx_gets_the_delivery_alone(anna: Browser) -> None:
    answer = await anna.get("/prodotti/olio?cap=47121", **{"HX-Request": "true", "HX-Request-Type": "partial"})

    assert answer.one("#delivery")
    assert not answer.all("h1")
    assert answer.says("5,90\xa0€")


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
    [
        *("x" * 10_000, "<script>alert(1)</script>", "'; drop table products; --", "%00", "%25", "_", "%"),
        *("🍷", "مرحبا", "%ff%fe", "%ed%a0%80", "%E2%80%AEoilo", "{{ 7*7 }}", "zz " * 60),
    ],
)
async def test_strange_queries_find_nothing_and_break_nothing(anna: Browser, query: str) -> None:
    answer = await anna.get(f"/cerca?q={query}")

    assert answer.status_code == 200
    assert not answer.all(".card")
    assert "<script>alert" not in answer.text


async def test_a_query_that_is_too_long_is_read_in_part_and_says_so(anna: Browser) -> None:
    answer = await anna.get("/cerca?q=" + "olio " * 40)
    short = await anna.get("/cerca?q=olio")

    assert answer.says("abbiamo letto solo i primi 100 caratteri")
    assert any("Olio extravergine" in node.text() for node in answer.all(".card__name"))
    assert not short.says("caratteri")


async def test_search_shows_names_before_other_hits_and_producers_and_categories_beside(
    shop: TestShop, anna: Browser
) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Product).where(Product.slug == "aceto").values(description={"it": "Aceto balsamico, con vino."})
        )
    await shop.reindex()
    names = [node.text() for node in (await anna.get("/cerca?q=vino")).all(".card__name")]
    beside = await anna.get("/cerca?q=cantina")

    assert "Vino esaurito" in names[0]
    assert "Aceto" in names[1]
    assert beside.all("a[href='/produttori/cantina']")
    assert (await anna.get("/cerca?q=dispensa")).all("main a[href='/categorie/dispensa']")


async def test_nothing_found_says_so_and_offers_a_way_on(anna: Browser) -> None:
    answer = await anna.get("/cerca?q=ananas")

    assert answer.says("Nessun prodotto per «ananas»")
    assert answer.all("a[href='/prodotti']")


async def test_what_is_not_public_is_not_there(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(published_at=None))
        await db.execute(update(Product).where(Product.slug == "aceto").values(deleted_at=clock.now()))
        await db.execute(update(Producer).where(Producer.slug == "cantina").values(hidden_at=clock.now()))
        tomorrow = clock.now() + timedelta(days=1)
        await db.execute(update(Product).where(Product.slug == "formaggio").values(published_at=tomorrow))
    await shop.reindex()
    listing = await anna.get("/prodotti")

    for slug in ("olio", "aceto", "sangiovese", "formaggio"):
        assert (await anna.get(f"/prodotti/{slug}")).status_code == 404
        assert f"/prodotti/{slug}" not in listing.text
    assert (await anna.get("/produttori/cantina")).status_code == 404
    assert not (await anna.get("/produttori")).says("Cantina Vigna")
    assert not (await anna.get("/cerca?q=cantina")).all("main a[href='/produttori/cantina']")
    assert not (await anna.get("/cerca?q=formaggio")).all(".card")
    assert [card for card in (await anna.get("/")).all(".card__name a") if "squacquerone" in str(card.html)]


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
    with clock.frozen(datetime(2036, 11, 21, 9, tzinfo=UTC)):
        answer = await anna.get("/prodotti/esaurito")

    assert answer.says("Torna a maggio, quando ricomincia la sua stagione.")


async def test_one_shop_does_not_show_anothers_goods(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(slug="solo-qui", name={"it": "Solo qui"}))
        await db.execute(update(Category).values(name={"it": "Di qui"}))
    async with other_shop.browser() as browser:
        assert (await browser.get("/prodotti/solo-qui")).status_code == 404
        assert not (await browser.get("/prodotti")).says("Solo qui")
        assert not (await browser.get("/")).says("Di qui")


@pytest.mark.parametrize(
    "choices",
    ["", "provincia=RA", "produttore=frantoio&provincia=FC&provincia=RA&senza=latte", "prezzo-da=1&disponibili=1"],
)
async def test_what_counting_a_search_found_first_is_what_its_pages_show(
    shop: TestShop, monkeypatch: pytest.MonkeyPatch, choices: str
) -> None:
    await add_goods(shop, 5)
    monkeypatch.setattr(listings, "PER_PAGE", 1)
    async with shop.database.session(shop.id) as db:
        wanted = Wanted(sought=await seeking.sought(db, "olio"), choices=facets.read(choices))
        found = await listings.counts(db, wanted, month=11)
        anew = await listings.page(
            db, wanted, replace(found, best=()), number=1, upto=3, sort=listings.DEFAULT_SORT, month=11
        )
    assert len(anew) == 3
    assert list(found.best) == anew


async def test_the_first_pages_of_a_search_ask_nothing_more(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_goods(shop, 5)
    monkeypatch.setattr(listings, "PER_PAGE", 1)
    async with shop.database.session(shop.id) as db:
        wanted = Wanted(sought=await seeking.sought(db, "olio"))
        found = await listings.counts(db, wanted, month=11)

        async def statements(number: int, sort: str) -> int:
            before = counted.set(count := QueryCount())
            assert await listings.page(db, wanted, found, number=number, sort=sort, month=11)
            counted.reset(before)
            return count.n

        assert [await statements(number, listings.DEFAULT_SORT) for number in (1, 3, 4)] == [0, 0, 1]
        assert await statements(1, "prezzo") == 1
        with pytest.raises(NotFound):
            await listings.page(db, wanted, found, number=found.total + 1, sort=listings.DEFAULT_SORT, month=11)
