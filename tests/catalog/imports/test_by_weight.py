"""Goods by weight in our own CSV: a price per kilogram, an estimate and a tolerance go in, and come out the same."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog.imports import described
from app.catalog.imports.columns import COLUMNS, ORDER, TEXTS
from app.catalog.models import Variant
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from tests.cast import Browser, TestShop
from tests.catalog.imports.files import LINE, csv_of, load, tried
from tests.catalog.imports.test_desk import DESK, trial
from tests.catalog.imports.test_export import emptied, exported

CHEESE = {
    "sku": "FORMA", "slug": "forma", "name_it": "Mezza forma", "net_quantity": "", "price_eur": "", "vat_rate": "4",
    "by_weight": "1", "kg_price_eur": "18,00", "estimated_g": "1200", "tolerance_percent": "10",
}  # fmt: skip


async def variant(shop: TestShop, sku: str = "FORMA") -> Variant:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(Variant).where(Variant.sku == sku))
    assert found is not None
    return found


def terms(row: Variant) -> tuple[Any, ...]:
    return row.price_minor, row.net_amount, row.net_unit, row.kg_price_minor, row.weight_tolerance


async def test_a_line_by_weight_becomes_a_product_by_weight(shop: TestShop, anna: Browser) -> None:
    report = await load(shop, csv_of(CHEESE))

    assert (report.created, report.errors) == (1, [])
    assert terms(await variant(shop)) == (2160, 1200, "g", 1800, 10)
    page = await anna.get("/prodotti/forma")
    assert page.says("Circa 1,2 kg: paghi il peso vero, al massimo 23,76 €")


async def test_price_and_net_quantity_may_be_said_too_if_they_say_the_same(shop: TestShop) -> None:
    report = await load(shop, csv_of({**CHEESE, "net_quantity": "1200", "estimated_g": "", "price_eur": "21,60"}))

    assert report.errors == []
    assert terms(await variant(shop)) == (2160, 1200, "g", 1800, 10)


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"kg_price_eur": ""}, "kg_price_eur", "importo"),
        ({"kg_price_eur": "0"}, "kg_price_eur", "0,01"),
        ({"kg_price_eur": "diciotto"}, "kg_price_eur", "importo"),
        ({"kg_price_eur": "0,01", "estimated_g": "10"}, "kg_price_eur", "meno di un centesimo"),
        ({"estimated_g": ""}, "net_quantity", "numero intero"),
        ({"estimated_g": "1,2"}, "estimated_g", "numero intero"),
        ({"net_quantity": "1000"}, "net_quantity", "peso stimato"),
        ({"tolerance_percent": ""}, "tolerance_percent", "per esempio 10"),
        ({"tolerance_percent": "31"}, "tolerance_percent", "da 1 a 30"),
        ({"net_unit": "ml"}, "net_unit", "in grammi"),
        ({"drained_quantity": "900"}, "drained_quantity", "sgocciolato"),
        ({"price_eur": "18,00"}, "price_eur", "circa 21,60"),
        ({"by_weight": "sì"}, "by_weight", "0 oppure 1"),
    ],
)
async def test_a_wrong_cell_is_told_with_its_line_and_column(
    shop: TestShop, change: dict[str, str], column: str, words: str
) -> None:
    report = await tried(shop, csv_of({}, {**CHEESE, **change}))

    told = {(error.line, error.column): error.sentence for error in report.errors}
    assert words in told[3, column], report.errors
    assert {line for line, _column in told} == {3}


async def test_what_is_for_goods_by_weight_is_refused_for_others(shop: TestShop) -> None:
    report = await tried(shop, csv_of({"by_weight": "0", "estimated_g": "500", "tolerance_percent": "5"}))

    assert [(error.line, error.column) for error in report.errors] == [(2, "estimated_g"), (2, "tolerance_percent")]
    assert "scrivi 1 in by_weight" in report.errors[0].sentence


async def test_out_in_and_out_again_is_the_same_file(shop: TestShop, other_shop: TestShop) -> None:
    await emptied(other_shop)
    await load(shop, csv_of({}, CHEESE))

    first = await exported(shop)
    assert b";21,60;4;1;18,00;1200;10;" in first
    assert b";12,50;10;0;;;;" in first
    assert (await load(other_shop, first)).errors == []
    assert await exported(other_shop) == first
    again = await load(shop, first)
    assert (again.changed, again.same) == (0, 8)


async def test_another_price_of_a_kilogram_changes_that_of_a_piece(shop: TestShop) -> None:
    await load(shop, csv_of(CHEESE))
    known = {**CHEESE, "price_eur": "21,60", "net_quantity": "1200"}

    report = await load(shop, csv_of({**known, "kg_price_eur": "20,00"}))
    assert (report.changed, report.errors) == (1, [])
    assert terms(await variant(shop)) == (2400, 1200, "g", 2000, 10)

    report = await tried(shop, csv_of({**known, "kg_price_eur": "20,00", "price_eur": "25,00"}))
    assert [error.column for error in report.errors] == ["price_eur"], "the price of a piece alone says nothing"


async def test_a_price_that_a_campaign_has_made_stays(shop: TestShop) -> None:
    await load(shop, csv_of(CHEESE))
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Variant).where(Variant.sku == "FORMA").values(price_minor=1080))

    report = await load(shop, await exported(shop))

    assert (report.changed, report.errors) == (0, [])
    assert terms(await variant(shop)) == (1080, 1200, "g", 1800, 10)


async def test_a_file_without_these_columns_leaves_them_alone(shop: TestShop) -> None:
    await load(shop, csv_of(CHEESE))
    plain = {**LINE, "sku": "FORMA", "slug": "forma", "net_quantity": "1200", "price_eur": "21.60", "vat_rate": "4"}

    assert (await load(shop, csv_of(plain))).errors == []
    assert terms(await variant(shop)) == (2160, 1200, "g", 1800, 10)

    assert (await load(shop, csv_of({**plain, "by_weight": "0"}))).errors == []
    assert terms(await variant(shop)) == (2160, 1200, "g", None, None), "it said so"


async def test_an_import_by_weight_is_taken_back(shop: TestShop, bruno: Browser) -> None:
    await load(shop, csv_of({"sku": "FORMA", "slug": "forma"}))
    page = await trial(shop, bruno, csv_of({**CHEESE, "name_it": "Miele di acacia"}))
    assert page.says("Prova")
    await bruno.send("form[action$='/conferma']")
    await shop.run_jobs()
    assert (await variant(shop)).weight_tolerance == 10
    await bruno.get(page.url)
    await bruno.send("form[action$='/annullamento']")
    await shop.run_jobs()
    assert terms(await variant(shop)) == (1250, 500, "g", None, None)


async def test_the_page_says_what_every_column_holds(bruno: Browser) -> None:
    page = await bruno.get(DESK)

    told = {code.text() for code in page.all(".imports__columns code")}
    assert {"sku", "name_it", "by_weight", "kg_price_eur", "estimated_g", "tolerance_percent", "label"} <= told
    assert page.says("Solo per i prodotti a peso: 1, il prezzo al chilo")


def test_no_column_is_left_out() -> None:
    told = {name for names, _said in described.columns() for name in names}
    of_texts = {f"{stem}_{locale}" for stem in TEXTS for locale in LOCALES}

    assert set(ORDER) - of_texts <= told <= COLUMNS
