"""Views are counted without anybody's name, and what was seen lately stays in the browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select

from app.analytics.views_log import counting, recent
from app.analytics.views_log.counting import Counting
from app.analytics.views_log.jobs import KEPT_DAYS
from app.analytics.views_log.models import ProductViews
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.settings import Settings
from tests.analytics.props import PERSON, at, change
from tests.cast import Browser, TestShop

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    counting._counted.clear()


@pytest.fixture
async def person(shop: TestShop) -> AsyncIterator[Browser]:
    """Somebody with a browser as people have."""
    async with shop.browser(**PERSON) as browser:
        yield browser


@pytest.fixture
async def buyer(shop: TestShop, person: Browser) -> Browser:
    """The same, with something in the basket, and so with a cookie of ours."""
    await person.post("/carrello/righe", {"variant_id": shop.variants["aceto"], "quantity": 1})
    return person


async def written(shop: TestShop) -> dict[str, int]:
    await counting.write_down(shop.database)
    known = {product_id: sku for sku, product_id in shop.products.items()}
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(select(ProductViews))
        return {known[row.product_id]: row.views for row in rows}


class TestCounting:
    async def test_a_person_who_looks_is_a_number(self, shop: TestShop, person: Browser) -> None:
        for path in ("/prodotti/olio", "/en/prodotti/olio", "/prodotti/aceto"):
            assert (await person.get(path)).status_code == 200
        await person.get("/prodotti")

        assert await written(shop) == {"olio": 2, "aceto": 1}
        assert await written(shop) == {"olio": 2, "aceto": 1}, "written once"
        assert {column.name for column in inspect(ProductViews).columns} == {
            *("shop_id", "id", "product_id", "day", "views")
        }

    async def test_later_views_are_added(self, shop: TestShop, person: Browser) -> None:
        await person.get("/prodotti/olio")
        await written(shop)
        await person.get("/prodotti/olio")

        assert await written(shop) == {"olio": 2}

    async def test_no_request_writes(self, shop: TestShop, person: Browser) -> None:
        await person.get("/prodotti/olio")
        async with shop.database.session(shop.id) as db:
            assert list(await db.scalars(select(ProductViews))) == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
            {"User-Agent": "python-httpx/0.28"},
            {"User-Agent": "Mozilla/5.0 (X11) HeadlessChrome/130.0"},
            {"User-Agent": "facebookexternalhit/1.1"},
            {"User-Agent": ""},
            {**PERSON, "Sec-Purpose": "prefetch;prerender"},
        ],
    )
    async def test_machines_and_reading_ahead_do_not_count(self, shop: TestShop, headers: dict[str, str]) -> None:
        async with shop.browser() as browser:
            assert (await browser.get("/prodotti/olio", **headers)).status_code == 200

        assert await written(shop) == {}

    async def test_nor_a_head_the_delivery_or_what_is_not_there(self, shop: TestShop, person: Browser) -> None:
        await person.client.head("/prodotti/olio")
        await person.get("/prodotti/olio?cap=47121")
        await person.get("/prodotti/olio?cap=47121", **HTMX)
        await change(shop, "aceto", published_at=None)
        assert (await person.get("/prodotti/aceto")).status_code == 404

        assert await written(shop) == {}

    async def test_the_day_is_the_italian_one(self, shop: TestShop) -> None:
        with clock.frozen(at("2026-11-20T23:30:00+00:00")):
            counting.seen(shop.id, shop.products["olio"])
        await counting.write_down(shop.database)
        async with shop.database.session(shop.id) as db:
            assert await db.scalar(select(ProductViews.day)) == date(2026, 11, 21)

    async def test_each_shop_has_its_own_and_strangers_are_left_out(self, shop: TestShop, other_shop: TestShop) -> None:
        counting.seen(shop.id, shop.products["olio"])
        counting.seen(shop.id, other_shop.products["aceto"])
        counting.seen(other_shop.id, other_shop.products["olio"])
        counting.seen(shop.id, 2**40)

        assert await written(shop) == {"olio": 1}
        assert await written(other_shop) == {"olio": 1}

    async def test_what_cannot_be_written_is_kept(
        self, shop: TestShop, other_shop: TestShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counting.seen(shop.id, shop.products["olio"])
        counting.seen(other_shop.id, other_shop.products["olio"])

        async def away(*_: Any) -> int:
            counting.seen(shop.id, shop.products["olio"])  # people go on looking
            raise OSError("the database is away")

        with monkeypatch.context() as broken:
            broken.setattr(counting, "_add", away)
            with pytest.raises(OSError, match="away"):
                await counting.write_down(shop.database)

        assert await written(shop) == {"olio": 2}
        assert await written(other_shop) == {"olio": 1}

    async def test_at_the_end_of_the_process_everything_is_written(self, shop: TestShop) -> None:
        writer = Counting(shop.database)
        writer.start()
        counting.seen(shop.id, shop.products["olio"])
        await writer.stop()
        async with shop.database.session(shop.id) as db:
            assert await db.scalar(select(ProductViews.views)) == 1

    async def test_memory_is_bounded(self, shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(counting, "MOST_KEPT", 3)
        for product_id in range(1, 10):
            counting.seen(shop.id, product_id)
            counting.seen(shop.id, 1)

        assert len(counting._counted) == 3
        assert max(counting._counted.values()) == 10

    async def test_after_a_year_counts_are_forgotten(self, shop: TestShop) -> None:
        today = clock.now().date()
        async with shop.database.session(shop.id) as db, transaction(db):
            for days in (1, KEPT_DAYS + 2):
                day = today - timedelta(days=days)
                db.add(ProductViews(product_id=shop.products["olio"], day=day, views=days))
            add_job(db, "views.tidy")
        await shop.run_jobs()

        assert await written(shop) == {"olio": 1}


class TestSeenLately:
    async def test_a_first_visit_leaves_no_cookie(self, shop: TestShop, person: Browser) -> None:
        for path in ("/", "/prodotti/olio", "/prodotti/aceto", f"/visti?da={shop.products['olio']}", "/visti"):
            assert "set-cookie" not in (await person.get(path)).headers
        assert "set-cookie" not in (await person.post("/visti/dimenticanza")).headers
        assert not person.client.cookies

    async def test_who_has_a_basket_finds_what_was_looked_at_the_last_one_first(self, buyer: Browser) -> None:
        for slug in ("olio", "aceto", "sangiovese", "olio", "esaurito"):
            await buyer.get(f"/prodotti/{slug}")
        page = await buyer.get("/visti")
        links = [link.attributes["href"] for link in page.all("main .card__name a")]

        assert links == [f"/prodotti/{slug}" for slug in ("esaurito", "olio", "sangiovese", "aceto")]
        assert page.headers["cache-control"] == "no-store"

    async def test_a_session_is_enough(self, shop: TestShop, person: Browser) -> None:
        await person.sign_in("anna@posta.example")
        await person.get("/prodotti/olio")

        assert (await person.get("/visti")).all("main .card")

    async def test_who_signs_out_leaves_nothing_behind(self, person: Browser) -> None:
        await person.sign_in("anna@posta.example")
        await person.get("/prodotti/olio")
        await person.post("/esci")

        assert "seen" not in person.client.cookies
        assert not (await person.get("/visti")).all("main .card")

    async def test_the_cookie_is_ours_alone_and_goes_with_the_browser(self, buyer: Browser) -> None:
        await buyer.get("/")  # where the notice about the basket is told
        cookie = (await buyer.get("/prodotti/olio")).headers["set-cookie"]

        assert cookie.startswith("seen=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age" not in cookie
        assert "set-cookie" not in (await buyer.get("/prodotti/olio")).headers, "nothing new to remember"

    async def test_twelve_and_no_more(self, shop: TestShop, buyer: Browser) -> None:
        await buyer.get("/prodotti/olio")
        found = recent._signer(_visit(shop, buyer)).dumps(list(range(1, 13)))
        buyer.client.cookies.set("seen", found, domain=shop.host)
        await buyer.get("/prodotti/aceto")

        assert recent.ids(_visit(shop, buyer)) == [shop.products["aceto"], *range(1, 12)]

    async def test_forgotten_is_forgotten(self, buyer: Browser) -> None:
        await buyer.get("/prodotti/olio")
        await buyer.get("/visti")
        page = await buyer.follow(await buyer.send("form[action='/visti/dimenticanza']"))

        assert page.says("non ricorda più")
        assert not page.all("main .card")
        assert page.says("Qui non c’è ancora niente")
        assert (await buyer.post("/visti/dimenticanza")).status_code == 303

    @pytest.mark.parametrize("forged", ["x", "WzFd.x", "x" * 5000, "[1,2]", "%F0%9F%8D%B7", "%00", "<script>"])
    async def test_a_cookie_that_is_not_ours_is_none(self, shop: TestShop, buyer: Browser, forged: str) -> None:
        answer = await buyer.get("/visti", Cookie=f"seen={forged}")

        assert answer.status_code == 200
        assert not answer.all("main .card")

    async def test_nor_is_one_of_another_shop(self, shop: TestShop, other_shop: TestShop, buyer: Browser) -> None:
        await buyer.get("/prodotti/olio")
        sealed = buyer.client.cookies["seen"]
        async with other_shop.browser(Cookie=f"seen={sealed}") as browser:
            assert not (await browser.get("/visti")).all("main .card")

    async def test_htmx_gets_a_band_without_the_present_product(self, shop: TestShop, buyer: Browser) -> None:
        await buyer.get("/prodotti/aceto")
        page = await buyer.get("/prodotti/olio")
        link = page.one("p.seen a")
        band = await buyer.get(link.attributes["href"] or "", **HTMX)

        assert link.attributes["hx-get"] == link.attributes["href"] == f"/visti?da={shop.products['olio']}"
        assert link.attributes["hx-trigger"] == "revealed"
        assert not band.all("header")
        assert [a.attributes["href"] for a in band.all(".card__name a")] == ["/prodotti/aceto"]
        assert (await buyer.get(link.attributes["href"] or "")).one("h1").text() == "Visti di recente"

    @pytest.mark.parametrize("da", ["", "x", "-1", "9" * 400, "²", "1;drop table products"])
    async def test_nonsense_about_the_present_product_is_passed_over(self, buyer: Browser, da: str) -> None:
        await buyer.get("/prodotti/olio")

        assert (await buyer.get(f"/visti?da={da}", **HTMX)).all(".card")

    async def test_without_anything_htmx_gets_the_plain_link(self, person: Browser) -> None:
        band = await person.get("/visti?da=1", **HTMX)

        assert band.one("p.seen a").attributes == {"href": "/visti"}

    async def test_what_the_public_may_not_see_is_not_there(self, shop: TestShop, buyer: Browser) -> None:
        await buyer.get("/prodotti/olio")
        await change(shop, "olio", published_at=None)

        assert not (await buyer.get("/visti")).all("main .card")


@dataclass
class AsVisited:
    """As much of a visit as recent.py looks at, with a browser's cookies."""

    shop: TestShop
    browser: Browser

    @property
    def settings(self) -> Settings:
        return self.shop.app.settings

    def cookie(self, name: str) -> str | None:
        return self.browser.client.cookies.get(name)


def _visit(shop: TestShop, browser: Browser) -> Any:
    return AsVisited(shop, browser)
