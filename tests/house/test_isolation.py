"""Two shops in one database: what belongs to one is never seen, changed or written from the other."""

from typing import Any

import pytest
from sqlalchemy import delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased, selectinload

from app.catalog.models import Product, Variant
from app.identity.models import User
from app.kernel.db import Database, NoShop, ShopOwned, Table, transaction
from tests.cast import TestShop

PLATFORM = {
    "shops": "the tenants themselves",
    "shop_hosts": "read before it is known which shop is meant",
    "background_jobs": "claimed by runners that work for every shop; carries shop_id, and jobs run in its scope",
    "schedule_runs": "the clock is the platform's",
    "transmission_series": "files for the SdI are counted per sender, who may run several shops",
}
OWNED = sorted(
    (mapper.class_ for mapper in Table.registry.mappers if issubclass(mapper.class_, ShopOwned)),
    key=lambda model: model.__tablename__,
)


def test_every_table_belongs_to_a_shop_or_says_why_not() -> None:
    owned = {model.__tablename__ for model in OWNED}

    assert owned | set(PLATFORM) == set(Table.metadata.tables)
    assert not owned & set(PLATFORM)


def test_every_index_of_a_large_table_leads_with_its_shop_or_is_unique_on_its_own() -> None:
    for table in Table.metadata.tables.values():
        for index in table.indexes:
            first = next(iter(index.columns)).name
            assert first == "shop_id" or len(index.columns) == 1 or table.name in PLATFORM, index.name


@pytest.mark.parametrize("model", OWNED, ids=lambda m: m.__tablename__)
async def test_without_a_shop_a_table_cannot_be_asked(database: Database, model: type[Any]) -> None:
    async with database.session(None) as db:
        with pytest.raises(NoShop):
            await db.execute(select(model))


@pytest.mark.parametrize("model", OWNED, ids=lambda m: m.__tablename__)
async def test_select_count_update_and_delete_stay_in_the_shop(
    shop: TestShop, other_shop: TestShop, model: type[Any]
) -> None:
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(select(model))
        assert {row.shop_id for row in rows} <= {shop.id}
        other = aliased(model)
        assert set(await db.scalars(select(other.shop_id))) <= {shop.id}
        mine = await db.scalar(select(func.count()).select_from(model))
    async with other_shop.database.session(other_shop.id) as db, transaction(db):
        key = inspect(model).primary_key[0]
        result = await db.execute(update(model).where(key > 0).values({key.name: key}))
        theirs = await db.scalar(select(func.count()).select_from(model))
        assert result.rowcount == theirs
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).select_from(model)) == mine


async def test_delete_of_everything_leaves_the_other_shop_whole(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(delete(Variant).where(Variant.id > 0))
    async with other_shop.database.session(other_shop.id) as db:
        assert await db.scalar(select(func.count()).select_from(Variant)) == len(other_shop.variants)


async def test_joins_and_loaded_relationships_stay_in_the_shop(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db:
        products = list(await db.scalars(select(Product).options(selectinload(Product.variants))))
        assert len(products) == len(shop.products)
        assert {variant.shop_id for product in products for variant in product.variants} == {shop.id}
        joined = await db.execute(select(Product.shop_id, Variant.shop_id).join(Variant, Variant.id > 0))
        assert {tuple(row) for row in joined} == {(shop.id, shop.id)}


async def test_subqueries_and_exists_stay_in_the_shop(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db:
        inner = select(Variant.product_id).where(Variant.price_minor > 0)
        assert await db.scalar(select(func.count()).select_from(inner.subquery())) == len(shop.variants)
        anywhere = select(func.count(Product.id)).where(Product.id.in_(inner))
        assert await db.scalar(anywhere) == len(shop.products)
        total = select(select(func.count(Variant.id)).scalar_subquery())
        assert await db.scalar(total) == len(shop.variants)


async def test_a_subquery_without_a_shop_is_refused(database: Database) -> None:
    async with database.session(None) as db:
        with pytest.raises(NoShop):
            await db.execute(select(select(func.count(Variant.id)).scalar_subquery()))
        with pytest.raises(NoShop):
            await db.execute(select(func.count()).select_from(select(Variant.id).subquery()))


async def test_a_statement_that_is_kept_is_refused_each_time(database: Database) -> None:
    statement = select(Variant.id)
    async with database.session(None) as db:
        for _time in range(2):
            with pytest.raises(NoShop):
                await db.execute(statement)


async def test_get_by_id_of_another_shops_row_finds_nothing(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db:
        assert await db.get(Product, next(iter(other_shop.products.values()))) is None


async def test_a_row_of_another_shop_cannot_be_written(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db:
        with pytest.raises(NoShop):
            async with transaction(db):
                db.add(User(shop_id=other_shop.id, email="x@x.example", name="X", created_at=None))


@pytest.mark.postgres
class TestTheSecondWall:
    """On PostgreSQL, row-level security says the same to raw SQL."""

    async def test_every_owned_table_forces_row_security(self, database: Database) -> None:
        async with database.session(None) as db:
            walled = await db.scalars(text("select relname from pg_class where relrowsecurity and relforcerowsecurity"))
            assert set(walled) >= {model.__tablename__ for model in OWNED}

    async def test_raw_sql_sees_only_the_shop_of_the_transaction(self, shop: TestShop, other_shop: TestShop) -> None:
        async with shop.database.session(shop.id) as db:
            assert set(await db.scalars(text("select shop_id from products"))) == {shop.id}
        async with shop.database.session(None) as db:
            assert list(await db.scalars(text("select shop_id from products"))) == []

    async def test_raw_sql_cannot_write_for_another_shop(self, shop: TestShop, other_shop: TestShop) -> None:
        insert = text("insert into number_series (shop_id, name, last) values (:shop, 'forged', 1)")
        async with shop.database.session(shop.id) as db:
            with pytest.raises(DBAPIError, match="row-level security"):
                await db.execute(insert, {"shop": other_shop.id})
