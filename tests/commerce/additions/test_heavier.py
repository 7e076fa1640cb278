"""What Anna adds makes the parcel heavier: she pays the step to the next band, sees it before, and gets it back."""

import pytest
from sqlalchemy import select, update

from app.catalog.models import Variant
from app.commerce.orders import contracts
from app.commerce.payments.settling import Outcome
from app.commerce.refunds.models import Refund
from tests.cast import Browser, TestShop
from tests.commerce.additions.props import add, all_is_well, at, buy, groups, order, page_of, pay, review_addition
from tests.commerce.promotions.props import promote
from tests.commerce.sold import mails
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import press, to_delivery
from tests.commerce.test_net_prices import add_vat
from tests.commerce.test_placing import facts_of
from tests.delivery.test_bands import bands
from tests.stripe import Stripe

SAID = "Con queste aggiunte il pacco passa a"
REMOVE = "form[action*='/togli/']"


@pytest.fixture
async def heavy(shop: TestShop) -> TestShop:
    """Romagna by weight: up to a kilogram 5,90, up to two 7,90, up to three 9,90, no more; oil 500 g, vinegar 700 g."""
    await bands(shop)
    await write(shop, update(Variant).where(Variant.id == shop.variants["aceto"]).values(weight_g=700))
    return shop


async def test_anna_sees_the_step_pays_it_and_finds_it_again(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await anna.post(at(page, "aggiunte"))
    await put(anna, heavy, "aceto")
    basket = await anna.get("/carrello")
    assert basket.says(f"{SAID} 1,2\xa0kg: consegna + 2,00\xa0€.")
    assert basket.says("paghi solo la differenza")
    assert not basket.says("senza altra consegna")
    review = await anna.follow(await anna.follow(await anna.get("/cassa")))
    assert review.says(f"{SAID} 1,2\xa0kg: consegna + 2,00\xa0€.")
    assert review.says("14,50\xa0€")
    session = (await press(anna)).headers["location"].rpartition("/")[2]
    added = await order(heavy, 1)
    assert (added.delivery_minor, added.total_minor, added.payout_minor) == (200, 1450, 1450 - added.fee_minor)
    assert added.delivery["step"] == {"weight_g": 1200, "before_minor": 590, "whole_minor": 790}
    assert added.vat == [{"rate": "10", "gross_minor": 1450, "net_minor": 1318, "vat_minor": 132}]
    assert await pay(heavy, stripe, session) == Outcome.PAID
    await heavy.run_jobs()
    await all_is_well(heavy)
    assert (await anna.get(await page_of(heavy, 1))).says(f"{SAID} 1,2\xa0kg: consegna + 2,00\xa0€.")
    assert (await anna.get(page)).says("Pagato a parte, con 2,00\xa0€ per il peso in più")
    told = [mail.text for mail in await mails(heavy, "order.confirmation")]
    assert [SAID in text for text in told] == [False, True]
    assert "senza altra consegna" not in told[1]
    async with heavy.database.session(heavy.id) as db:
        agreed = await contracts.agreed(db, await facts_of(heavy), added.group_id)
    assert SAID in agreed.order.parcels[0].heavier


async def test_within_the_band_nothing_is_due(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await review_addition(anna, heavy, page, "olio")
    assert anna.page is not None
    assert not anna.page.says(SAID)
    assert (await anna.get("/carrello")).says("senza altra consegna")
    await anna.get("/cassa/riepilogo")
    await pay(heavy, stripe, (await press(anna)).headers["location"].rpartition("/")[2])
    added = await order(heavy, 1)
    assert (added.delivery_minor, "step" in added.delivery) == (0, False)
    await all_is_well(heavy)


async def test_goods_that_reach_the_threshold_pay_nothing_and_give_nothing_back(
    heavy: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await bands(heavy, free_over_minor=4900)
    page = await buy(anna, heavy, stripe, "olio")
    await review_addition(anna, heavy, page, "olio", "olio")  # 57,00 and 1,5 kg
    await pay(heavy, stripe, (await press(anna)).headers["location"].rpartition("/")[2])
    assert [group.delivery_minor for group in await groups(heavy)] == [590, 0]
    await all_is_well(heavy)


async def test_each_addition_pays_its_own_step(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto"))
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto", "aceto"))  # from 1,2 to 2,6 kg
    assert [group.delivery_minor for group in await groups(heavy)] == [590, 200, 200]
    await all_is_well(heavy)


async def test_a_parcel_too_heavy_takes_nothing_more(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio", "olio", "olio", "olio")
    await anna.post(at(page, "aggiunte"))
    await put(anna, heavy, "aceto", 2)
    basket = await anna.get("/carrello")
    assert basket.says("Con queste aggiunte il pacco peserebbe 3,4\xa0kg: fin qui ne arrivano fino a 3\xa0kg.")
    assert not basket.says("ritirarli dal produttore")
    shown = await anna.follow(await anna.get("/cassa"))
    assert shown.says("Dal carrello puoi spedirle a parte, o toglierne.")
    assert not shown.says("Cambia indirizzo")
    assert (await anna.send("form[action='/cassa/consegna']")).status_code == 422
    await anna.get("/carrello")
    await anna.send("form[action='/carrello/a-parte']")
    assert (await anna.get("/carrello")).says("7,90\xa0€"), "by themselves they can go"


async def test_taking_the_addition_out_gives_its_step_back(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto", "aceto"))
    added = await order(heavy, 1)
    await anna.get(at(page, f"togli/{added.number}"))
    some = await anna.send(REMOVE, **{f"pieces-{added.lines[0].id}": "1"})
    assert some.says("La consegna resta pagata")
    await anna.send(REMOVE)
    await all_is_well(heavy)
    await review_addition(anna, heavy, page, "aceto")
    assert anna.page is not None
    assert not anna.page.says(SAID), "1,9 kg have been paid for"
    await anna.get(at(page, f"togli/{added.number}"))
    rest = await anna.send(REMOVE, **{f"pieces-{added.lines[0].id}": "1"})
    assert rest.says("Torna anche quello che avevi pagato per il peso in più.")
    await anna.send(REMOVE)
    await heavy.run_jobs()
    added = await order(heavy, 1)
    assert (added.state, added.refunded_minor, (await order(heavy, 0)).refunded_minor) == ("cancelled", 2700, 0)
    assert (await anna.get("/carrello")).says(f"{SAID} 1,2\xa0kg"), "what was called off is not in the parcel"
    await all_is_well(heavy)


async def test_calling_off_the_first_gives_the_step_back_too(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto"))
    first = await order(heavy, 0)
    assert (await anna.post(at(page, f"annullamento/{first.number}"))).status_code == 303
    await heavy.run_jobs()
    assert [group.refunded_minor for group in await groups(heavy)] == [2490, 1450]
    await all_is_well(heavy)


async def test_a_promotion_of_deliveries_takes_the_step_off(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await promote(heavy, "delivery", shop_share=100)
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto"))
    added = await order(heavy, 1)
    assert (added.delivery_minor, added.delivery_discount_minor, added.shop_funded_minor) == (0, 200, 200)
    assert (await anna.get(await page_of(heavy, 1))).says("Viaggia con l’ordine")
    await all_is_well(heavy)


async def test_where_prices_are_net_the_step_bears_vat(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    await add_vat(heavy, "IT")
    page = await buy(anna, heavy, stripe, "olio")
    await pay(heavy, stripe, await add(anna, heavy, page, "aceto"))
    added = await order(heavy, 1)
    assert (added.delivery_minor, added.goods_minor) == (220, 1375)
    await all_is_well(heavy)


async def test_a_total_that_changes_under_the_review_is_told(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await review_addition(anna, heavy, page, "aceto")
    await bands(heavy, heavier=[[1000, 990]])
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("consegna + 4,00\xa0€")


async def test_what_is_fetched_pays_nothing_for_its_weight(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    await put(anna, heavy, "olio")
    await to_delivery(anna)
    fetched = {f"method-{heavy.producers['frantoio']}": "pickup"}
    await anna.follow(await anna.send("form[action='/cassa/consegna']", **fetched))
    await pay(heavy, stripe, (await press(anna)).headers["location"].rpartition("/")[2])
    page = await page_of(heavy, 0)
    await pay(heavy, stripe, await add(anna, heavy, page, *["aceto"] * 4, "olio"))  # 3,3 kg
    assert [group.delivery_minor for group in await groups(heavy)] == [0, 0]
    await all_is_well(heavy)


async def test_two_orders_into_one_heavier_parcel_give_back_all_but_the_step(
    heavy: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, heavy, stripe, "olio")
    await buy(anna, heavy, stripe, "aceto")
    later = await order(heavy, 1)
    asked = await anna.get(at(page, f"insieme/{(await order(heavy, 0)).number}"))
    assert asked.says("Insieme pesano 1,2\xa0kg, e un pacco così costa 2,00\xa0€ in più del primo.")
    assert asked.says("ti restituiamo 3,90\xa0€")
    assert (await anna.send("form[action*='/insieme/']")).status_code == 303
    await heavy.run_jobs()
    later = await order(heavy, 1)
    assert (later.refunded_minor, later.delivery["step"]["merged"]) == (390, True)
    await all_is_well(heavy)


async def test_what_travels_with_the_later_pays_first(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    await buy(anna, heavy, stripe, "olio", "olio")  # 1 kg
    page = await buy(anna, heavy, stripe, "aceto")
    await pay(heavy, stripe, await add(anna, heavy, page, "olio"))  # 1,2 kg: 2,00; all together 2,2 kg: 9,90
    asked = await anna.get(at(page, f"insieme/{(await order(heavy, 1)).number}"))
    assert asked.says("costa 4,00\xa0€ in più")
    assert asked.says("ti restituiamo 3,90\xa0€")
    await anna.send("form[action*='/insieme/']")
    await heavy.run_jobs()
    assert [group.refunded_minor for group in await groups(heavy)] == [0, 390, 0]
    async with heavy.database.session(heavy.id) as db:
        assert len((await db.scalars(select(Refund))).all()) == 1
    await all_is_well(heavy)


async def test_two_orders_too_heavy_for_one_are_not_offered(heavy: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, heavy, stripe, "olio", "olio", "olio")
    await buy(anna, heavy, stripe, "aceto", "aceto", "aceto")
    first = await order(heavy, 0)
    assert not (await anna.get(page)).says("Spediscilo insieme")
    assert (await anna.post(at(page, f"insieme/{first.number}"))).status_code == 303
    assert (await order(heavy, 1)).joins_order_id is None
