"""Points: earned once on delivery, made into credit, taken back in proportion; none unless the shop wants them."""

from sqlalchemy import select

from app.commerce.credit import points
from app.commerce.credit.models import PointsEarned
from app.commerce.orders.models import Order
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import ANNA, balances, owes, set_terms, user_id
from tests.commerce.sold import Sold, sell
from tests.commerce.test_checkout import to_review
from tests.commerce.test_placing import facts_of

RULE = {"every_minor": 100, "value_minor": 2, "months": 24}


async def delivered(shop: TestShop, producer: str = "frantoio") -> Sold:
    """Two bottles of oil for 38.00 that have arrived at Anna's."""
    sold = await sell(shop, {"olio": 2}, user_id=await user_id(shop))
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await db.scalar(select(Order).where(Order.number == sold.numbers[producer]))
        assert order is not None
        order.state = "delivered"
    return sold


async def earn(shop: TestShop, sold: Sold) -> int:
    order = await sold.order("frantoio")
    async with shop.database.session(shop.id) as db, transaction(db):
        return await points.earn(db, await facts_of(shop), order.id)


async def take_back(shop: TestShop, sold: Sold, refunded: int, reference: str) -> int:
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await db.get_one(Order, (await sold.order("frantoio")).id)
        return await points.take_points_back(db, order, refunded, reference)


async def test_a_shop_without_points_gives_none(shop: TestShop) -> None:
    sold = await delivered(shop)
    assert await earn(shop, sold) == 0
    assert await take_back(shop, sold, 1000, "r1") == 0
    assert await balances(shop) == {}


async def test_an_order_earns_once(shop: TestShop) -> None:
    await set_terms(shop, points=RULE)
    sold = await delivered(shop)
    assert [await earn(shop, sold) for _time in range(2)] == [38, 0]
    assert await balances(shop) == {"points": 38}
    assert await owes(shop) == []


async def test_the_desk_s_delivery_earns_them(shop: TestShop, bruno: Browser) -> None:
    await set_terms(shop, points=RULE)
    sold = await sell(shop, {"olio": 2}, user_id=await user_id(shop), pickup=True)
    for deed in ("conferma", "preparazione", "consegna"):
        await bruno.post(sold.desk("frantoio", f"/{deed}"))
    assert await sold.state("frantoio") == "delivered"
    await shop.run_jobs()
    assert await balances(shop) == {"points": 38}


async def test_a_refund_takes_its_part_once_and_all_takes_all(shop: TestShop) -> None:
    await set_terms(shop, points=RULE)
    sold = await delivered(shop)
    await earn(shop, sold)
    assert [await take_back(shop, sold, 2195, "r1") for _time in range(2)] == [19, 0]
    assert await take_back(shop, sold, 2195, "r2") == 19
    assert await balances(shop) == {}
    assert await owes(shop) == []


async def test_what_was_refunded_before_the_delivery_earns_nothing(shop: TestShop) -> None:
    await set_terms(shop, points=RULE)
    sold = await delivered(shop)
    assert await take_back(shop, sold, 2195, "r1") == 0
    assert await earn(shop, sold) == 19


async def test_points_that_are_spent_are_let_go(shop: TestShop) -> None:
    await set_terms(shop, points=RULE)
    sold = await delivered(shop)
    await earn(shop, sold)
    owner = await user_id(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        assert await points.into_credit(db, await facts_of(shop), owner, 30, "k") == 60
    assert await take_back(shop, sold, 4390, "r1") == 8
    assert await balances(shop) == {"wallet": 60}
    async with shop.database.session(shop.id) as db:
        row = await db.scalar(select(PointsEarned))
        assert row is not None
        assert row.taken_back == 38
    await all_adds_up_but_the_order(shop)


async def all_adds_up_but_the_order(shop: TestShop) -> None:
    """`sell` makes orders without their money; stored value has to be right all the same."""
    assert await owes(shop) == []


async def test_points_become_credit_on_the_page(shop: TestShop, anna: Browser) -> None:
    await set_terms(shop, points=RULE)
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    await anna.sign_in(ANNA)
    await earn(shop, await delivered(shop))
    page = await anna.get("/profilo/credito")
    assert page.says("38 punti")
    form = "form[action='/profilo/credito/punti']"
    wrong = await anna.send(form, points="39")
    assert wrong.status_code == 422
    assert "Non hai così tanti punti" in wrong.one("#points-error").text()
    page = await anna.get("/profilo/credito")
    for _time in range(2):
        anna.page = page
        assert (await anna.send(form, points="38")).status_code == 303
    assert await balances(shop) == {"wallet": 76}
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


async def test_the_checkout_of_a_shop_without_points_is_silent(shop: TestShop, anna: Browser) -> None:
    assert not (await to_review(anna, shop)).says("Con questo ordine guadagni")


async def test_the_checkout_tells_what_an_order_brings(shop: TestShop, anna: Browser) -> None:
    await set_terms(shop, points=RULE)
    page = await to_review(anna, shop)
    assert page.says("Con questo ordine guadagni 19 punti.")
    assert page.says("Ogni punto vale 0,02 € di credito.")
    assert page.says("sono tuoi quando accedi")
    assert not page.all("form[action='/cassa/punti']")
    assert (await anna.post("/cassa/punti", {"key": "k", "points": "5"})).status_code == 303
    assert await balances(shop) == {}


async def test_points_pay_at_the_checkout_as_credit_once(shop: TestShop, anna: Browser) -> None:
    await set_terms(shop, points=RULE)
    await earn(shop, await delivered(shop))
    await anna.sign_in(ANNA)
    page = await to_review(anna, shop)
    assert page.says("Hai 38 punti: valgono 0,76 €.")
    sent = await anna.send("form[action='/cassa/punti']")
    page = await anna.follow(sent)
    assert page.says("Dal tuo credito")
    assert page.says("Resta da pagare")
    assert not page.all("form[action='/cassa/punti']")
    assert await balances(shop) == {"wallet": 76}


async def test_more_points_than_there_are_pay_nothing(shop: TestShop, anna: Browser) -> None:
    await set_terms(shop, points=RULE)
    await earn(shop, await delivered(shop))
    await anna.sign_in(ANNA)
    await to_review(anna, shop)
    for typed in ("39", "0", "tanti"):
        answer = await anna.send("form[action='/cassa/punti']", points=typed)
        assert answer.status_code == 422
        assert answer.all(".notice--bad")
    assert await balances(shop) == {"points": 38}
