"""The label on a product's page: all that the law wants read before the purchase, in the HTML and without a script."""

from typing import Any

from sqlalchemy import update

from app.catalog.models import Product
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.catalog.sheets import FIGURES, SHEETS
from tests.queries import queries_of


async def shown(shop: TestShop, anna: Browser, sku: str = "olio", **values: Any) -> Answer:
    """The page of a product with other values, written past the gate."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(version=2, **values))
    return await anna.get(f"/prodotti/{sku}?nuova={len(values)}")


async def test_nutrition_is_a_table_in_the_order_of_the_law(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna, food={**SHEETS["alimento"], "nutrition": FIGURES})

    rows = page.all(".nutrition tbody tr")
    assert [row.css_first("th[scope=row]").text() for row in rows] == [
        "Energia",
        "Grassi",
        "di cui acidi grassi saturi",
        "Carboidrati",
        "di cui zuccheri",
        "Proteine",
        "Sale",
    ]
    assert [row.css_first("td").text().replace("\u00a0", " ") for row in rows][::6] == ["1.671 kJ / 402 kcal", "1,6 g"]
    assert page.one(".nutrition th[scope=col].number").text().replace("\u00a0", " ") == "100 ml"


async def test_why_there_is_no_table_is_said(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna)  # the oil mill is small

    assert not page.all(".nutrition")
    assert page.says("Valori nutrizionali non dovuti. Piccolo produttore che vende direttamente (All. V, punto 19)")


async def test_days_left_allergens_operator_and_packaging(shop: TestShop, anna: Browser) -> None:
    food = {**SHEETS["sfuso"], "date_type": "TMC", "shelf_life_days": 30, "min_residual_days": 20}
    page = await shown(shop, anna, food=food, packaging=[{"part": "bottiglia", "code": "GL 71"}])

    assert page.says("Almeno 20 giorni dalla consegna")
    assert page.says("Contiene: glutine")
    assert page.says("Frantoio Olivi s.a., Via Roma 1, 48013 Brisighella (RA)")
    assert page.says("Bottiglia GL 71 – vetro")
    assert "FRUMENTO" in [strong.text() for strong in page.all("#food ~ * strong, section strong")]


async def test_oil_says_what_the_law_dictates_and_honey_its_countries(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna, product_class="olio")
    assert page.says("unicamente mediante procedimenti meccanici")
    page = await shown(shop, anna, "aceto", product_class="miele", food=SHEETS["miele"])
    assert page.says("Italia 70%, Ungheria 30%")


async def test_wine_gives_its_energy_as_on_the_bottle(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna, "sangiovese", product_class="vino", food=SHEETS["vino"])

    assert "E (100\u00a0ml) = 298\u00a0kJ/72\u00a0kcal" in page.text
    assert page.says("Annata")


async def test_other_goods_have_the_block_of_product_safety(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna, product_class="gioiello", safety=SHEETS["gioiello"], food={"withdrawal": "art59_c"})

    assert page.one("#safety").text() == "Sicurezza e conformità"
    for said in ("Fabbrica", "Via Roma 1, Forlì", "ciao@fabbrica.example", "F-1", "750", "★ 12 RA", "Fatto su misura"):
        assert page.says(said), said
    assert not page.all("#food")


async def test_search_engines_get_what_the_producer_wrote(shop: TestShop, anna: Browser) -> None:
    page = await shown(shop, anna, seo={"title": {"it": "Olio da regalare"}, "description": {"it": "In latta."}})

    assert "Olio da regalare" in page.one("title").text()
    assert page.one("meta[name=description]").attributes["content"] == "In latta."


async def test_the_label_costs_no_statement(shop: TestShop, anna: Browser) -> None:
    _page, plain = await queries_of(anna, "/prodotti/olio")
    await shown(
        shop, anna, food={**SHEETS["alimento"], "nutrition": FIGURES}, packaging=[{"part": "vaso", "code": "GL 70"}]
    )
    _page, full = await queries_of(anna, "/prodotti/olio")

    assert full <= plain
