"""Popular searches: counted without anybody's name, shown only when many days asked and something is found."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.catalog import popular
from app.catalog.models import Product, SearchCount
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import speaking
from app.kernel.outbox import Job
from app.system.schedules import HOME
from tests.cast import Browser, TestShop

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    popular._counted.clear()
    yield
    popular._counted.clear()


async def search_on(shop: TestShop, text: str, days: int, times: int = 1, locale: str = "it", ago: int = 0) -> None:
    """So often at noon on each of so many days, the last of them `ago` days ago."""
    noon = clock.now().astimezone(HOME).replace(hour=12)
    for day in range(days):
        with clock.frozen(noon - timedelta(days=day + ago)), speaking(locale):
            for _time in range(times):
                popular.asked(shop.id, text)
    await popular.write_down(shop.database)


async def chosen(shop: TestShop, locale: str = "it") -> list[str]:
    async with shop.database.session(shop.id) as db, transaction(db):
        await popular.choose(db)
    async with shop.database.session(shop.id) as db:
        with speaking(locale):
            return await popular.shown(db)


@pytest.mark.parametrize(
    ("typed", "counted"),
    [
        ("  Olio   Extravergine ", "olio extravergine"),
        ("caffè d'orzo", "caffè d’orzo"),
        ("Käse", "käse"),
        ("ol", ""),
        ("anna@posta.example", ""),
        ("anna posta example com", "anna posta example com"),
        ("333 1234567", ""),
        ("TR-2026-000123", ""),
        ("via roma 12", ""),
        ("www.esempio.it", ""),
        ("<script>", ""),
        ("olio \u202eoilo", ""),
        ("🍷 vino", ""),
        ("uno due tre quattro cinque", ""),
        ("x" * 41, ""),
        ("", ""),
    ],
)
def test_only_plain_words_are_counted(typed: str, counted: str) -> None:
    assert popular.plain(typed) == counted


async def test_what_is_asked_on_several_days_becomes_popular(shop: TestShop) -> None:
    await search_on(shop, "olio", days=4)
    await search_on(shop, "Aceto", days=3, times=5)
    await search_on(shop, "formaggio", days=2, times=900)

    assert await chosen(shop) == ["olio", "aceto"]


async def test_what_finds_nothing_or_is_no_word_of_the_shop_is_not_shown(shop: TestShop) -> None:
    for text in ("mario rossi", "squac", "oliio", "aceto formaggio"):
        await search_on(shop, text, days=5)

    assert await chosen(shop) == []


async def test_what_is_no_longer_sold_goes(shop: TestShop) -> None:
    await search_on(shop, "aceto", days=5)
    assert await chosen(shop) == ["aceto"]
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["aceto"]).values(published_at=None))
    await shop.reindex()

    assert await chosen(shop) == []


async def test_old_searches_are_forgotten(shop: TestShop) -> None:
    await search_on(shop, "olio", days=5, ago=popular.DAYS)
    await search_on(shop, "aceto", days=5, ago=popular.KEPT_DAYS + 1)

    assert await chosen(shop) == []
    async with shop.database.session(shop.id) as db:
        assert set(await db.scalars(select(SearchCount.query))) == {"olio"}


async def test_one_of_each_meaning_and_each_language_its_own(shop: TestShop, other_shop: TestShop) -> None:
    await search_on(shop, "formaggio", days=4)
    await search_on(shop, "formaggi", days=3)
    await search_on(shop, "olio", days=3, locale="de")

    assert await chosen(shop) == ["formaggio"]
    assert await chosen(shop, "de") == ["olio"]
    assert await chosen(other_shop) == []


async def test_counts_add_up_and_nothing_of_a_person_is_kept(shop: TestShop) -> None:
    await search_on(shop, "olio", days=1, times=2)
    await search_on(shop, "olio", days=1, times=3)

    async with shop.database.session(shop.id) as db:
        (row,) = list(await db.scalars(select(SearchCount)))
    assert row.times == 5
    kept = {column.name for column in SearchCount.__table__.columns}
    assert kept == {"id", "shop_id", "locale", "query", "day", "times"}


async def test_a_search_by_a_person_that_finds_something_is_counted_once(shop: TestShop) -> None:
    async with shop.browser(**FIREFOX) as anna, shop.browser(**{"User-Agent": "Googlebot/2.1"}) as robot:
        await anna.get("/cerca?q=Olio")
        await anna.get("/cerca?q=niente-di-niente")
        await anna.get("/cerca?q=olio&ordine=prezzo", **{"HX-Request": "true", "HX-Request-Type": "partial"})
        await robot.get("/cerca?q=aceto")
    await popular.write_down(shop.database)

    async with shop.database.session(shop.id) as db:
        found = [(row.query, row.times) for row in await db.scalars(select(SearchCount))]
    assert found == [("olio", 1)]


async def test_what_cannot_be_written_waits(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    popular.asked(shop.id, "olio")
    with monkeypatch.context() as broken:
        broken.setattr(popular, "_AT_ONCE", 0)
        with pytest.raises(ValueError, match="range"):
            await popular.write_down(shop.database)

    assert await popular.write_down(shop.database) == 1


@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_they_are_offered_where_nothing_is_typed_or_found(shop: TestShop, anna: Browser, prefix: str) -> None:
    locale = prefix.strip("/") or "it"
    await search_on(shop, "olio", days=3, locale=locale)
    await chosen(shop)

    for path in ("/cerca", "/cerca?q=zzzzqqq", "/cerca?q=%20"):
        page = await anna.get(prefix + path)
        assert page.all(f"main a[href='{prefix}/cerca?q=olio']"), path
    piece = await anna.get(f"{prefix}/cerca/frequenti")
    assert piece.one("[role=group] [role=option]").attributes["href"] == f"{prefix}/cerca?q=olio"
    assert not (await anna.get(f"{prefix}/cerca?q=aceto")).all("main a[href$='?q=olio']")


async def test_without_any_nothing_is_offered(anna: Browser) -> None:
    assert not (await anna.get("/cerca/frequenti")).all("[role=option]")
    assert not (await anna.get("/cerca?q=zzzzqqq")).says("Cercati spesso")


async def test_the_job_chooses_them(shop: TestShop) -> None:
    await search_on(shop, "olio", days=3)
    async with shop.database.session(shop.id) as db, transaction(db):
        now = clock.now()
        db.add(Job(shop_id=shop.id, name="catalog.choose_popular", payload={}, run_at=now, created_at=now))
    await shop.run_jobs()

    async with shop.database.session(shop.id) as db:
        assert await popular.shown(db) == ["olio"]
