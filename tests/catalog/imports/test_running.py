"""An import is written batch by batch: killed it goes on, twice at once it is done once, again it changes nothing."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.catalog.imports import batches, checking, formats, running
from app.catalog.imports.batches import OneAtATime
from app.catalog.imports.models import ImportBatch, ImportPiece, ImportRow
from app.catalog.imports.report import Report
from app.catalog.models import PriceChange, Product, StockMovement, Variant
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound, Refused
from app.system.models import AuditEntry
from tests.cast import TestShop
from tests.catalog.imports.files import (
    batch_of,
    begun,
    confirmed,
    csv_of,
    errors_of,
    facts,
    load,
    product,
    tried,
    written,
)


def honeys(number: int, **more: str) -> bytes:
    """So many products."""
    lines = [{"sku": f"M-{n}", "slug": f"miele-{n:04}", "name_it": f"Miele {n}", **more} for n in range(number)]
    return csv_of(*lines)


async def made(shop: TestShop) -> int:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(func.count()).where(Product.slug.startswith("miele-"))) or 0


async def pieces_left(shop: TestShop, batch_id: int) -> int:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(func.count()).where(ImportPiece.batch_id == batch_id)) or 0


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats.batches, "__defaults__", (3,))


async def test_the_trial_writes_nothing_and_tells_all(shop: TestShop) -> None:
    report = await tried(shop, csv_of({"ingredients_it": ""}, {"sku": "OLIO", "slug": "olio", "price_eur": "?"}))

    assert (report.created, report.wrong, report.unpublished) == (1, 1, 1)
    assert report.missing["Scrivi gli ingredienti."] == 1
    assert await made(shop) == 0


async def test_every_change_goes_through_the_verbs_of_a_hand_edit(shop: TestShop) -> None:
    before = await product(shop, "olio")
    report = await load(shop, csv_of({}, {"sku": "OLIO", "slug": "olio", "name_it": "Olio nuovo", "price_eur": "17"}))

    assert (report.created, report.changed) == (1, 1)
    oil = await product(shop, "olio")
    assert oil.version > before.version
    assert "nuovo" in oil.search_text
    async with shop.database.session(shop.id) as db:
        prices = await db.execute(
            select(PriceChange.price_minor, PriceChange.reason).where(PriceChange.variant_id == shop.variants["olio"])
        )
        assert (1700, "import") in [tuple(row) for row in prices]
        entry = await db.scalar(select(AuditEntry).where(AuditEntry.action == "product.import"))
        assert entry is not None
        assert (entry.before["price_minor"], entry.after["price_minor"]) == (1900, 1700)
        assert entry.after["product"]["it"] == "Olio nuovo"
        new = await db.scalar(select(AuditEntry).where(AuditEntry.action == "product.create"))
        assert new is not None
        moved = select(StockMovement.kind).join(Variant, Variant.stock_item_id == StockMovement.stock_item_id)
        assert list(await db.scalars(moved.where(Variant.sku == "MIELE-500"))) == ["initial"]


async def test_killed_in_the_middle_it_goes_on_where_it_stopped(
    shop: TestShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await begun(shop, honeys(10))
    await confirmed(shop, batch_id)
    assert not await running.run(shop.database, await facts(shop), batch_id, most=1)

    class Killed(BaseException):
        pass

    async def dies(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(running.batches, "moved", dies)  # the last thing of a batch, before its commit
    with pytest.raises(Killed):
        await running.run(shop.database, await facts(shop), batch_id)
    monkeypatch.undo()
    monkeypatch.setattr(formats.batches, "__defaults__", (3,))
    assert await made(shop) == 3

    while not await running.run(shop.database, await facts(shop), batch_id):
        pass

    assert await made(shop) == 10
    batch = await batch_of(shop, batch_id)
    assert (batch.state, batch.open_key, Report.of(batch.counts["written"]).created) == ("done", None, 10)
    assert await pieces_left(shop, batch_id) == 0


async def test_two_workers_at_once_write_each_line_once(shop: TestShop) -> None:
    batch_id = await begun(shop, honeys(12))
    await confirmed(shop, batch_id)
    who = await facts(shop)

    for _time in range(10):
        await asyncio.gather(*(running.run(shop.database, who, batch_id, most=2) for _worker in range(2)))

    assert await made(shop) == 12
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).where(ImportRow.batch_id == batch_id)) == 12
    assert Report.of((await batch_of(shop, batch_id)).counts["written"]).created == 12


async def test_the_job_hands_on_what_is_left(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SLICE", 1)
    monkeypatch.setitem(running.run.__kwdefaults__, "most", 1)
    batch_id = await begun(shop, honeys(7))
    await confirmed(shop, batch_id)

    assert await shop.run_jobs() >= 3
    assert (await batch_of(shop, batch_id)).state == "done"
    assert await made(shop) == 7


async def test_the_same_file_again_changes_nothing(shop: TestShop) -> None:
    first = await load(shop, honeys(7))
    second = await load(shop, honeys(7))

    assert (first.created, second.created, second.changed, second.same) == (7, 0, 0, 7)


async def test_with_mistakes_only_the_good_lines_are_written_and_only_on_request(shop: TestShop) -> None:
    body = csv_of({}, {"sku": "B", "slug": "b", "price_eur": "?"})
    batch_id = await begun(shop, body)

    with pytest.raises(Refused, match="righe sbagliate"):
        await confirmed(shop, batch_id)
    report = await written(shop, batch_id, partial=True)

    assert (report.created, report.wrong) == (1, 1)
    assert [(error.line, error.column) for error in await errors_of(shop, batch_id)] == [(3, "price_eur")]


async def test_what_became_wrong_since_the_trial_is_left_out_and_told(shop: TestShop) -> None:
    batch_id = await begun(shop, csv_of({}, {"sku": "B", "slug": "b", "name_it": "Altro"}))
    async with shop.database.session(shop.id) as db, transaction(db):
        oil = await db.scalar(select(Product).where(Product.slug == "squacquerone"))
        assert oil is not None
        oil.slug = "b"

    report = await written(shop, batch_id)

    assert (report.created, report.wrong) == (1, 1)
    assert [(error.line, error.column) for error in report.errors] == [(3, "slug")]


async def test_a_code_twice_is_told_with_both_lines(shop: TestShop) -> None:
    report = await tried(shop, csv_of({}, {}, {"slug": "altro"}))

    assert [(error.line, error.sentence) for error in report.errors] == [
        (3, "Questo codice c’è già alla riga 2."),
        (4, "Questo codice c’è già alla riga 2."),
    ]


async def test_there_is_one_at_a_time_per_desk(shop: TestShop) -> None:
    first = await begun(shop, csv_of({}), owner=shop.producers["frantoio"])

    with pytest.raises(OneAtATime) as refused:
        await begun(shop, csv_of({}), owner=shop.producers["frantoio"])
    assert refused.value.batch_id == first
    await begun(shop, csv_of({}), owner=shop.producers["caseificio"])
    await written(shop, first)
    await begun(shop, csv_of({}), owner=shop.producers["frantoio"])


async def test_a_producers_file_touches_only_its_own_goods(shop: TestShop) -> None:
    owner = shop.producers["caseificio"]

    stranger = await tried(shop, csv_of({}), owner=owner)
    thief = await tried(shop, csv_of({"sku": "OLIO", "slug": "olio", "producer": "caseificio"}), owner=owner)

    assert [(error.column, "banco" in error.sentence) for error in stranger.errors] == [("producer", True)]
    assert {error.column for error in thief.errors} == {"sku"}
    assert "altro produttore" in thief.errors[0].sentence


async def test_where_there_is_one_producer_the_file_need_not_name_it(shop: TestShop) -> None:
    report = await load(shop, csv_of({"producer": ""}), owner=shop.producers["frantoio"])

    assert (report.created, report.errors) == (1, [])


async def test_the_file_takes_off_sale_and_puts_on_sale_what_is_complete(shop: TestShop) -> None:
    line = {"published": "0"}
    await load(shop, csv_of({**line}))
    assert (await product(shop)).published_at is None

    assert (await load(shop, csv_of({"published": "1"}))).changed == 1
    assert (await product(shop)).published_at is not None
    assert (await load(shop, csv_of({"published": "1"}))).same == 1

    report = await load(shop, csv_of({"published": "1", "ingredients_it": ""}))
    assert report.changed == 1
    assert (await product(shop)).published_at is None, "the gate judges after every change"
    assert (await load(shop, csv_of({"published": "1", "ingredients_it": ""}))).same == 1


async def test_what_was_thrown_away_comes_back(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    async with shop.database.session(shop.id) as db, transaction(db):
        honey = await db.scalar(select(Product).where(Product.slug == "miele-di-acacia"))
        assert honey is not None
        honey.deleted_at, honey.published_at = clock.now(), None

    report = await load(shop, csv_of({}))

    assert (report.changed, report.restored) == (1, 1)
    assert (await product(shop)).deleted_at is None


async def test_what_nobody_confirms_is_given_up_after_a_week(shop: TestShop) -> None:
    batch_id = await begun(shop, csv_of({}))
    with clock.shifted(timedelta(days=8)):
        async with shop.database.session(shop.id) as db, transaction(db):
            await batches.tidy(db)

    batch = await batch_of(shop, batch_id)
    assert (batch.state, batch.open_key, await pieces_left(shop, batch_id)) == ("dropped", None, 0)


async def test_another_shops_import_is_absent(shop: TestShop, other_shop: TestShop) -> None:
    batch_id = await begun(shop, csv_of({}))

    with pytest.raises(NotFound):
        await batch_of(other_shop, batch_id)
    with pytest.raises(NotFound):
        await checking.check(other_shop.database, await facts(other_shop), batch_id)


async def test_after_a_large_one_the_planner_learns(
    shop: TestShop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = []

    async def learn(self: Database) -> None:
        learned.append(self)

    monkeypatch.setattr(Database, "learn_sizes", learn)
    await load(shop, csv_of({}))
    assert learned == []
    monkeypatch.setattr(running, "MANY", 5)
    await load(shop, honeys(6))
    assert len(learned) == 1


async def test_a_trial_repeated_says_the_same(shop: TestShop) -> None:
    batch_id = await begun(shop, csv_of({}, {}))
    first = (await batch_of(shop, batch_id)).counts
    async with shop.database.session(shop.id) as db, transaction(db):
        await batches.check_again(db, await batches.own(db, batch_id, None))
    await shop.run_jobs()

    assert (await batch_of(shop, batch_id)).counts == first
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).where(ImportRow.batch_id == batch_id)) == 1
        assert await db.scalar(select(func.count()).where(ImportBatch.id == batch_id)) == 1
