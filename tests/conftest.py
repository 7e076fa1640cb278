"""The stage for every test: a real database, the whole application, and a cast of people.

Each test plays in shops of its own, made by `shop` and `other_shop`; nothing has to be wiped between tests, since the
data layer keeps shops apart. TEST_DATABASE_URL chooses PostgreSQL, TEST_REDIS_URL Redis; the default needs neither.
"""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import delete

from app import settings as settings_module
from app.kernel.db import Database
from app.kernel.outbox import Job
from app.main import create_app
from app.settings import Settings
from app.system.migrations import upgrade_from_loop
from app.web import logs
from app.web.edge import Edge
from app.web.kept_pages import KeptPages
from tests.cast import Browser, TestShop, make_shop

logs.configure(level="ERROR")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, worker_name: str) -> Settings:
    folder = tmp_path_factory.mktemp("data")
    env = {"ENVIRONMENT": "test", "DATA_DIR": str(folder), "LIMITS": "0", "STRIPE_API_BASE": "http://stripe.test"}
    if url := os.environ.get("TEST_DATABASE_URL"):
        env["DATABASE_URL"] = f"{url}_{worker_name}"
    if url := os.environ.get("TEST_REDIS_URL"):
        env["REDIS_URL"] = url
    return settings_module.read(env)


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """gw0, gw1, … under xdist; "main" otherwise."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A migrated database of this run's own."""
    if not settings.database_url.startswith("sqlite"):
        await _create_database(settings.database_url)
    await upgrade_from_loop(settings.database_url)
    database = Database(settings.database_url)
    yield database
    await database.close()


async def _create_database(url: str) -> None:
    import asyncpg

    plain, _, name = url.replace("+asyncpg", "").rpartition("/")
    connection = await asyncpg.connect(f"{plain}/postgres")
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()


@pytest.fixture(scope="session")
async def app(settings: Settings, database: Database) -> AsyncIterator[Edge]:
    """The application as served, without its own job runner: tests run jobs when they want to."""
    edge = create_app(settings)
    if not edge.database.is_sqlite:
        # how soon a crowd is served is no test's matter
        edge.database.engine.pool._timeout = 120  # type: ignore[attr-defined]
    edge.kept.enabled = False  # tests write past the verbs that drop pages; `kept` has it on
    yield edge
    if (redis := edge.app.state.redis) is not None:  # type: ignore[attr-defined]
        await redis.aclose()
    await edge.database.close()


@pytest.fixture
async def shop(app: Edge, database: Database) -> TestShop:
    """A shop with three producers and a few goods. See tests/cast.py for who is who."""
    async with database.session(None) as db:
        await db.execute(delete(Job))
        await db.commit()
    return await make_shop(app, database)


@pytest.fixture
def kept(shop: TestShop) -> Iterator[KeptPages]:
    """Pages and notes are kept in this test, as they are where people buy."""
    shop.app.kept.enabled = True
    yield shop.app.kept
    shop.app.kept.enabled = False
    shop.app.kept.clear()


@pytest.fixture
async def other_shop(app: Edge, database: Database, shop: TestShop) -> TestShop:
    """Another tenant of the same process."""
    return await make_shop(app, database)


@pytest.fixture
async def anna(shop: TestShop) -> AsyncIterator[Browser]:
    """A guest who buys."""
    async with shop.browser() as browser:
        yield browser


@pytest.fixture
async def bruno(shop: TestShop) -> AsyncIterator[Browser]:
    """Owner of the oil mill, signed in at his desk."""
    async with shop.browser() as browser:
        await browser.sign_in("bruno@frantoio.example")
        yield browser


@pytest.fixture
async def carlo(shop: TestShop) -> AsyncIterator[Browser]:
    """Owner of the dairy: another producer."""
    async with shop.browser() as browser:
        await browser.sign_in("carlo@caseificio.example")
        yield browser


@pytest.fixture
async def dora(shop: TestShop) -> AsyncIterator[Browser]:
    """Staff of the shop."""
    async with shop.browser() as browser:
        await browser.sign_in("dora@tavola.example")
        yield browser


@pytest.fixture
async def ada(shop: TestShop) -> AsyncIterator[Browser]:
    """Admin of the shop."""
    async with shop.browser() as browser:
        await browser.sign_in("ada@tavola.example")
        yield browser
