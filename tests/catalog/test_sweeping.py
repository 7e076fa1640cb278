"""Pictures that nothing refers to go after a week, files and rows; nothing else ever does."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.catalog import images, sweeping
from app.catalog.jobs import SCHEDULES
from app.catalog.models import Category, Image, ProductImage
from app.commerce.orders.models import OrderLine
from app.integrations.storage import FileStorage, StorageDown
from app.kernel import clock
from app.kernel.db import Table, transaction
from app.kernel.errors import Refused
from app.kernel.outbox import add_job
from app.producers.models import Producer
from app.shops.models import Shop
from app.web.edge import Edge
from tests.cast import TestShop
from tests.catalog.pictures import add_picture, keys

DAYS = images.ORPHANS_KEPT.days


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(f"file://{tmp_path}")


async def night(shop: TestShop, storage: FileStorage, days: float = 0) -> int:
    """The sweep, `days` from now."""
    with clock.shifted(timedelta(days)):
        async with shop.database.session(shop.id) as db:
            return await sweeping.sweep(db, storage, shop.slug)


async def kept_picture(shop: TestShop, storage: FileStorage, key: str, sku: str | None = None) -> int:
    for name in images.names_of(key, 400):
        storage.write(shop.slug, name, b"x")
    return await add_picture(shop, key, sku)


async def write(shop: TestShop, *rows: Any) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add_all(rows)


async def test_after_a_week_alone_a_picture_goes_with_its_files(shop: TestShop, storage: FileStorage) -> None:
    await kept_picture(shop, storage, "sola-1")
    await kept_picture(shop, storage, "in-uso-1", "olio")

    assert await night(shop, storage) == 0
    assert await night(shop, storage, DAYS - 0.1) == 0
    assert len(list(storage.root.rglob("*.webp"))) == 6
    assert await night(shop, storage, DAYS + 0.1) == 1
    assert await keys(shop) == {"in-uso-1"}
    assert {path.name for path in storage.root.rglob("*.*")} == set(images.names_of("in-uso-1", 400))


async def test_who_is_wanted_again_starts_anew(shop: TestShop, storage: FileStorage) -> None:
    image = await kept_picture(shop, storage, "ripresa-1")
    await night(shop, storage)
    row = ProductImage(product_id=shop.products["olio"], image_id=image, position=0)
    await write(shop, row)
    await night(shop, storage, 3)
    async with shop.database.session(shop.id) as db, transaction(db):
        entry = await db.scalar(select(ProductImage).where(ProductImage.image_id == image))
        assert entry is not None
        entry.removed_at = clock.now()

    assert await night(shop, storage, 5) == 0
    assert await night(shop, storage, DAYS + 1) == 0
    assert await night(shop, storage, 5 + DAYS) == 1


async def _in_a_gallery(shop: TestShop, image: int) -> None:
    await write(shop, ProductImage(product_id=shop.products["olio"], image_id=image, position=0))


async def _of_a_category(shop: TestShop, image: int) -> None:
    await write(shop, Category(slug="altra", name={"it": "Altra"}, intro={}, image_id=image))


async def _of_a_producer(shop: TestShop, image: int) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        producer = await db.scalar(select(Producer).where(Producer.slug == "frantoio"))
        assert producer is not None
        producer.image = "cercata-1"


async def _on_the_home_page(shop: TestShop, image: int) -> None:
    async with shop.database.session(None) as db, transaction(db):
        row = await db.scalar(select(Shop).where(Shop.id == shop.id))
        assert row is not None
        row.features = {"hero": {"image": "cercata-1"}}


@pytest.mark.parametrize("use", [_in_a_gallery, _of_a_category, _of_a_producer, _on_the_home_page])
async def test_what_anything_refers_to_stays(
    shop: TestShop, storage: FileStorage, use: Callable[[TestShop, int], Any]
) -> None:
    image = await kept_picture(shop, storage, "cercata-1")
    await use(shop, image)
    await night(shop, storage)

    assert await night(shop, storage, DAYS + 1) == 0
    assert await keys(shop) == {"cercata-1"}


def test_every_column_that_points_to_an_image_counts() -> None:
    pointing = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == "images.id" for key in column.foreign_keys)
    }
    asked = " ".join(str(condition) for condition in sweeping._by_id())

    assert pointing >= {"products.image_id", "categories.image_id", "product_images.image_id"}
    assert all(f"{name} = images.id" in asked for name in pointing)


def test_pictures_in_lines_of_orders_count() -> None:
    """main.py says so at start."""
    assert any(OrderLine.__table__ in keys.get_final_froms() for keys in sweeping._keys)


async def test_another_shops_pictures_are_not_touched(
    shop: TestShop, other_shop: TestShop, storage: FileStorage
) -> None:
    await kept_picture(other_shop, storage, "altrui-1")
    await night(shop, storage)

    assert await night(shop, storage, DAYS + 1) == 0
    assert await keys(other_shop) == {"altrui-1"}


class AwayStorage(FileStorage):
    def remove(self, shop_slug: str, names: Any) -> None:
        raise StorageDown


async def test_when_the_storage_is_away_the_row_waits_for_the_next_night(
    shop: TestShop, storage: FileStorage, tmp_path: Path
) -> None:
    await kept_picture(shop, storage, "sola-1")
    await night(shop, storage)
    with pytest.raises(StorageDown):
        await night(shop, AwayStorage(f"file://{tmp_path}"), DAYS + 1)

    assert await keys(shop) == {"sola-1"}
    assert await night(shop, storage, DAYS + 2) == 1


async def test_what_is_being_removed_cannot_be_taken_up_again(shop: TestShop, storage: FileStorage) -> None:
    image = await kept_picture(shop, storage, "sola-1")
    await night(shop, storage)
    facts = {"key": "sola-1", "width": 400, "height": 300, "alt": {"it": "Sola"}, "color": "warm"}

    with clock.shifted(timedelta(DAYS + 1)):
        async with shop.database.session(shop.id) as db:
            with pytest.raises(Refused, match="riprova domani"):
                async with transaction(db):
                    await images.record(db, **facts)
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await images.record(db, **facts)
        assert (row.id, row.orphaned_at) == (image, None)


async def test_the_job_runs_every_night_for_each_shop(
    app: Edge, shop: TestShop, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = app.app.state.runner.tools  # type: ignore[attr-defined]
    monkeypatch.setitem(tools, "storage", storage)
    await kept_picture(shop, storage, "sola-1")
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "catalog.sweep_pictures")
    await shop.run_jobs()

    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(Image.orphaned_at)) is not None
    assert "catalog.sweep_pictures" in [schedule.job for schedule in SCHEDULES if schedule.per_shop and schedule.at]
