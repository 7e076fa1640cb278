"""No way of changing a price goes past the price log."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.catalog import editing, products, shelf
from app.catalog.models import Category, PriceChange, Variant
from app.catalog.shelf import Priced
from app.kernel import clock
from app.kernel.db import transaction
from app.pricing import campaigns
from tests.cast import TestShop
from tests.catalog.imports.files import batch_of
from tests.catalog.imports.test_undoing import imported, undone
from tests.pricing import past

APP = Path(__file__).parents[2] / "app"
FORMAT = {"format": {"it": "latta"}, "net_amount": 500, "net_unit": "ml", "weight_g": 600, "vat_rate": "4"}


async def unlogged(shop: TestShop) -> list[str]:
    """Variants whose price is not the last one of their log."""
    later = aliased(PriceChange)
    newest = (
        select(later.price_minor)
        .where(later.variant_id == Variant.id)
        .order_by(later.valid_from.desc(), later.id.desc())
        .limit(1)
        .correlate(Variant)
        .scalar_subquery()
    )
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(select(Variant.sku, Variant.price_minor, newest).order_by(Variant.id))
        return [sku for sku, price, logged in rows if price != logged]


async def log_the_cast(shop: TestShop) -> None:
    """The cast's goods are written past the verbs: their first prices too."""
    async with shop.database.session(shop.id) as db, transaction(db):
        for variant in await db.scalars(select(Variant)):
            first = clock.now() - timedelta(days=90)
            db.add(
                PriceChange(variant_id=variant.id, price_minor=variant.price_minor, valid_from=first, reason="initial")
            )


async def test_every_verb_that_changes_a_price_writes_it_down(shop: TestShop) -> None:
    assert await unlogged(shop), "the check must be able to find something"
    await log_the_cast(shop)
    person, mine, olio = past.person(shop), shop.producers["frantoio"], shop.variants["olio"]
    entries = []

    async def is_logged(deed: str) -> None:
        assert await unlogged(shop) == [], deed
        async with shop.database.session(shop.id) as db:
            entries.append(len(list(await db.scalars(select(PriceChange.id)))))
        assert len(entries) < 2 or entries[-1] > entries[-2], f"{deed} must have changed a price"

    await is_logged("nothing yet")
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_price(db, olio, mine, 2000, was=1900, actor_id=None)
    await is_logged("set_price")
    async with shop.database.session(shop.id) as db, transaction(db):
        await shelf.set_offers(db, mine, person, [Priced(olio, 2100, 2000)], [])
    await is_logged("the price sheet")
    async with shop.database.session(shop.id) as db, transaction(db):
        facts = {**FORMAT, "price_minor": 2200}
        await editing.save_variant(db, person, shop.products["olio"], mine, olio, facts=facts, was_minor=2100)
    await is_logged("the editor")
    async with shop.database.session(shop.id) as db, transaction(db):
        category = await db.scalar(select(Category.id))
        made = await editing.start(db, person, mine, "Olio nuovo", category or 0)
        await editing.add_variant(db, person, made.id, mine, {**FORMAT, "price_minor": 900}, 3)
    await is_logged("a new format")
    async with shop.database.session(shop.id) as db, transaction(db):
        await editing.copy(db, person, made.id, mine)
    await is_logged("a copy")
    batch = await imported(shop, {"sku": "OLIO", "slug": "olio", "price_eur": "17,00"}, {"price_eur": "5,00"})
    assert (await batch_of(shop, batch)).state == "done"
    await is_logged("an import")
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_price(db, shop.variants["aceto"], mine, 1300, was=1250, actor_id=None)
    await undone(shop, batch)
    await is_logged("an import taken back")
    began = await past.campaign(shop, 0, 24, olio=1000)
    await is_logged("a campaign that begins")
    async with shop.database.session(shop.id) as db, transaction(db):
        await campaigns.stop(db, person, mine, began)
    await is_logged("a campaign that ends")


def test_nothing_else_sets_a_price() -> None:
    """Whoever assigns `price_minor`, or copies columns onto a variant, logs it in the same function."""
    setters = {name: function for name, function in _functions() if _sets_a_price(function)}

    assert len(setters) >= 3, "the walk must have found set_price and the campaigns"
    assert {name for name, function in setters.items() if "prices.log(" not in ast.unparse(function)} == set()


def test_no_statement_changes_prices_in_bulk() -> None:
    bulk = [name for name, function in _functions() if "values(price_minor" in ast.unparse(function)]

    assert bulk == []


def _functions() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(APP)}:{node.name}", node


def _sets_a_price(function: ast.AST) -> bool:
    for node in ast.walk(function):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        )
        names = [each for target in targets for each in ast.walk(target)]
        if any(isinstance(name, ast.Attribute) and name.attr == "price_minor" for name in names):
            return True
        is_copy = isinstance(node, ast.Call) and ast.unparse(node).startswith("products.change(variant, ")
        if is_copy and not ast.unparse(node).endswith("others)"):  # `others` are the columns but the price
            return True
    return False
