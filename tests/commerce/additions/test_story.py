"""Anna has paid for oil; while that is open she adds vinegar, takes it out again, and the parcel leaves as one."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.commerce.orders import fulfilment
from app.commerce.orders.models import Order
from app.commerce.payments.settling import Outcome
from app.kernel import clock
from app.kernel.errors import Conflict
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.additions.props import (
    add,
    all_is_well,
    at,
    at_desk,
    buy,
    confirm,
    groups,
    order,
    page_of,
    pay,
    review_addition,
    settle,
)
from tests.commerce.sold import mails
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import press
from tests.stripe import Stripe

REMOVE = "form[action*='/togli/']"


async def test_add_pay_and_take_out_again(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, shop, stripe, "olio")
    assert (await anna.get(page)).says("Puoi ancora aggiungere o togliere")
    await review_addition(anna, shop, page, "aceto", "aceto", "squacquerone")
    assert anna.page
    assert anna.page.says("viaggia con l’ordine TP-")
    session = await press(anna)
    first, added = await groups(shop)
    vinegar, cheese = added.orders
    assert (vinegar.joins_order_id, cheese.joins_order_id) == (first.orders[0].id, None)
    assert (vinegar.delivery_minor, cheese.delivery_minor, added.street) == (0, 590, first.street)
    assert await pay(shop, stripe, session.headers["location"].rpartition("/")[2]) == Outcome.PAID
    await all_is_well(shop)
    basket = await anna.get("/carrello")
    assert not basket.says("Stai aggiungendo")

    shown = await anna.get(page)
    assert shown.says(f"Viaggia con questo: {vinegar.number}")
    await anna.get(at(page, f"togli/{vinegar.number}"))
    chosen = {f"pieces-{vinegar.lines[0].id}": "1"}
    preview = await anna.send(REMOVE, **chosen)
    assert preview.says("12,50\xa0€")
    assert await shop.available("aceto") == 3
    assert (await anna.send(REMOVE)).status_code == 303
    assert await shop.available("aceto") == 4
    again = await anna.post(preview.one(REMOVE).attributes["action"] or "", {"step": "remove", "key": "x", **chosen})
    assert again.status_code == 303  # the second of two pieces
    await shop.run_jobs()
    vinegar = (await groups(shop))[1].orders[0]
    assert (vinegar.state, vinegar.refunded_minor, vinegar.delivery_minor) == ("cancelled", 2500, 0)
    given = (await stripe.get("/v1/refunds", limit=100))["data"]
    assert [refund["amount"] for refund in given if refund["metadata"].get("shop") == shop.slug] == [1250, 1250]
    await all_is_well(shop)


async def test_what_was_added_leaves_in_one_parcel(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    assert await pay(shop, stripe, await add(anna, shop, page, "aceto")) == Outcome.PAID
    await shop.run_jobs()
    assert [mail.subject for mail in await mails(shop, "order.arrived") if "Un’aggiunta all’ordine" in mail.subject]
    desk = await bruno.get("/banco")
    assert desk.says("con 1 aggiunta")
    assert desk.one("#pending .pile__title .muted").text() == "1"
    number = (await order(shop, 0)).number
    assert (await bruno.get(f"/banco/ordini/{number}")).says("Aceto balsamico")
    assert (await bruno.get(f"/banco/ordini/{number}/bolla")).says("Aceto balsamico")
    assert (await bruno.post(f"/banco/ordini/{number}/conferma")).status_code == 303
    assert (await bruno.post(f"/banco/ordini/{number}/preparazione")).status_code == 303
    sent = await bruno.post(f"/banco/ordini/{number}/spedizione", {"carrier": "van", "tracking_number": ""})
    assert sent.status_code == 303, sent.text[:1500]
    await shop.run_jobs()
    last = await order(shop, 1)
    assert ((await order(shop, 0)).state, last.state, last.carrier) == ("shipped", "shipped", "van")
    [told] = await mails(shop, "order.shipped")
    assert "Aceto balsamico" in told.text
    assert not (await anna.get(page)).says("Puoi ancora")
    assert (await anna.get(at(page, f"togli/{number}"))).says("non si può più togliere niente")
    await all_is_well(shop)


async def test_the_last_piece_takes_the_delivery_along_but_not_what_travels_with_it(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    assert await pay(shop, stripe, await add(anna, shop, page, "aceto")) == Outcome.PAID
    first, added = (await groups(shop))[0].orders[0], (await groups(shop))[1].orders[0]
    await anna.get(at(page, f"togli/{first.number}"))
    refused = await anna.send(REMOVE, **{f"pieces-{first.lines[0].id}": "1"})
    assert refused.status_code == 422
    assert refused.says("togli prima quello, o annulla l’ordine")
    for bad in ("9", "-1", "tanti", ""):
        await anna.get(at(page, f"togli/{added.number}"))
        assert (await anna.send(REMOVE, **{f"pieces-{added.lines[0].id}": bad})).status_code == 422
    await anna.get(at(page, f"togli/{added.number}"))
    all_of_it = await anna.send(REMOVE, **{f"pieces-{added.lines[0].id}": "1"})
    assert all_of_it.says("Ti torna")
    assert not all_of_it.says("il resto parte"), "nothing of it is left to be sent"
    async with shop.browser() as stranger:
        assert (await stranger.get(at(page.partition("?")[0], f"togli/{added.number}"))).status_code == 404
        assert (await stranger.post(at(page.partition("?")[0], "aggiunte"))).status_code == 404
        await stranger.sign_in("carlo@caseificio.example")
        assert (await stranger.post(at(page.partition("?")[0], f"togli/{added.number}"))).status_code == 404

    gone = await anna.post(at(page, f"annullamento/{first.number}"))
    assert gone.status_code == 303
    await shop.run_jobs()
    assert [group.orders[0].state for group in await groups(shop)] == ["cancelled", "cancelled"]
    assert [group.refunded_minor for group in await groups(shop)] == [2490, 1250]
    assert (await shop.available("olio"), await shop.available("aceto")) == (12, 5)
    await all_is_well(shop)


async def test_two_removals_of_one_line_at_once_make_one(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, shop, stripe, "olio", "olio", "aceto")
    oil = await order(shop, 0)
    shown = await anna.get(at(page, f"togli/{oil.number}"))
    data = {
        "step": "remove", "seen": shown.one("input[name=seen]").attributes["value"],
        f"pieces-{oil.lines[0].id}": "2",
    }  # fmt: skip
    where = at(page, f"togli/{oil.number}")
    async with shop.browser() as other:
        answers = await asyncio.gather(
            anna.post(where, {**data, "key": "uno"}), other.post(where, {**data, "key": "due"})
        )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert (await order(shop, 0)).refunded_minor == 3800
    assert await shop.available("olio") == 12
    await all_is_well(shop)


async def test_a_producer_waits_for_an_addition_being_paid_but_not_for_ever(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    session = await add(anna, shop, page, "aceto")
    first = await order(shop, 0)
    waits = await bruno.post(f"/banco/ordini/{first.number}/conferma")
    assert waits.status_code == 409
    assert waits.says("Anna sta aggiungendo qualcosa a questo ordine")
    await stripe.pay(session)
    with clock.shifted(timedelta(minutes=46)):  # the news of the payment is late
        assert await confirm(shop, first.id)
    assert await settle(shop, stripe, session) == Outcome.LATE
    await shop.run_jobs()
    added = (await groups(shop))[1]
    assert (added.state, added.orders[0].state) == ("refunded", "cancelled")
    [told] = await mails(shop, "order.refund")
    assert f"quando l’ordine {first.number}" in told.text
    assert await shop.available("aceto") == 5
    assert (await anna.post(at(page, "aggiunte"))).headers["location"] == page
    assert not (await anna.get(page)).says("Puoi ancora")
    await all_is_well(shop)


@pytest.mark.parametrize("attempt", range(2))
async def test_confirming_races_with_placing_and_paying(
    shop: TestShop, anna: Browser, stripe: Stripe, attempt: int
) -> None:
    """Whoever is first: what was paid either travels or goes back, never neither, never both."""
    page = await buy(anna, shop, stripe, "olio")
    first = await order(shop, 0)

    async def take_up() -> bool:
        await asyncio.sleep(0)
        try:
            return await confirm(shop, first.id)
        except Conflict:
            return False

    await review_addition(anna, shop, page, "aceto")
    answer, confirmed = await asyncio.gather(press(anna), take_up())
    placed = "stripe.test" in answer.headers.get("location", "")
    assert placed != confirmed
    if placed:
        session = answer.headers["location"].rpartition("/")[2]
        await stripe.pay(session)
        with clock.shifted(timedelta(minutes=46)):
            outcome, confirmed = await asyncio.gather(settle(shop, stripe, session), take_up())
        assert confirmed
        added = (await groups(shop))[1]
        assert (outcome, added.orders[0].state) in {(Outcome.PAID, "confirmed"), (Outcome.LATE, "cancelled")}
    await shop.run_jobs()
    await all_is_well(shop)


async def test_two_orders_become_one_parcel(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await buy(anna, shop, stripe, "aceto")
    earlier, later = await order(shop, 0), await order(shop, 1)
    shown = await anna.get(page)
    assert shown.says(f"Spediscilo insieme all’ordine {later.number}")
    asked = await anna.get(at(page, f"insieme/{earlier.number}"))
    assert asked.says("5,90\xa0€")
    assert (await anna.send("form[action*='/insieme/']")).status_code == 303
    assert (await anna.post(at(page, f"insieme/{earlier.number}"))).status_code == 303  # a second click
    await shop.run_jobs()
    later = await order(shop, 1)
    assert (later.joins_order_id, later.refunded_minor, later.state) == (earlier.id, 590, "pending")
    assert (await anna.get(await page_of(shop, 1))).says(f"Viaggia con l’ordine {earlier.number}")
    await confirm(shop, later.id)
    assert [(await order(shop, place)).state for place in (0, 1)] == ["confirmed", "confirmed"]
    await at_desk(shop, fulfilment.pack, earlier.id)
    await all_is_well(shop)


async def test_the_way_out_and_the_end_of_being_open(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await anna.post(at(page, "aggiunte"))
    await put(anna, shop, "aceto")
    assert (await anna.get("/carrello")).says("senza altra consegna")
    assert (await anna.send("form[action='/carrello/a-parte']")).status_code == 303
    assert not (await anna.get("/carrello")).says("Stai aggiungendo")

    await anna.post(at(page, "aggiunte"))
    assert (await bruno.get("/banco/aggiunte")).one("input[checked]").attributes["value"] == "0"
    assert (await bruno.post("/banco/aggiunte", {"until": "mai"})).status_code == 422
    assert (await bruno.send("form[action='/banco/aggiunte']", until="48")).status_code == 303
    await write(shop, update(Order).values(ship_by=clock.today("Europe/Rome")))
    basket = await anna.get("/carrello")
    assert basket.says("non è più aperto: questi prodotti viaggiano a parte")
    assert basket.says("5,90\xa0€")
    await bruno.get("/banco/aggiunte")
    await bruno.send("form[action='/banco/aggiunte']", until="conferma")
    assert (await anna.get(page)).says("finché Frantoio Olivi non lo prende in carico")
    await write(shop, update(Producer).values(closes_hours_before=0))
