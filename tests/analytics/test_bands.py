"""What visitors see: beside a product, at home, and on «Per te». Never what cannot be had."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.analytics.recommendations import queries
from app.analytics.recommendations.models import Recommendation, RecommendationChoice
from app.catalog.models import StockItem
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer
from tests.analytics.props import bought, category, change, computed, food, rows
from tests.cast import Answer, Browser, TestShop
from tests.queries import queries_of

ALSO, SIMILAR = "[aria-labelledby='also-bought']", "[aria-labelledby='similar']"


def shown(page: Answer, band: str) -> list[str]:
    return [(link.attributes["href"] or "").rpartition("/")[2] for link in page.all(f"{band} .card__name a")]


@pytest.fixture
async def sold(shop: TestShop) -> TestShop:
    """Two people who bought oil, cheese and wine together; everything computed."""
    for who in ("anna", "piero"):
        await bought(shop, who, "olio", "squacquerone", "sangiovese")
    await computed(shop)
    return shop


async def empty(shop: TestShop, sku: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        item = StockItem.id == shop.stock_items[sku]
        await db.execute(update(StockItem).where(item).values(on_hand=0, reserved=0))


class TestBesideAProduct:
    async def test_two_bands_each_with_a_sentence_why(self, sold: TestShop, anna: Browser) -> None:
        page = await anna.get("/prodotti/olio")

        assert sorted(shown(page, ALSO)) == ["sangiovese", "squacquerone"]
        assert shown(page, SIMILAR)[0] == "aceto"
        assert page.says("Chi l’ha comprato ha preso anche")
        assert page.one(f"{ALSO} .why").text().startswith("Lo dicono gli ordini degli ultimi 180 giorni")
        assert page.one(f"{SIMILAR} .why a").attributes["href"] == "/come-ordiniamo#simili"
        assert not set(shown(page, ALSO)) & set(shown(page, SIMILAR)), "nothing twice"
        assert not page.says("Sta bene vicino a")

    async def test_until_something_is_known_there_is_what_is_near(self, shop: TestShop, anna: Browser) -> None:
        page = await anna.get("/prodotti/olio")

        assert page.says("Sta bene vicino a")
        assert shown(page, SIMILAR)[0] == "aceto"
        assert not page.all(ALSO)

    @pytest.mark.parametrize("gone", ["sold out", "unpublished", "later", "deleted", "hidden", "unpaid"])
    async def test_what_cannot_be_had_is_never_shown(self, sold: TestShop, anna: Browser, gone: str) -> None:
        assert "squacquerone" in shown(await anna.get("/prodotti/olio"), ALSO)
        if gone == "sold out":
            await empty(sold, "squacquerone")
        elif gone in {"hidden", "unpaid"}:
            values = {"hidden_at": clock.now()} if gone == "hidden" else {"stripe_account": None}
            async with sold.database.session(sold.id) as db, transaction(db):
                await db.execute(update(Producer).where(Producer.slug == "caseificio").values(**values))
        else:
            tomorrow = clock.now() + timedelta(days=1)
            columns = {"unpublished": {"published_at": None}, "later": {"published_at": tomorrow}}
            await change(sold, "squacquerone", **columns.get(gone, {"deleted_at": clock.now()}))
        pages = [await anna.get(path) for path in ("/prodotti/olio", "/prodotti/aceto", "/per-te")]
        demand = shown(await anna.get("/"), "[aria-labelledby='in-demand']")

        assert shown(pages[0], ALSO) == ["sangiovese"]
        assert not any("/prodotti/squacquerone" in page.text for page in pages)
        assert sorted(demand) == ["olio", "sangiovese"]

    async def test_what_is_reserved_to_the_last_piece_is_sold_out(self, sold: TestShop, anna: Browser) -> None:
        async with sold.database.session(sold.id) as db, transaction(db):
            item = StockItem.id == sold.stock_items["squacquerone"]
            await db.execute(update(StockItem).where(item).values(reserved=StockItem.on_hand))

        assert shown(await anna.get("/prodotti/olio"), ALSO) == ["sangiovese"]

    async def test_the_sold_out_wine_is_beside_nothing(self, sold: TestShop, anna: Browser) -> None:
        for sku in sold.products:
            if sku != "esaurito":
                assert "/prodotti/esaurito" not in (await anna.get(f"/prodotti/{sku}")).text

    @pytest.mark.parametrize("prefix", ["/en", "/de", "/fr"])
    async def test_every_language(self, sold: TestShop, anna: Browser, prefix: str) -> None:
        page = await anna.get(f"{prefix}/prodotti/olio")

        assert page.one(f"{ALSO} .why a").attributes["href"] == f"{prefix}/come-ordiniamo#insieme"
        assert all(link.attributes["href"].startswith(f"{prefix}/") for link in page.all(f"{ALSO} .card__name a"))

    async def test_another_shop_shows_nothing_of_it(self, sold: TestShop, other_shop: TestShop) -> None:
        async with other_shop.browser() as browser:
            page = await browser.get("/prodotti/olio")

            assert not page.all(ALSO)
            assert not (await browser.get("/")).says("Più richiesti questa settimana")


class TestForADiet:
    async def test_allergens_are_left_out_and_what_is_silent_too(self, sold: TestShop) -> None:
        await food(sold, "squacquerone", allergens=["latte"])
        async with sold.database.session(sold.id) as db:
            everything = await queries.beside(db, sold.products["olio"])
            without = await queries.beside(db, sold.products["olio"], exclude_allergens=frozenset({"latte"}))
            demand = await queries.in_demand(db, exclude_allergens=frozenset({"latte"}))
            vegan = await queries.for_person(db, None, "noon", diet="vegano")

        cheese = sold.products["squacquerone"]
        assert cheese in {pick.product_id for pick in everything["also_bought"]}
        assert [pick.product_id for pick in without["also_bought"]] == [sold.products["sangiovese"]]
        assert cheese not in {pick.product_id for pick in demand}
        assert demand
        assert not any(vegan.values())

    async def test_a_certified_diet_is_kept_to(self, sold: TestShop) -> None:
        await change(sold, "olio", certifications=["bio", "vegano"])
        async with sold.database.session(sold.id) as db:
            found = await queries.in_demand(db, diet="vegano")

        assert [pick.product_id for pick in found] == [sold.products["olio"]]


class TestAtHome:
    async def test_what_is_asked_for_this_week(self, sold: TestShop, anna: Browser) -> None:
        page = await anna.get("/")

        assert sorted(shown(page, "[aria-labelledby='in-demand']")) == ["olio", "sangiovese", "squacquerone"]
        assert page.says("Più richiesti questa settimana")
        assert page.all("a[href='/per-te']")

    async def test_nothing_is_claimed_before_there_is_something(self, shop: TestShop, anna: Browser) -> None:
        await bought(shop, "anna", "olio")
        await computed(shop)

        assert not (await anna.get("/")).says("Più richiesti questa settimana")


class TestForYou:
    async def test_a_guest_gets_what_everybody_gets(self, sold: TestShop, anna: Browser) -> None:
        page = await anna.get("/per-te")

        assert page.status_code == 200
        assert sorted(shown(page, "[aria-labelledby='trending']")) == ["olio", "sangiovese", "squacquerone"]
        assert page.says("Fra i più ordinati degli ultimi 7 giorni.")
        assert not page.all("form[action='/per-te/acquisti']")
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers

    async def test_a_person_gets_her_own_with_their_reasons(self, sold: TestShop, anna: Browser) -> None:
        await category(sold, "formaggi", "squacquerone", "formaggio")
        await bought(sold, "anna", "squacquerone", user_id=sold.users["anna@posta.example"])
        await computed(sold, "personal")
        await anna.sign_in("anna@posta.example")
        page, english = await anna.get("/per-te"), await anna.get("/en/per-te")

        assert shown(page, "[aria-labelledby='personal']") == ["formaggio"]
        assert page.says("Compri spesso in «Formaggi».")
        assert "formaggi (en)" in english.one("[aria-labelledby='personal'] .cards li").text()
        assert not page.all("[aria-labelledby='trending']")

    async def test_who_has_bought_nothing_gets_what_is_trending(self, sold: TestShop, anna: Browser) -> None:
        await anna.sign_in("anna@posta.example")
        page = await anna.get("/per-te")

        assert page.all("[aria-labelledby='trending'] .card")
        assert page.says("poco dopo il primo acquisto")

    async def test_a_shop_without_orders_says_so(self, shop: TestShop, anna: Browser) -> None:
        page = await anna.get("/per-te")

        assert page.says("Oggi non abbiamo consigli")
        assert not page.all(".card")

    async def test_nobody_sees_anothers(self, sold: TestShop, anna: Browser, bruno: Browser) -> None:
        await bought(sold, "anna", "squacquerone", user_id=sold.users["anna@posta.example"])
        await computed(sold, "personal")

        assert not (await bruno.get("/per-te")).all("[aria-labelledby='personal']")
        assert await rows(sold, "personal", user_id=sold.users["anna@posta.example"])

    async def test_statements_are_few(self, sold: TestShop, anna: Browser) -> None:
        await bought(sold, "anna", "squacquerone", user_id=sold.users["anna@posta.example"])
        await computed(sold, "personal")
        _, as_guest = await queries_of(anna, "/per-te")
        await anna.sign_in("anna@posta.example")
        _, as_person = await queries_of(anna, "/per-te")

        assert as_guest == 3  # two are noted: what promotions everybody has, and when parcels leave
        assert as_person <= 3 + 3  # the session and the basket


class TestSwitchingOff:
    async def _choice(self, shop: TestShop) -> list[bool]:
        async with shop.database.session(shop.id) as db:
            return list(await db.scalars(select(RecommendationChoice.uses_purchases)))

    @pytest.fixture
    async def known(self, sold: TestShop, anna: Browser) -> Browser:
        await bought(sold, "anna", "squacquerone", user_id=sold.users["anna@posta.example"])
        await computed(sold, "personal")
        await anna.sign_in("anna@posta.example")
        await anna.get("/per-te")
        return anna

    async def test_no_is_heard_at_once_and_for_good(self, sold: TestShop, known: Browser) -> None:
        page = await known.follow(await known.send("form[action='/per-te/acquisti']"))
        await bought(sold, "anna", "aceto", user_id=sold.users["anna@posta.example"])
        await computed(sold, "personal")
        await computed(sold, "afresh", "personal")

        assert page.says("Non usiamo i tuoi acquisti")
        assert page.says("i tuoi acquisti non contano più")
        assert not page.all("[aria-labelledby='personal']")
        assert await rows(sold, "personal") == []
        assert await self._choice(sold) == [False]

    async def test_yes_again_computes_at_once(self, sold: TestShop, known: Browser) -> None:
        await known.follow(await known.send("form[action='/per-te/acquisti']"))
        await known.follow(await known.send("form[action='/per-te/acquisti']"))
        await sold.run_jobs()

        assert (await known.get("/per-te")).all("[aria-labelledby='personal'] .card")
        assert await self._choice(sold) == [True]

    async def test_said_twice_it_is_said(self, sold: TestShop, known: Browser) -> None:
        for _ in range(2):
            assert (await known.post("/per-te/acquisti", {"uses": "no"})).status_code == 303

        assert await self._choice(sold) == [False]

    @pytest.mark.parametrize("sent", [{}, {"uses": ""}, {"uses": "x" * 10_000}, {"uses": "<b>sì</b>🍷\u202e' or 1=1"}])
    async def test_what_is_no_clear_yes_is_none(self, sold: TestShop, known: Browser, sent: dict[str, str]) -> None:
        answer = await known.post("/per-te/acquisti", sent)

        assert answer.status_code == 303
        assert await self._choice(sold) == [False]

    async def test_a_refusal_while_a_list_is_computed_wins(self, sold: TestShop, known: Browser) -> None:
        from dataclasses import replace

        from app.analytics.recommendations import lists, personal

        await bought(sold, "anna", "aceto", user_id=sold.users["anna@posta.example"], ago=timedelta(0))

        async def meanwhile(db, window, subjects):
            made = await personal.make(db, window, subjects)
            await db.commit()
            await known.post("/per-te/acquisti", {"uses": "no"})
            return made

        async with sold.database.session(sold.id) as db:
            assert await lists.step(db, replace(personal.SWEEP, make=meanwhile))

        assert await rows(sold, "personal") == []

    async def test_a_guest_is_sent_to_sign_in_and_another_site_is_refused(self, shop: TestShop, anna: Browser) -> None:
        assert "/accedi" in (await anna.post("/per-te/acquisti", {"uses": "no"})).headers["location"]
        await anna.sign_in("anna@posta.example")
        forged = await anna.post("/per-te/acquisti", {"uses": "si"}, **{"Sec-Fetch-Site": "cross-site"})

        assert forged.status_code == 403
        assert await self._choice(shop) == []

    async def test_with_the_account_goes_everything(self, sold: TestShop, known: Browser) -> None:
        await known.post("/per-te/acquisti", {"uses": "si"})
        await sold.run_jobs()
        async with sold.database.session(sold.id) as db, transaction(db):
            from sqlalchemy import delete

            from app.identity.models import User

            await db.execute(delete(User).where(User.email == "anna@posta.example"))
        async with sold.database.session(sold.id) as db:
            left = list(await db.scalars(select(Recommendation.id).where(Recommendation.user_id.is_not(None))))

        assert left == []
        assert await self._choice(sold) == []


@pytest.mark.parametrize(("path", "most"), [("/prodotti/olio", 5), ("/", 6)])
async def test_statements_do_not_grow(sold: TestShop, anna: Browser, path: str, most: int) -> None:
    """Beside a product they are as many as without recommendations: one instead of one. Three of the five are noted."""
    _, statements = await queries_of(anna, path)

    assert statements <= most
