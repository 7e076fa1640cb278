"""Days that go wrong: nobody weighs, the bank lets go, Stripe is away, somebody thinks better of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.catalog.models import Variant
from app.commerce.payments import sessions, sweep
from app.commerce.payments.models import Payment
from app.commerce.refunds.models import Refund
from app.commerce.weighing import capturing, watching
from app.integrations import stripe_capture
from app.integrations.stripe import PaymentUnreachable
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import ANNA, balances, fill_wallet
from tests.commerce.promotions.props import promote
from tests.commerce.sold import mails
from tests.commerce.test_checkout import press, to_review
from tests.commerce.weighing.props import (
    ABOUT,
    MOST,
    Bought,
    all_is_well,
    buy,
    found,
    on_shelf,
    sell_by_weight,
    weigh,
    weigh_once,
)
from tests.stripe import Stripe

DELIVERY = 590


async def watch(bought: Bought) -> None:
    await watching.watch(bought.shop.database, bought.facts, bought.stripe.settings, bought.stripe.gateway)
    await bought.shop.run_jobs()


async def test_what_nobody_weighs_is_charged_by_the_estimate_and_what_is_less_goes_back(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio")
    for days, reminders in ((1, 0), (3, 1), (3, 1), (4, 2)):
        await bought.days_pass(days)
        await watch(bought)
        to_carlo = [m for m in await mails(shop, "weighing.remind") if m.recipient == "carlo@caseificio.example"]
        assert (len(to_carlo), (await bought.group()).state) == (reminders, "authorized")
    await bought.days_pass(5)
    await watch(bought)
    group, payment = await bought.group(), await bought.payment()
    assert (group.state, group.total_minor, payment.amount_minor) == ("paid", ABOUT + DELIVERY, ABOUT + DELIVERY)
    await all_is_well(shop)

    order = await bought.order("caseificio")
    await carlo.post(f"/banco/ordini/{order.number}/conferma")
    assert (await weigh(carlo, bought, 1000)).status_code == 303
    await shop.run_jobs()
    async with shop.database.session(shop.id) as db:
        refund = (await db.scalars(select(Refund))).one()
    assert (refund.reason, refund.amount_minor) == ("weight", ABOUT - 1800)
    assert (await carlo.post(f"/banco/ordini/{order.number}/preparazione")).status_code == 303
    await all_is_well(shop)


async def test_a_second_page_that_stripe_could_not_open_ends_though_the_first_one_was_used(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    await to_review(anna, shop, "formaggio")
    first = (await press(anna)).headers["location"].rpartition("/")[2]
    bought = await found(shop, stripe)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Payment).where(Payment.session_id == first).values(state="expired"))
    await stripe.break_down("cut", "/v1/checkout/sessions", count=9)
    with pytest.raises(PaymentUnreachable):
        await sessions.open_session(shop.database, bought.facts, stripe.gateway, bought.id, base_url="http://a.test")
    await stripe.repair()
    await stripe.pay(first)
    await bought.news()
    assert (await bought.group()).state == "authorized"

    with clock.shifted(timedelta(hours=1)):
        await sweep.sweep(shop.database, bought.facts, stripe.gateway)

    async with shop.database.session(shop.id) as db:
        states = list(await db.scalars(select(Payment.state).order_by(Payment.id)))
    assert (states, (await bought.group()).state) == (["authorized", "expired"], "authorized")
    await all_is_well(shop)


async def test_when_the_bank_lets_go_the_order_stops_and_everybody_hears_of_it(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio", "olio")
    order = await bought.order("caseificio")
    await stripe.control("day", days=7)
    await bought.news()
    group, payment = await bought.group(), await bought.payment()
    assert (group.state, group.cancel_reason, payment.state) == ("cancelled", "authorization_lost", "lost")
    assert (await on_shelf(shop, "formaggio"), await on_shelf(shop, "olio")) == (2, 12)
    told = {mail.recipient for mail in await mails(shop, "weighing.lost")}
    assert {"Anna@posta.example", "carlo@caseificio.example", "bruno@frantoio.example", "dora@tavola.example"} <= told
    assert (await weigh_again(carlo, order.number)).status_code == 409
    assert (await anna.get(bought.link)).says("Non ti abbiamo addebitato nulla")
    await all_is_well(shop)


async def weigh_again(desk: Browser, number: str) -> object:
    page = await desk.get(f"/banco/ordini/{number}/pesata")
    typed = {field.attributes["name"] or "": "1200" for field in page.all("input[name^='grams-']")}
    return await desk.post(f"/banco/ordini/{number}/pesata", typed)


@pytest.mark.parametrize("slip", [1, 12, 12000])
async def test_kilograms_typed_for_grams_are_asked_about_before_anything_is_charged(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe, slip: int
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio")
    answer = await weigh_once(carlo, bought, slip)
    assert answer.status_code == 422
    assert answer.says("controlla, sono grammi")
    await shop.run_jobs()
    assert (await bought.payment()).state == "authorized"
    line, order = await bought.line("formaggio"), await bought.order("caseificio")
    here = f"/banco/ordini/{order.number}/pesata"
    assert (await carlo.send(f"form[action='{here}']")).status_code == 422, "the box is not ticked by itself"
    assert (await carlo.post(here, {f"grams-{line.id}-1": str(slip), "sure": "1"})).status_code == 303
    assert (await bought.line("formaggio")).piece_grams == [slip]


async def test_a_fault_while_capturing_takes_the_money_once(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio")
    await stripe.break_down("500", "*/capture", count=3, when="after")
    assert (await weigh(carlo, bought, 1150)).status_code == 303
    await shop.run_jobs()
    payment = await bought.payment()
    assert (payment.state, payment.capture_minor) == ("capturing", 2070 + DELIVERY)
    await all_is_well(shop)
    assert (await weigh(carlo, bought, 1100)).status_code == 409
    await stripe.repair()
    for _twice in range(2):
        await capturing.capture(shop.database, bought.facts, stripe.gateway, bought.id)
    await bought.news()
    group, intent = await bought.group(), await bought.intent()
    assert (group.state, group.total_minor, intent["amount_received"]) == ("paid", 2070 + DELIVERY, 2070 + DELIVERY)
    await all_is_well(shop)


async def test_what_is_called_off_before_it_is_charged_needs_no_refund(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio", "olio")
    cheese, oil = await bought.order("caseificio"), await bought.order("frantoio")
    asked = f"?chiave={bought.key}"
    page = await anna.get(bought.link)
    assert page.all(f"a[href*='/annullamento/{oil.number}']")
    await anna.post(f"/ordini/{bought.number}/annullamento/{oil.number}{asked}")
    await shop.run_jobs()
    assert ((await bought.group()).state, await on_shelf(shop, "olio")) == ("authorized", 12)
    await weigh(carlo, bought, 1200)
    await shop.run_jobs()
    group, gone = await bought.group(), await bought.order("frantoio")
    assert (group.state, group.total_minor, gone.total_minor) == ("paid", ABOUT + DELIVERY, 0)
    assert (await anna.get(bought.link)).status_code == 200
    await all_is_well(shop)

    other = await buy(anna, shop, stripe, "formaggio")
    mine = await other.order("caseificio")
    assert mine.number != cheese.number
    await carlo.post(f"/banco/ordini/{mine.number}/annullamento", {"note": "Finito"})
    await other.news()
    group, payment, intent = await other.group(), await other.payment(), await other.intent()
    assert (group.state, payment.state, intent["status"]) == ("cancelled", "released", "canceled")
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(Refund))) == []
    assert len(await mails(shop, "weighing.called_off")) > 2
    await all_is_well(shop)


async def test_stored_value_pays_as_much_as_it_can_and_gets_the_rest_back(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 4000)
    await to_review(anna, shop, "formaggio")
    await anna.follow(await anna.send("form[action='/cassa/credito']", wallet="1", deed="save"))
    await press(anna)
    whole = await found(shop, stripe)
    await shop.run_jobs()
    assert ((await whole.group()).state, (await whole.payment()).amount_minor) == ("authorized", 0)
    assert await balances(shop) == {"wallet": 4000 - MOST - DELIVERY}
    await all_is_well(shop)
    await weigh(carlo, whole, 1000)
    await shop.run_jobs()
    group = await whole.group()
    assert (group.state, group.total_minor, group.credit_minor) == ("paid", 1800 + DELIVERY, 1800 + DELIVERY)
    left = 4000 - 1800 - DELIVERY
    assert await balances(shop) == {"wallet": left}
    await all_is_well(shop)

    # a part from the wallet, the rest by card: so light a piece leaves the card its least, and gives value back
    await to_review(anna, shop, "formaggio")
    await anna.follow(await anna.send("form[action='/cassa/credito']", wallet="1", deed="save"))
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    part = await found(shop, stripe)
    await part.news()
    assert (await part.payment()).amount_minor == MOST + DELIVERY - left
    real = left + 20
    await weigh(carlo, part, round((real - DELIVERY) / 1.8))
    await shop.run_jobs()
    group, payment = await part.group(), await part.payment()
    assert (group.state, payment.amount_minor, group.credit_minor) == ("paid", 50, group.total_minor - 50)
    assert await balances(shop) == {"wallet": left - group.credit_minor}
    await all_is_well(shop)


async def test_the_editor_sells_by_weight(shop: TestShop, carlo: Browser) -> None:
    id_ = shop.variants["formaggio"]
    here = f"/banco/prodotti/{shop.products['formaggio']}"
    form = f"#format-{id_}"
    await carlo.get(here)
    typed = {f"by_weight-{id_}": "1", f"kg_price-{id_}": "18,00", f"net_amount-{id_}": "1200"}
    wrong = await carlo.send(form, **typed)
    assert wrong.status_code == 422
    assert wrong.one(f"#kg_price-{id_}").attributes["value"] == "18,00"
    assert wrong.says("Scrivi di quanto può cambiare il peso, per esempio 10")
    saved = await carlo.follow(await carlo.send(form, **typed, **{f"tolerance-{id_}": "10"}))
    assert saved.says("Circa 1,2\xa0kg, circa 21,60\xa0€: paghi il peso vero, al massimo 23,76\xa0€")
    async with shop.database.session(shop.id) as db:
        variant = await db.get_one(Variant, id_)
    assert (variant.price_minor, variant.kg_price_minor, variant.weight_tolerance) == (ABOUT, 1800, 10)


async def test_a_discount_on_goods_of_a_fixed_price_beside_them_stays(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    """They are charged together, and each keeps its own: ten percent of the oil, ten percent of the real cheese."""
    await sell_by_weight(shop)
    await promote(shop, percent=10, shop_share=40)
    bought = await buy(anna, shop, stripe, "formaggio", "olio")
    await weigh(carlo, bought, 1000)
    await shop.run_jobs()
    oil, cheese = await bought.line("olio"), await bought.line("formaggio")
    assert (oil.gross_minor, oil.discount_minor, oil.shop_funded_minor) == (1710, 190, 76)
    assert (cheese.gross_minor, cheese.discount_minor) == (1620, 180)
    assert (await bought.group()).total_minor == 1710 + 1620 + 2 * DELIVERY
    await all_is_well(shop)


async def test_what_was_captured_at_stripe_of_an_order_that_was_called_off_goes_back(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio")
    await stripe_capture.capture(stripe.gateway, (await bought.payment()).intent_id or "", 1500, key="by hand")
    await carlo.post(f"/banco/ordini/{(await bought.order('caseificio')).number}/annullamento", {"note": "Finito"})
    await bought.news()
    group, payment = await bought.group(), await bought.payment()
    assert (group.state, payment.state, payment.amount_minor) == ("refunded", "refunded", 1500)
    given = await stripe.get("/v1/refunds", payment_intent=payment.intent_id)
    assert [each["amount"] for each in given["data"]] == [1500]
    await all_is_well(shop)
