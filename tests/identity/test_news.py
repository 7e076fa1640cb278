"""What a signed-in person is told in the shop: once, in the transaction of the deed, and only to whom it is about."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.community.reviews.models import Review
from app.identity import news
from app.identity.models import Notification
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, sell
from tests.community.arrived import published
from tests.engagement.props import ANNA, count
from tests.queries import queries_of

HERE = "/profilo/notifiche"


@pytest.fixture
async def signed_in(shop: TestShop, anna: Browser) -> Browser:
    await anna.sign_in(ANNA)
    return anna


async def rows(shop: TestShop) -> Sequence[Notification]:
    async with shop.database.session(shop.id) as db:
        return (await db.scalars(select(Notification).order_by(Notification.id))).all()


async def tell(shop: TestShop, email: str = ANNA, number: int = 1) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for each in range(number):
            await news.tell(db, shop.users[email], "test", str(each), "/ordini", lambda: "Detto")


async def bought(shop: TestShop, **group: object) -> Sold:
    return await sell(shop, {"olio": 1}, user_id=shop.users[ANNA], **group)


async def send_it(bruno: Browser, sold: Sold, *deeds: str) -> None:
    for deed in deeds or ("/conferma", "/preparazione", "/spedizione", "/consegna"):
        sent = {"carrier": "brt", "tracking_number": "0840 1234 5678 901"}
        assert (await bruno.post(sold.desk("frantoio", deed), sent)).status_code == 303


async def test_a_parcel_that_leaves_and_arrives_is_told_without_waiting_for_a_job(
    shop: TestShop, signed_in: Browser, bruno: Browser
) -> None:
    sold = await bought(shop)
    assert (await signed_in.get(HERE)).says("Nessuna notifica")
    await send_it(bruno, sold)

    page = await signed_in.get(HERE)
    number = sold.numbers["frantoio"]
    assert [link.text() for link in page.all("#news li a")] == [
        f"Ordine {number}: il pacco è arrivato",
        f"Ordine {number}: il pacco è partito",
    ]
    assert page.one("#news li:first-child a").attributes["href"] == f"/ordini/{sold.number}"
    assert page.says("2 notifiche")
    assert (await signed_in.get("/profilo")).says("Notifiche (2)")
    assert (await signed_in.get(f"/ordini/{sold.number}")).status_code == 200


async def test_it_is_told_in_the_language_in_which_it_is_read(
    shop: TestShop, signed_in: Browser, bruno: Browser
) -> None:
    await send_it(bruno, await bought(shop))
    texts = (await rows(shop))[0].text
    assert set(texts) == {"it", "en", "de", "fr"}
    for locale in ("en", "de", "fr"):
        assert (await signed_in.get(f"/{locale}{HERE}")).status_code == 200


async def test_what_is_fetched_is_ready_and_no_more(shop: TestShop, bruno: Browser) -> None:
    sold = await bought(shop, pickup=True)
    await send_it(bruno, sold, "/conferma", "/preparazione", "/consegna")
    (row,) = await rows(shop)
    assert row.text["it"].endswith("è pronto, puoi passare a ritirarlo")


async def test_a_guest_and_another_shop_are_told_nothing(shop: TestShop, other_shop: TestShop, bruno: Browser) -> None:
    await send_it(bruno, await sell(shop, {"olio": 1}))
    await tell(other_shop)
    assert await rows(shop) == []


async def test_who_waits_finds_it_in_the_shop_too_once(shop: TestShop, signed_in: Browser) -> None:
    await signed_in.post("/avvisi", {"variant_id": str(shop.variants["esaurito"]), "kind": "restock"})
    await count(shop, "esaurito", 4)
    await shop.run_jobs()
    (row,) = await rows(shop)
    assert (row.text["it"], row.url) == ("È tornato: Vino esaurito", "/prodotti/esaurito")


async def test_an_answer_to_a_review_is_told_once(shop: TestShop, signed_in: Browser, bruno: Browser) -> None:
    review = await published(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Review).values(author_id=shop.users[ANNA]))
    for text in ("Grazie.", "Grazie davvero."):
        answer = await bruno.post(f"/banco/recensioni/{review.id}/risposta", {"text": text})
        assert answer.status_code == 303
    (row,) = await rows(shop)
    assert row.text["it"] == "Hanno risposto alla tua recensione: Olio extravergine"
    assert (await signed_in.get(row.url)).status_code == 200


async def test_one_is_read_and_then_all(shop: TestShop, signed_in: Browser) -> None:
    await tell(shop, number=3)
    await signed_in.get(HERE)
    await signed_in.follow(await signed_in.send("#news li:first-child form"))
    assert [row.read_at is not None for row in await rows(shop)] == [False, False, True]
    fragment = await signed_in.swap(f"{HERE}/lettura", {"newest": str((await rows(shop))[-1].id)}, "news")
    assert fragment.one("#news")
    assert not fragment.all("#news form")
    assert all(row.read_at for row in await rows(shop))
    assert "notifiche" not in (await signed_in.get("/ordini")).one(".strip").text()


async def test_what_came_while_the_page_was_open_stays_new(shop: TestShop, signed_in: Browser) -> None:
    await tell(shop)
    await signed_in.get(HERE)
    await tell(shop, number=2)
    await signed_in.send("#news > form")
    assert [row.read_at is not None for row in await rows(shop)] == [True, False]


async def test_nobody_reads_anothers(shop: TestShop, signed_in: Browser, bruno: Browser) -> None:
    await tell(shop)
    (row,) = await rows(shop)
    assert (await bruno.post(f"{HERE}/{row.id}/lettura")).status_code == 404
    await bruno.post(f"{HERE}/lettura", {"newest": str(row.id)})
    assert (await rows(shop))[0].read_at is None
    assert (await bruno.get(HERE)).says("Nessuna notifica")
    async with shop.browser() as nobody:
        assert "/accedi" in (await nobody.get(HERE)).headers["location"]
        assert (await nobody.post(f"{HERE}/{row.id}/lettura")).status_code in {303, 403}


@pytest.mark.parametrize("odd", ["", "-1", "0", "x", "9" * 30, "<script>"])
async def test_odd_things_are_no_page_and_no_mark(shop: TestShop, signed_in: Browser, odd: str) -> None:
    await tell(shop)
    assert (await signed_in.get(f"{HERE}?pagina={odd}")).status_code == 200
    assert (await signed_in.post(f"{HERE}/lettura", {"newest": odd})).status_code == 404
    assert (await rows(shop))[0].read_at is None


async def test_many_take_no_more_statements_and_stand_on_pages(shop: TestShop, signed_in: Browser) -> None:
    await tell(shop)
    _page, few = await queries_of(signed_in, HERE)
    await tell(shop, number=40)
    page, many = await queries_of(signed_in, HERE)
    assert len(page.all("#news li")) == news.PER_PAGE
    assert many == few
    assert len((await signed_in.get(f"{HERE}?pagina=2")).all("#news li")) == 10


async def test_after_half_a_year_it_is_forgotten(shop: TestShop) -> None:
    await tell(shop)
    for days, left in ((179, 1), (181, 0)):
        with clock.shifted(timedelta(days=days)):
            async with shop.database.session(shop.id) as db, transaction(db):
                await news.forget_old(db)
        assert len(await rows(shop)) == left
