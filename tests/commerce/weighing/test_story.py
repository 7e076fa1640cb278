"""Anna buys two pieces of cheese by weight from Carlo, and oil from Bruno; she pays what they weigh."""

from decimal import Decimal

from sqlalchemy import select

from app.commerce.orders.states import Actor
from app.commerce.payments.models import LedgerEntry, Transfer
from app.commerce.refunds import requesting
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.kernel.db import transaction
from app.kernel.money import percent_of, split_vat
from tests.cast import Browser, TestShop
from tests.commerce.sold import mails
from tests.commerce.weighing.props import ABOUT, MOST, Bought, all_is_well, buy, on_shelf, sell_by_weight, weigh
from tests.stripe import Stripe

DELIVERY = 590


async def test_from_the_basket_to_the_refund(shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe) -> None:
    await sell_by_weight(shop)
    shown = await anna.get("/prodotti/formaggio")
    assert shown.says("Circa 1,2\xa0kg: paghi il peso vero, al massimo 23,76\xa0€")
    assert shown.says("18,00\xa0€/kg")

    # authorised for the most that it can cost: the order is taken on, nothing is in the books
    bought = await buy(anna, shop, stripe, "formaggio", "formaggio", "olio")
    most, about = 2 * MOST + 1900 + 2 * DELIVERY, 2 * ABOUT + 1900 + 2 * DELIVERY
    group, payment, intent = await bought.group(), await bought.payment(), await bought.intent()
    assert (group.state, group.total_minor, group.paid_at) == ("authorized", most, None)
    assert (payment.state, payment.amount_minor, intent["amount_capturable"]) == ("authorized", most, most)
    assert await on_shelf(shop, "formaggio") == 0
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(LedgerEntry))) == []
    page = await anna.get(bought.link)
    assert page.says(f"circa {about // 100},{about % 100:02}\xa0€")
    assert page.says(f"Al massimo, secondo il peso vero {most // 100},{most % 100:02} €")
    assert page.says("La banca tiene da parte l’importo massimo")
    (contract,) = await mails(shop, "order.confirmation")
    assert "al massimo" in contract.text
    assert "è confermato e pagato" not in contract.text
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")
    await all_is_well(shop)

    await _weighed_and_charged(shop, bought, carlo, stripe)
    await _a_part_goes_back(shop, bought)


async def _weighed_and_charged(shop: TestShop, bought: Bought, carlo: Browser, stripe: Stripe) -> None:
    # the producer takes it on, and cannot pack what he has not weighed
    order = await bought.order("caseificio")
    here = f"/banco/ordini/{order.number}"
    await carlo.post(f"{here}/conferma")
    assert (await carlo.post(f"{here}/preparazione")).status_code == 409
    wrong = await weigh(carlo, bought, "un chilo", 1300)
    assert wrong.status_code == 422
    assert wrong.says("Scrivi i grammi, per esempio 1230")
    assert wrong.one(f"#grams-{(await bought.line('formaggio')).id}-2").attributes["value"] == "1300"

    # one piece is heavier than the limit and costs what the limit costs; both are charged with the oil, once
    assert (await weigh(carlo, bought, 1137, 1400)).status_code == 303
    await shop.run_jobs()
    cheese = 2047 + MOST  # 18.00 × 1.137 = 20.466
    real = cheese + 1900 + 2 * DELIVERY
    group, payment, intent = await bought.group(), await bought.payment(), await bought.intent()
    assert (group.state, group.total_minor, payment.state, payment.amount_minor) == ("paid", real, "paid", real)
    assert (intent["status"], intent["amount_received"], intent["amount_capturable"]) == ("succeeded", real, 0)
    order, line = await bought.order("caseificio"), await bought.line("formaggio")
    assert (order.goods_minor, line.gross_minor, order.fee_minor) == (cheese, cheese, percent_of(cheese, Decimal(15)))
    assert [row["vat_minor"] for row in order.vat] == [split_vat(cheese + DELIVERY, Decimal(4))[1]]
    async with shop.database.session(shop.id) as db:
        sent = {t.order_id: (t.state, t.amount_minor) for t in await db.scalars(select(Transfer))}
    assert sent[order.id] == ("sent", cheese + DELIVERY - order.fee_minor)
    (charged,) = await mails(shop, "order.charged")
    assert "1,137\xa0kg + 1,4\xa0kg" in charged.text
    assert f"{real // 100},{real % 100:02}\xa0€" in charged.text
    await all_is_well(shop)
    await bought.news()  # what Stripe says of the capture changes nothing more
    assert (await carlo.post(f"{here}/preparazione")).status_code == 303
    assert (await weigh(carlo, bought, 1000, 1000)).status_code == 409
    assert (await carlo.get(f"{here}/bolla")).says("1,137\xa0kg + 1,4\xa0kg")


async def _a_part_goes_back(shop: TestShop, bought: Bought) -> None:
    """With its VAT and fee, and everything adds up."""
    order, line = await bought.order("caseificio"), await bought.line("formaggio")
    async with shop.database.session(shop.id) as db, transaction(db):
        ask = Ask(bought.id, [Wanted(order.id, [Claim(line.id, 1)])], "damaged", "one piece")
        refund = await requesting.request(db, bought.facts, ask, Actor("staff"))
    assert refund.amount_minor == (line.gross_minor + 1) // 2
    await shop.run_jobs()
    await all_is_well(shop)
