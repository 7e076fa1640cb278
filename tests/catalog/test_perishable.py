"""What is perishable follows from the label (law.md L3); a file or a person may only raise what buyers are told."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import products
from app.catalog.classes import CLASSES
from app.catalog.models import Category, Product
from app.catalog.perishable import is_perishable
from app.kernel.db import transaction
from tests.cast import Browser, TestShop

SCADENZA, TMC, NONE = {"date_type": "scadenza"}, {"date_type": "TMC"}, {"date_type": "nessuna"}
TABLE: list[tuple[str, str, dict[str, Any], bool]] = [
    ("latticino", "Squacquerone", {**SCADENZA, "shelf_life_days": 12}, True),
    ("latticino", "Formaggio di 24 mesi", {**TMC, "shelf_life_days": 365}, False),
    ("forno", "Piadina", {**TMC, "shelf_life_days": 60}, True),
    ("forno", "Piadina", {**TMC, "shelf_life_days": 61}, False),
    ("forno", "Pane", {**NONE, "shelf_life_days": 3}, True),
    ("ortofrutta", "Fragole", {"shelf_life_days": 5}, True),
    ("ortofrutta", "Mele", {"shelf_life_days": 30}, True),
    ("ortofrutta", "Patate", {"shelf_life_days": 31}, False),
    ("sfuso", "Olive", {}, False),  # nobody said how long: the buyer is told more
    ("latticino", "Latte fresco intero", {}, True),  # all milk
    ("latticino", "Latte di capra UHT", {**TMC, "shelf_life_days": 90}, True),
    ("latticino", "Latte in polvere", {**TMC, "shelf_life_days": 365}, False),
    ("alimento", "Latte di mandorla", {**TMC, "shelf_life_days": 180}, False),
    ("carne", "Bistecca", {**SCADENZA, "shelf_life_days": 10}, True),
    ("carne", "Bistecca", {"ship_temp": "surgelato", **TMC, "shelf_life_days": 365}, False),
    ("forno", "Cappelletti", {"ship_temp": "surgelato", **TMC, "shelf_life_days": 50}, False),
    ("vino", "Sangiovese", {**NONE, "shelf_life_days": 1000}, False),
    ("articolo", "Mattarello", {"shelf_life_days": 10}, False),
    ("latticino", "Squacquerone", {**SCADENZA, "shelf_life_days": "12", "omnibus_protected": True}, False),
]


@pytest.mark.parametrize(("key", "name", "sheet", "wanted"), TABLE)
def test_the_label_says_what_is_perishable(key: str, name: str, sheet: dict[str, Any], wanted: bool) -> None:
    assert is_perishable(CLASSES[key], {"it": name}, sheet) is wanted


async def flag(shop: TestShop) -> bool:
    async with shop.database.session(shop.id) as db:
        food = await db.scalar(select(Product.food).where(Product.id == shop.products["olio"]))
    return bool(food and food.get("omnibus_perishable"))


async def judged(shop: TestShop, **food: Any) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Product, shop.products["olio"])
        row.food = {**row.food, **food}
        await products.judge(db, [row.id])


async def test_the_gate_writes_it_whatever_somebody_wrote_there(shop: TestShop) -> None:
    await judged(shop, omnibus_perishable=True)
    assert not await flag(shop)
    await judged(shop, date_type="scadenza", shelf_life_days=10, min_residual_days=5)
    assert await flag(shop)
    await judged(shop, omnibus_protected=True)
    assert not await flag(shop)


async def test_the_editor_raises_protection_and_may_take_that_back(shop: TestShop, bruno: Browser) -> None:
    await judged(shop, date_type="scadenza", shelf_life_days=10, min_residual_days=5)
    here = f"/banco/prodotti/{shop.products['olio']}"
    await bruno.get(here)
    assert (await bruno.send("#etichetta form", omnibus_protected="1")).status_code == 303
    assert not await flag(shop)
    page = await bruno.get(here)
    assert "checked" in page.one("#etichetta input[name=omnibus_protected]").attributes
    assert (await bruno.send("#etichetta form", omnibus_protected="")).status_code == 303
    assert await flag(shop), "unticked, the label decides again"


async def test_another_department_changes_it_at_the_next_look(shop: TestShop) -> None:
    await judged(shop, shelf_life_days=20)
    assert await flag(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Category).values(product_class="articolo"))
    await judged(shop)
    assert not await flag(shop)
