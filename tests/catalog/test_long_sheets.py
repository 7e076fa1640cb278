"""A producer with more goods than fit on a page: the sheets of stock and prices turn and search, and lose nothing."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from app.catalog.models import Category, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.queries import queries_of

SHELF, GOODS = "/banco/magazzino", "/banco/prodotti"
NEW = 118  # beside the two of the cast


async def stocked(shop: TestShop, number: int, producer: str = "frantoio") -> None:
    """So many more oils of one format each; every tenth runs short."""
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        category_id = (await db.scalars(select(Category.id))).first()
        items = [StockItem(on_hand=2 if each % 10 == 0 else 50, reserved=0, low_at=3) for each in range(number)]
        goods = [
            Product(
                slug=f"riserva-{producer}-{each}",
                producer_id=shop.producers[producer],
                category_id=category_id,
                name={"it": f"Riserva d’Èlite {each:03}"},
                sort_name=f"riserva d elite {each:03}",
                description={"it": "."},
                food={},
                search_text="riserva",
                published_at=now,
                is_complete=True,
                created_at=now,
                updated_at=now,
            )
            for each in range(number)
        ]
        db.add_all([*items, *goods])
        await db.flush()
        for each, (item, product) in enumerate(zip(items, goods, strict=True)):
            sku = f"RIS-{producer[0].upper()}{each:03}"
            variant = Variant(
                product_id=product.id, stock_item_id=item.id, sku=sku, position=0, format={"it": "bottiglia"},
                net_amount=500, net_unit="ml", weight_g=600, price_minor=1500, vat_rate="4",
            )  # fmt: skip
            db.add(variant)
            await db.flush()
            shop.variants[sku], shop.stock_items[sku], shop.products[sku] = variant.id, item.id, product.id


@pytest.fixture
async def full(shop: TestShop) -> TestShop:
    await stocked(shop, NEW)
    return shop


def names(page: Answer) -> list[str]:
    return [" ".join(node.text().split()) for node in page.all(".sheet__name")]


@pytest.mark.parametrize("path", [SHELF, GOODS])
async def test_every_row_is_on_exactly_one_page(full: TestShop, bruno: Browser, path: str) -> None:
    assert full
    seen: list[str] = []
    page = await bruno.get(path)
    while True:
        assert len(names(page)) <= 50
        seen += names(page)
        onward = page.all("nav.pages a[rel='next']")
        if not onward:
            break
        page = await bruno.get(onward[0].attributes["href"] or "")
    assert len(seen) == len(set(seen)) == NEW + 2
    assert seen == sorted(seen, key=str.casefold)
    assert page.says(f"101–{NEW + 2} di {NEW + 2}")
    assert page.says("Cambiando pagina non si salva")


@pytest.mark.parametrize("path", [SHELF, GOODS])
async def test_a_short_sheet_is_as_it_was(shop: TestShop, bruno: Browser, path: str) -> None:
    assert shop
    page = await bruno.get(path)

    assert len(names(page)) == 2
    assert page.all("nav.pages") == page.all("main form[role='search']") == page.all("[name='poi']") == []


async def test_on_one_page_what_runs_short_comes_first(shop: TestShop, bruno: Browser) -> None:
    await stocked(shop, 25)
    page = await bruno.get(SHELF)

    assert names(page)[:3] == [f"Riserva d’Èlite 0{number}" for number in ("00", "10", "20")]


FINDS = [
    ("élite 017", ["Riserva d’Èlite 017"]),
    ("RISERVA   117", ["Riserva d’Èlite 117"]),
    ("ris-f042", ["Riserva d’Èlite 042"]),
    ("balsamico", ["Aceto balsamico"]),
    *((odd, []) for odd in ("niente così", "%", "_", "'; drop table variants; --", "🫒", "\\")),
]


async def test_a_row_is_found_by_a_piece_of_its_name_or_code(full: TestShop, bruno: Browser) -> None:
    assert full
    for typed, found in FINDS:
        for path in (SHELF, GOODS):
            page = await bruno.get(f"{path}?{urlencode({'q': typed})}")
            assert page.status_code == 200
            assert names(page) == found, typed
            assert page.one("main input[name='q']").attributes["value"] == typed
            assert page.says("Qui non c’è niente") == (not found)


async def test_what_runs_short_alone(full: TestShop, bruno: Browser) -> None:
    page = await bruno.get(SHELF)
    assert page.says("Solo le 12 che stanno finendo")
    page = await bruno.get(page.one("a[href*='finisce=1']").attributes["href"] or "")

    assert len(names(page)) == 12
    assert page.all("[name='poi']") == [], "what is filled up leaves this list: there is no next page to go on to"
    item = full.variants["RIS-F000"]
    await bruno.send("#sheet", **{f"on_hand-{item}": "40"})
    assert len(names(await bruno.get(f"{SHELF}?finisce=1"))) == 11


async def test_an_odd_address_shows_a_page_all_the_same(full: TestShop, bruno: Browser) -> None:
    assert full
    for odd in ("pagina=0", "pagina=-1", "pagina=x", "pagina=" + "9" * 20, "pagina=", "q=" + "x" * 5000, "finisce=x"):
        for path in (SHELF, GOODS):
            assert (await bruno.get(f"{path}?{odd}")).status_code == 200, odd


async def test_a_page_beyond_the_last_is_the_last(full: TestShop, bruno: Browser) -> None:
    assert full
    assert len(names(await bruno.get(f"{SHELF}?pagina=77"))) == 20


async def test_saving_goes_on_to_the_next_page_and_skips_nothing(full: TestShop, bruno: Browser) -> None:
    first = names(await bruno.get(SHELF))
    short = full.variants["RIS-F000"]
    assert any("000" in name for name in first)
    answer = await bruno.send("#sheet", poi="avanti", **{f"on_hand-{short}": "70"})

    assert answer.headers["location"] == f"{SHELF}?pagina=2"
    second = await bruno.follow(answer)
    assert second.says("1 riga cambiata")
    assert names(second)[0] == "Riserva d’Èlite 048", "two of the cast and 000 to 047 were on the first page"
    assert await full.available("RIS-F000") == 70
    answer = await bruno.send("#sheet")
    assert answer.headers["location"] == f"{SHELF}?pagina=2", "the plain button stays"


async def test_a_mistake_on_a_later_page_keeps_the_page_and_all_that_was_typed(full: TestShop, bruno: Browser) -> None:
    await bruno.get(f"{SHELF}?q=riserva&pagina=2")
    wrong, right = full.variants["RIS-F051"], full.variants["RIS-F052"]
    answer = await bruno.send("#sheet", poi="avanti", **{f"on_hand-{wrong}": "tanti", f"on_hand-{right}": "33"})

    assert answer.status_code == 422
    assert len(names(answer)) == 50
    assert answer.one(f"#on_hand-{wrong}").attributes["value"] == "tanti"
    assert answer.one(f"#on_hand-{right}").attributes["value"] == "33"
    assert answer.one("#sheet").attributes["action"] == f"{SHELF}?q=riserva&pagina=2"
    assert await full.available("RIS-F052") == 50, "all of a page or nothing"


async def test_rows_that_moved_meanwhile_come_back_with_the_mistake(full: TestShop, bruno: Browser) -> None:
    """Somebody renames things while a page is being filled in: what comes back is what was sent, wherever it is now."""
    await bruno.get(GOODS)
    first = names(await bruno.get(GOODS))
    async with full.database.session(full.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(sort_name="zzz olio"))
    answer = await bruno.send("#sheet", **{f"price-{full.variants['olio']}": "gratis"})

    assert answer.status_code == 422
    assert sorted(names(answer)) == sorted(first)
    assert answer.one(f"#price-{full.variants['olio']}").attributes["value"] == "gratis"


async def test_a_price_of_the_third_page_is_saved(full: TestShop, bruno: Browser) -> None:
    await bruno.get(f"{GOODS}?pagina=3")
    answer = await bruno.send("#sheet", **{f"price-{full.variants['RIS-F117']}": "16,40"})

    assert answer.headers["location"] == f"{GOODS}?pagina=3"
    async with full.database.session(full.id) as db:
        assert await db.scalar(select(Variant.price_minor).where(Variant.sku == "RIS-F117")) == 1640


async def test_nobody_elses_rows_are_found(full: TestShop, carlo: Browser) -> None:
    assert full
    for path in (SHELF, GOODS):
        assert names(await carlo.get(f"{path}?q=riserva")) == []


@pytest.mark.parametrize("path", [SHELF, GOODS])
async def test_a_page_takes_as_many_statements_with_thousands_as_with_two(
    shop: TestShop, bruno: Browser, path: str
) -> None:
    _, few = await queries_of(bruno, path)
    await stocked(shop, 130)
    page, many = await queries_of(bruno, f"{path}?pagina=2")

    assert len(names(page)) == 50
    assert many == few
    assert len(page.text) < 250_000
