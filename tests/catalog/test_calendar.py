"""The seasons in people's own calendars, in their language."""

import pytest
from sqlalchemy import update

from app.catalog import seasons
from app.catalog.models import Product
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.queries import queries_of


async def season(shop: TestShop, sku: str, *months: int) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        mask = seasons.mask_of(months)
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(season_mask=mask))
    await shop.reindex()


async def test_each_run_of_a_season_is_an_event_that_comes_back(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    await season(shop, "olio", 11, 12, 1, 5)
    await season(other_shop, "aceto", 3)
    answer = await anna.get("/stagioni.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    text = answer.text.replace("\r\n ", "")
    assert text.count("BEGIN:VEVENT") == text.count("RRULE:FREQ=YEARLY") == 2
    assert "SUMMARY:È stagione: Olio extravergine" in text
    assert f"URL:http://{shop.host}/prodotti/olio" in text
    ends = [line.rpartition(":")[2][4:] for line in text.splitlines() if line.startswith("DTEND")]
    assert sorted(ends) == ["0201", "0601"]
    again = await anna.get("/stagioni.ics", **{"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
async def test_it_speaks_the_language_of_its_address(shop: TestShop, anna: Browser, locale: str) -> None:
    await season(shop, "olio", 11)
    assert f"/{locale}/prodotti/olio" in (await anna.get(f"/{locale}/stagioni.ics")).text.replace("\r\n ", "")
    assert (await anna.get(f"/{locale}/stagioni")).one(f"a[href='/{locale}/stagioni.ics']")


async def test_more_seasons_take_no_more_statements(shop: TestShop, anna: Browser) -> None:
    await season(shop, "olio", 11)
    _answer, few = await queries_of(anna, "/stagioni.ics")
    for sku in ("aceto", "formaggio", "sangiovese"):
        await season(shop, sku, 4)
    _answer, many = await queries_of(anna, "/stagioni.ics")
    assert many == few


async def test_a_shop_without_seasons_has_an_empty_calendar(shop: TestShop, anna: Browser) -> None:
    answer = await anna.get("/stagioni.ics")
    assert answer.status_code == 200
    assert "VEVENT" not in answer.text
