"""The demonstration shops load once, whole, and the same way each time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.catalog import judging
from app.catalog.models import Image, PopularSearch, PriceChange, Product, StockItem, StockMovement, Variant
from app.delivery import quotes
from app.delivery.models import ZoneRange
from app.demo import load
from app.demo.shops import PASSWORD, SHOPS
from app.identity import people
from app.identity.models import User
from app.integrations.storage import FileStorage
from app.kernel import clock
from app.kernel.db import Database, QueryCount, counted
from app.kernel.errors import Refused
from app.kernel.tenancy import ShopFacts
from app.producers.models import ClosedPeriod
from app.producers.queries import membership
from app.settings import Settings
from app.shops.queries import all_shops, shop_by_slug
from app.system.migrations import upgrade_from_loop
from tests.conftest import _create_database


@pytest.fixture(scope="module")
async def loaded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A database of its own: the demonstration shop answers on every host, which other tests do not want."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('demo') / 'demo.sqlite3'}"
    if not settings.database_url.startswith("sqlite"):
        url = f"{settings.database_url}_demo"
        await _create_database(url)
    await upgrade_from_loop(url)
    database = Database(url)
    assert await load.fill(database, settings)
    yield database
    await database.close()


@pytest.fixture
async def tavola(loaded: Database) -> ShopFacts:
    async with loaded.session(None) as db:
        shop = await shop_by_slug(db, "tavola")
    assert shop is not None
    return shop


async def count(database: Database, shop: ShopFacts, model: type) -> int:
    async with database.session(shop.id) as db:
        return await db.scalar(select(func.count()).select_from(model)) or 0


async def test_a_second_load_asks_once_and_writes_nothing(loaded: Database, settings: Settings) -> None:
    queries = QueryCount()
    reset = counted.set(queries)
    try:
        assert not await load.fill(loaded, settings)
    finally:
        counted.reset(reset)

    assert queries.n == 1


async def test_both_shops_answer_on_their_hosts(loaded: Database) -> None:
    async with loaded.session(None) as db:
        found = {facts.slug: (hosts, default) for facts, hosts, default in await all_shops(db)}

    assert found["tavola"] == (["localhost", "tavola.localhost"], True)
    assert found["rachel"] == (["rachel.localhost"], False)


async def test_every_product_is_for_sale_with_its_price_and_its_stock_in_the_ledgers(
    loaded: Database, tavola: ShopFacts
) -> None:
    async with loaded.session(tavola.id) as db:
        assert await db.scalar(select(func.count()).where(Product.published_at.is_not(None))) == 228
        pieces = await db.scalar(select(func.sum(StockItem.on_hand)))
        moved = await db.scalar(select(func.sum(StockMovement.on_hand_change)).where(StockMovement.kind == "initial"))
        ordinary = select(Variant.id).where(Variant.campaign_id.is_(None))
        prices = await db.scalar(select(func.sum(Variant.price_minor)).where(Variant.campaign_id.is_(None)))
        first = select(func.sum(PriceChange.price_minor)).where(PriceChange.reason == "initial")
        logged = await db.scalar(first.where(PriceChange.variant_id.in_(ordinary)))

    assert pieces
    assert pieces == moved
    assert prices
    assert prices == logged


async def test_the_shop_has_lived(loaded: Database, tavola: ShopFacts) -> None:
    """Offers that may be announced, closures that come, and what others search for in each language."""
    async with loaded.session(tavola.id) as db:
        reduced = list(await db.scalars(select(Variant.reference_kind).where(Variant.campaign_id.is_not(None))))
        closed = await db.scalar(select(func.count(ClosedPeriod.id)))
        searches = dict((await db.execute(
            select(PopularSearch.locale, func.count(PopularSearch.id)).group_by(PopularSearch.locale)
        )).all())  # fmt: skip

    assert reduced == ["low"] * len(reduced) != []
    assert closed
    assert set(searches) == {"it", "en", "de", "fr"}
    assert min(searches.values()) >= 3


async def test_the_whole_catalogue_passes_the_gate(loaded: Database, tavola: ShopFacts) -> None:
    async with loaded.session(tavola.id) as db:
        cases = await judging.cases(db, list(await db.scalars(select(Product.id))))
    missed = {case.row.slug: case.missing(clock.today("Europe/Rome")) for case in cases.values()}

    assert len(missed) == 228
    assert {slug: found for slug, found in missed.items() if found} == {}
    assert sum(bool(case.product.sheet.get("nutrition")) for case in cases.values()) > 30


async def test_texts_and_food_facts_arrive(loaded: Database, tavola: ShopFacts) -> None:
    async with loaded.session(tavola.id) as db:
        wine = await db.scalar(select(Product).where(Product.designation == "DOCG").order_by(Product.id).limit(1))
        assert wine is not None
        assert set(wine.name) == {"it", "en", "de", "fr"}
        assert wine.food["min_age"] == 18
        assert wine.food["allergens"] == ["solfiti"]
        assert "solfiti" not in wine.search_text.split()


async def test_a_whole_country_ends_after_every_code(loaded: Database, tavola: ShopFacts) -> None:
    async with loaded.session(tavola.id) as db:
        lasts = set(await db.scalars(select(ZoneRange.last).where(ZoneRange.first == "")))
        milan = await quotes.quote(db, "IT", "20121")
        forli = await quotes.quote(db, "IT", "47121")

    assert lasts == {load.END_OF_CODES}
    assert milan is not None
    assert forli is not None
    assert (milan.code, forli.code) == ("Z4", "Z1")


async def test_the_people_can_sign_in_and_sit_at_their_desks(loaded: Database, tavola: ShopFacts) -> None:
    async with loaded.session(tavola.id) as db:
        for login in SHOPS[0].logins:
            user = await people.with_password(db, login.email, PASSWORD)
            assert user.role == login.role
            assert (await membership(db, user.id) is not None) == (login.producer is not None)


async def test_outside_a_local_machine_nobody_gets_a_known_password(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'staging.sqlite3'}"
    await upgrade_from_loop(url)
    database = Database(url)
    monkeypatch.setattr(load, "SHOPS", SHOPS[1:])
    await load.fill(database, replace(settings, environment="staging"))
    async with database.session(None) as db:
        shop = await shop_by_slug(db, "rachel")
    assert shop is not None
    assert await count(database, shop, User) == 0
    assert await count(database, shop, Product) == 7
    await database.close()


async def test_a_load_that_was_cut_off_goes_on_where_it_stopped(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'cut.sqlite3'}"
    await upgrade_from_loop(url)
    database = Database(url)
    monkeypatch.setattr(load, "SHOPS", SHOPS[1:])

    async def cut(*_: object, **__: object) -> None:
        raise Refused("cut")

    with monkeypatch.context() as patched:
        patched.setattr(load.writing, "apply", cut)
        with pytest.raises(Refused):
            await load.fill(database, settings)
    assert await load.fill(database, settings)
    async with database.session(None) as db:
        shop = await shop_by_slug(db, "rachel")
    assert shop is not None
    assert await count(database, shop, Product) == 7
    await database.close()


async def test_pictures_are_made_once(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_stems", lambda _: ["pane"])
    here = replace(settings, storage_url=f"file://{tmp_path}")

    assert load.make_pictures(here) == 2
    assert load.make_pictures(here) == 0
    key = load.images.key_of(load._picture("pane"), "pane")
    assert FileStorage(here.storage_url).exists("tavola", f"{key}-320.webp")


async def test_every_picture_of_a_shop_has_its_row(loaded: Database, tavola: ShopFacts) -> None:
    assert await count(loaded, tavola, Image) == len(load._stems(SHOPS[0]))


def test_the_welcome_names_addresses_and_log_ins(settings: Settings) -> None:
    told = "\n".join(load.welcome(settings))

    for word in (f":{settings.port}/posta", "rachel.localhost", PASSWORD, "anna@posta.example", "ada@tavola.example"):
        assert word in told


@pytest.mark.slow
async def test_the_sandbox_learns_the_accounts(settings: Settings, tmp_path: Path) -> None:
    from app.demo import accounts

    alone = replace(settings, data_dir=tmp_path, stripe=replace(settings.stripe, api_base=None))
    await accounts.register(alone, [("acct_demo_x1", "x@y.example", "X")])

    async with accounts._sandbox(tmp_path / accounts.STATE) as base, load_client(base) as client:
        state = (await client.get("/_control/state")).json()
    assert state["objects"]["account"] == 1


def load_client(base: str):  # type: ignore[no-untyped-def]
    import httpx

    return httpx.AsyncClient(base_url=base)
