"""Which shop answers on a host: read once for all hosts, and of the shops only those that are asked for."""

from datetime import timedelta

from app.catalog.queries import navigation
from app.kernel import clock
from app.kernel.db import Database, QueryCount, counted
from app.shops.queries import Directory
from tests.cast import TestShop


def directory(database: Database, *, strict: bool = True, **hosts: str) -> Directory:
    return Directory(database, strict=strict, extra_hosts=hosts, nav=navigation)


async def statements(directory: Directory, host: str) -> int:
    counted.set(count := QueryCount())
    await directory.find(host)
    return count.n


async def test_a_shop_is_found_by_its_host_with_its_navigation(shop: TestShop, database: Database) -> None:
    found = await directory(database).find(shop.host)

    assert found is not None
    assert (found.id, found.host) == (shop.id, shop.host)
    assert [item.name for item in found.nav] == ["Dispensa"]


async def test_other_shops_cost_nothing(shop: TestShop, other_shop: TestShop, database: Database) -> None:
    ours = directory(database)

    assert await statements(ours, shop.host) == 3  # all hosts, the shop, its navigation
    assert await statements(ours, shop.host) == 0
    assert await statements(ours, other_shop.host) == 2


async def test_a_host_that_nobody_owns_is_refused_and_asked_for_once(shop: TestShop, database: Database) -> None:
    ours = directory(database)
    await ours.find(shop.host)

    assert await ours.find("nessuno.test") is None
    assert await statements(ours, "altro.test") == 0


async def test_the_settings_may_name_hosts(shop: TestShop, database: Database) -> None:
    found = await directory(database, **{"bottega.example": shop.slug}).find("bottega.example")

    assert found is not None
    assert found.id == shop.id


async def test_changes_are_seen_after_half_a_minute_or_when_told(shop: TestShop, database: Database) -> None:
    ours = directory(database)
    await ours.find(shop.host)
    ours.forget()
    assert await statements(ours, shop.host) == 3
    with clock.shifted(timedelta(seconds=31)):
        assert await statements(ours, shop.host) == 3
