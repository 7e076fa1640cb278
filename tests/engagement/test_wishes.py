"""anna puts goods aside, with an account and without."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from app.catalog.models import Product
from app.engagement.watches import jobs, wishes
from app.engagement.watches.models import Wish, WishList
from app.kernel import clock
from app.kernel.db import transaction
from app.system.runner import Work
from tests.cast import Browser, TestShop
from tests.engagement.props import ODD, enter, publish
from tests.queries import queries_of


async def saved(shop: TestShop) -> int:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(func.count(Wish.id))) or 0


def names(page: object) -> list[str]:
    return [node.text() for node in page.all("#wishes .card__name a")]  # type: ignore[attr-defined]


async def save(shop: TestShop, browser: Browser, sku: str) -> None:
    await browser.get(f"/prodotti/{sku}")
    assert (await browser.send("#wish")).status_code == 303


async def test_looking_at_a_product_leaves_no_cookie_and_looks_the_same_to_everybody(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    guest = await anna.get("/prodotti/olio")

    assert "set-cookie" not in guest.headers
    assert guest.one(".watch").html == (await bruno.get("/prodotti/olio")).one(".watch").html


async def test_a_guest_saves_from_the_product_and_finds_it_again(shop: TestShop, anna: Browser) -> None:
    await anna.get("/prodotti/olio")
    answer = await anna.send("#wish")
    cookie = answer.headers["set-cookie"]
    page = await anna.follow(answer)
    assert page.url.endswith("/prodotti/olio")
    assert page.says("Salvato nei tuoi preferiti: Olio extravergine.")

    assert "wishes=" in cookie
    assert "Max-Age=15552000" in cookie
    assert "HttpOnly" in cookie
    mine = await anna.get("/preferiti")
    assert names(mine) == ["Olio extravergine"]
    assert mine.headers["cache-control"] == "no-store"
    assert mine.one("meta[name=robots]").attributes["content"] == "noindex"


async def test_saving_twice_is_saving_once(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await save(shop, anna, "aceto")
    await save(shop, anna, "olio")

    assert names(await anna.get("/preferiti")) == ["Aceto balsamico", "Olio extravergine"]


async def test_with_htmx_the_button_becomes_the_answer(shop: TestShop, anna: Browser) -> None:
    answer = await anna.swap("/preferiti", {"product_id": shop.products["olio"]}, target="wish")

    assert answer.status_code == 200
    assert answer.one("#live").text() == "Salvato nei tuoi preferiti: Olio extravergine."
    assert answer.one("#wish a").attributes["href"] == "/preferiti"
    assert "<html" not in answer.text


async def test_what_is_taken_off_can_be_put_back(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await anna.get("/preferiti")
    page = await anna.follow(await anna.send(".wish > form"))
    assert names(page) == []
    assert page.says("Ancora nessun preferito")
    assert page.says("Tolto dai preferiti: Olio extravergine.")

    page = await anna.follow(await anna.send("#wishes > form.notice"))
    assert page.url.endswith("/preferiti")
    assert names(page) == ["Olio extravergine"]


async def test_taking_off_by_htmx_gives_the_list_with_the_way_back(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await save(shop, anna, "aceto")
    url = f"/preferiti/{shop.products['olio']}/rimozione"
    answer = await anna.swap(url, target="wishes")

    assert names(answer) == ["Aceto balsamico"]
    assert answer.one("#live").text() == "Tolto dai preferiti."
    assert (await anna.swap(url, target="wishes")).status_code == 200  # a second press is harmless
    back = await anna.swap("/preferiti", {"product_id": shop.products["olio"], "elenco": "1"}, target="wishes")
    assert len(names(back)) == 2


async def test_an_empty_list_says_how_to_begin_and_sets_no_cookie(anna: Browser) -> None:
    page = await anna.get("/preferiti")

    assert page.says("Ancora nessun preferito")
    assert "set-cookie" not in page.headers


async def test_an_accounts_list_is_the_same_on_every_browser(shop: TestShop, bruno: Browser) -> None:
    await save(shop, bruno, "olio")
    assert "wishes" not in bruno.client.cookies

    async with shop.browser() as elsewhere:
        await elsewhere.sign_in("bruno@frantoio.example")
        assert names(await elsewhere.get("/preferiti")) == ["Olio extravergine"]


async def test_two_first_saves_at_once_make_one_list(shop: TestShop, bruno: Browser) -> None:
    goods = [{"product_id": shop.products[sku]} for sku in ("olio", "aceto", "olio")]
    answers = await asyncio.gather(*(bruno.post("/preferiti", data) for data in goods))

    assert {answer.status_code for answer in answers} == {303}
    assert await saved(shop) == 2


async def test_nobody_sees_or_changes_anothers_list(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    await save(shop, bruno, "olio")
    await save(shop, anna, "aceto")

    await anna.post(f"/preferiti/{shop.products['olio']}/rimozione")
    assert names(await anna.get("/preferiti")) == ["Aceto balsamico"]
    assert names(await bruno.get("/preferiti")) == ["Olio extravergine"]


async def test_a_made_up_cookie_opens_nothing_and_is_replaced(shop: TestShop, anna: Browser) -> None:
    anna.client.cookies.set("wishes", "indovinato", domain=shop.host)
    assert names(await anna.get("/preferiti")) == []
    await save(shop, anna, "olio")

    assert len(anna.client.cookies.get("wishes", domain=shop.host) or "") == 43


async def test_logging_in_joins_the_browsers_wishes_to_the_account_once(shop: TestShop, anna: Browser) -> None:
    async with shop.browser() as before:
        await before.sign_in("anna@posta.example")
        await save(shop, before, "aceto")
    await save(shop, anna, "olio")
    await save(shop, anna, "aceto")
    token = anna.client.cookies["wishes"]

    page = await anna.follow(await enter(shop, anna))
    assert page.says("Tra i tuoi preferiti c’è anche quello che avevi salvato qui.")
    assert sorted(names(await anna.get("/preferiti"))) == ["Aceto balsamico", "Olio extravergine"]
    assert not anna.client.cookies.get("wishes")
    async with shop.browser() as thief:
        thief.client.cookies.set("wishes", token, domain=shop.host)
        assert names(await thief.get("/preferiti")) == []


async def test_logging_in_for_the_first_time_makes_the_guests_list_the_accounts(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await enter(shop, anna)

    assert names(await anna.get("/preferiti")) == ["Olio extravergine"]
    async with shop.database.session(shop.id) as db:
        rows = (await db.scalars(select(WishList))).all()
    assert [(row.user_id, row.token_hash, row.expires_at) for row in rows] == [
        (shop.users["anna@posta.example"], None, None)
    ]


async def test_a_full_list_says_so_and_takes_no_more(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await fill_up(shop)
    page = await anna.post("/preferiti", {"product_id": shop.products["aceto"]})

    assert page.status_code == 422
    assert page.says("Hai già 200 preferiti: togline qualcuno per far posto.")
    assert await saved(shop) == wishes.MOST
    await save(shop, anna, "olio")  # what is there already is no more
    swapped = await anna.swap("/preferiti", {"product_id": shop.products["aceto"]}, target="wish")
    assert swapped.status_code == 422
    assert swapped.says("Hai già 200 preferiti")


async def fill_up(shop: TestShop) -> None:
    """199 more goods, all on the one list there is."""
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        known = await db.get(Product, shop.products["olio"])
        list_id = await db.scalar(select(WishList.id))
        assert known is not None
        goods = [
            Product(
                slug=f"altro-{number}",
                producer_id=known.producer_id,
                category_id=known.category_id,
                name={"it": "Altro"},
                sort_name="altro",
                description={"it": ""},
                food={},
                search_text="",
                created_at=now,
                updated_at=now,
            )
            for number in range(wishes.MOST - 1)
        ]
        db.add_all(goods)
        await db.flush()
        rows = [{"shop_id": shop.id, "list_id": list_id, "product_id": row.id, "added_at": now} for row in goods]
        await db.execute(insert(Wish), rows)


async def test_what_is_not_sold_any_more_stays_by_name(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    await publish(shop, "olio", None)
    page = await anna.get("/preferiti")

    assert page.says("Ora non è in vendita.")
    assert page.says("Olio extravergine")
    assert names(page) == []
    refused = await anna.post("/preferiti", {"product_id": shop.products["olio"]})
    assert refused.status_code == 422
    assert refused.says("Questo prodotto non è più in vendita.")


@pytest.mark.parametrize("odd", ODD)
async def test_odd_input_is_refused_in_words(shop: TestShop, anna: Browser, odd: str) -> None:
    answer = await anna.post("/preferiti", {"product_id": odd})

    assert answer.status_code == 422
    assert answer.says("Questo prodotto non è più in vendita.")
    assert "set-cookie" not in answer.headers
    assert (await anna.get("/preferiti?tolto=" + odd[:50])).status_code == 200


async def test_another_shops_product_and_cookie_are_strange_here(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    await save(shop, anna, "olio")
    assert (await anna.post("/preferiti", {"product_id": other_shop.products["olio"]})).status_code == 422

    async with other_shop.browser() as there:
        there.client.cookies.set("wishes", anna.client.cookies["wishes"], domain=other_shop.host)
        assert names(await there.get("/preferiti")) == []


async def test_a_list_of_many_takes_as_few_statements_as_one_of_one(shop: TestShop, anna: Browser) -> None:
    await save(shop, anna, "olio")
    _page, few = await queries_of(anna, "/preferiti")
    for sku in ("aceto", "squacquerone", "formaggio", "sangiovese"):
        await save(shop, anna, sku)
    page, many = await queries_of(anna, "/preferiti")

    assert len(names(page)) == 5
    assert many == few


async def test_a_guests_list_is_forgotten_after_180_days_and_an_accounts_is_not(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await save(shop, anna, "olio")
    await save(shop, bruno, "aceto")
    runner = shop.app.app.state.runner  # type: ignore[attr-defined]
    facts = await runner.load_shop(shop.database, shop.id)
    work = Work(shop.database, runner.settings, facts, {})
    with clock.shifted(timedelta(days=179)):
        await jobs.drop_ended(work)
    assert await saved(shop) == 2

    with clock.shifted(timedelta(days=181)):
        await jobs.drop_ended(work)
    assert names(await anna.get("/preferiti")) == []
    assert names(await bruno.get("/preferiti")) == ["Aceto balsamico"]
