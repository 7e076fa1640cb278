"""The last import can be taken back for a week: all of it that nobody has changed or sold since."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.catalog import products, stock
from app.catalog.imports import batches, undoing
from app.catalog.imports.models import ImportRow
from app.catalog.imports.writing import COMMAND
from app.catalog.models import PriceChange, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from tests.cast import TestShop
from tests.catalog.imports.files import batch_of, begun, csv_of, facts, load, product, written, zip_of
from tests.catalog.pictures import photo

OLIO = {"sku": "OLIO", "slug": "olio", "name_it": "Olio nuovo", "name_en": "New oil", "price_eur": "17,00"}


async def imported(shop: TestShop, *changes: Mapping[str, str]) -> int:
    batch_id = await begun(shop, csv_of(*changes))
    await written(shop, batch_id)
    return batch_id


async def undone(shop: TestShop, batch_id: int) -> list[tuple[int, str]]:
    """Take it back; (line, why) of what stayed."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await batches.undo(db, COMMAND, await batches.own(db, batch_id, None))
    while not await undoing.run(shop.database, await facts(shop), batch_id, COMMAND, most=1):
        pass
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(ImportRow.line, ImportRow.sentence)
            .where(ImportRow.batch_id == batch_id, ImportRow.undo == "kept")
            .order_by(ImportRow.line)
        )
        return [(line, sentence) for line, sentence in rows]


def state(row: Product) -> tuple[object, ...]:
    return (row.name, row.description, row.food, row.season_mask, row.is_featured, row.search_text, row.designation)


async def test_a_product_goes_with_the_picture_that_was_fetched_for_it(shop: TestShop) -> None:
    """The picture comes after the rows; that is no change of somebody's."""
    batch_id = await begun(shop, csv_of({}), pictures=zip_of({"MIELE-500.jpg": photo(1)}))
    await written(shop, batch_id)
    await shop.run_jobs()
    assert (await product(shop)).image_id is not None

    assert await undone(shop, batch_id) == []
    assert (await product(shop)).deleted_at is not None


async def test_former_values_come_back_through_the_same_verbs(shop: TestShop) -> None:
    await load(shop, csv_of({**OLIO, "name_it": "Olio di prima", "price_eur": "16,00"}))
    before = await product(shop, "olio")
    batch_id = await imported(shop, {**OLIO, "ingredients_it": "olive", "season_months": "1"})

    kept = await undone(shop, batch_id)

    after = await product(shop, "olio")
    assert kept == []
    assert state(after) == state(before)
    assert after.published_at is not None
    assert after.version > before.version + 1
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(PriceChange.price_minor, PriceChange.reason)
            .where(PriceChange.variant_id == shop.variants["olio"])
            .order_by(PriceChange.id)
        )
        assert [tuple(row) for row in rows] == [(1600, "import"), (1700, "import"), (1600, "undo")]
    assert (await batch_of(shop, batch_id)).state == "undone"


async def test_what_was_new_goes_away_and_may_be_imported_again(shop: TestShop) -> None:
    batch_id = await imported(shop, {}, {"sku": "MIELE-1000", "net_quantity": "1000"})

    assert await undone(shop, batch_id) == []
    assert (await product(shop)).deleted_at is not None
    report = await load(shop, csv_of({}, {"sku": "MIELE-1000", "net_quantity": "1000"}))
    assert (report.restored, report.created) == (1, 0)
    assert (await product(shop)).deleted_at is None


async def test_a_new_format_of_a_product_that_was_there_goes_altogether(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    batch_id = await imported(shop, {}, {"sku": "MIELE-1000", "net_quantity": "1000"})

    assert await undone(shop, batch_id) == []
    honey = await product(shop)
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(Variant.sku).where(Variant.product_id == honey.id))) == ["MIELE-500"]
    assert honey.deleted_at is None


async def test_what_was_changed_since_stays_and_is_told(shop: TestShop) -> None:
    batch_id = await imported(shop, OLIO, {"sku": "ACETO", "slug": "aceto", "name_it": "Aceto nuovo"})
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_price(db, shop.variants["olio"], shop.producers["frantoio"], 1500, was=1700, actor_id=1)

    kept = await undone(shop, batch_id)

    assert kept == [(2, "Da allora qualcuno l’ha cambiato.")]
    assert (await product(shop, "olio")).name["it"] == "Olio nuovo"
    assert (await product(shop, "aceto")).name["it"] == "Aceto balsamico"


async def test_what_was_sold_since_stays_and_is_told(shop: TestShop) -> None:
    batch_id = await imported(shop, {})
    async with shop.database.session(shop.id) as db, transaction(db):
        item = await db.scalar(select(StockItem.id).join(Variant).where(Variant.sku == "MIELE-500"))
        assert item is not None
        await stock.hold(db, "TP-1", {item: 1}, clock.now())
        await stock.sell(db, "TP-1")

    kept = await undone(shop, batch_id)

    assert kept == [(2, "Da allora qualcuno l’ha venduto o contato.")]
    assert (await product(shop)).deleted_at is None


async def test_what_the_import_took_off_sale_is_sold_again(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    batch_id = await imported(shop, {"ingredients_it": ""})
    assert (await product(shop)).published_at is None

    assert await undone(shop, batch_id) == []
    assert (await product(shop)).published_at is not None


async def test_what_somebody_took_off_sale_since_is_not_sold_again(shop: TestShop) -> None:
    batch_id = await imported(shop, OLIO)
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_published(db, shop.products["olio"], shop.producers["frantoio"], False)

    await undone(shop, batch_id)

    assert (await product(shop, "olio")).published_at is None


async def test_only_the_last_one_and_only_for_a_week(shop: TestShop) -> None:
    first = await imported(shop, OLIO)
    second = await imported(shop, {})

    with pytest.raises(Refused, match="solo l’ultima"):
        await undone(shop, first)
    with clock.shifted(timedelta(days=8)), pytest.raises(Refused, match="7 giorni"):
        await undone(shop, second)
    await undone(shop, second)
    await undone(shop, first)
    assert (await product(shop, "olio")).name["it"] == "Olio extravergine"


async def test_an_import_that_changed_nothing_does_not_stand_in_the_way(shop: TestShop) -> None:
    batch_id = await imported(shop, OLIO)
    await imported(shop, OLIO)

    assert await undone(shop, batch_id) == []


async def test_killed_in_the_middle_it_goes_on(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    lines = [{"sku": f"M-{n}", "slug": f"miele-{n}", "name_it": f"Miele {n}"} for n in range(3)]
    batch_id = await imported(shop, *lines)
    async with shop.database.session(shop.id) as db, transaction(db):
        await batches.undo(db, COMMAND, await batches.own(db, batch_id, None))
    assert not await undoing.run(shop.database, await facts(shop), batch_id, COMMAND, most=1)

    await shop.run_jobs()

    assert (await batch_of(shop, batch_id)).state == "undone"
    async with shop.database.session(shop.id) as db:
        gone = select(func.count()).where(Product.slug.startswith("miele-"), Product.deleted_at.is_not(None))
        assert await db.scalar(gone) == 3
