"""Anna meets promotions in her basket and at the checkout, with and without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from app.commerce.cart.models import Cart
from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import queries, settling, verify
from app.commerce.promotions.models import Promotion, PromotionCode
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from tests.cast import Answer, Browser, TestShop
from tests.commerce.promotions.props import counted, promote, uses_of
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import groups_of, press, to_delivery, to_review
from tests.commerce.test_placing import facts_of
from tests.queries import queries_of
from tests.stripe import Stripe


async def all_is_well(shop: TestShop) -> None:
    assert (await verify.check(shop.database, shop.id)).findings == []


async def orders_of(shop: TestShop) -> list[Order]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Order).options(selectinload(Order.lines)).order_by(Order.id)))


def sums(page: Answer) -> list[str]:
    """The rows of the total, each as one text."""
    return [" ".join(row.text(separator=" ").split()) for row in page.all("#total ~ .sum, #review-total .sum")]


async def test_an_automatic_promotion_stands_in_the_basket_by_name(shop: TestShop, anna: Browser) -> None:
    await promote(shop)
    await put(anna, shop, "olio", 2)
    page = await anna.get("/carrello")
    assert sums(page) == [
        "Prodotti 38,00 €",
        "Festa d’autunno −3,80 €",
        "Totale, IVA compresa 34,20 €",
    ]
    assert "Autumn feast" in (await anna.get("/en/carrello")).text


async def test_the_basket_says_what_is_missing(shop: TestShop, anna: Browser) -> None:
    await promote(shop, minimum_minor=4120)
    await put(anna, shop, "olio", 2)
    page = await anna.get("/carrello")
    assert page.says("Ancora 3,20\xa0€ e lo sconto vale.")
    assert page.says("38,00\xa0€")


@pytest.mark.parametrize(
    ("kind", "columns", "said"),
    [
        ("gift", {"gift_quantity": 1}, "Ancora 3,20\xa0€ e l’omaggio è tuo."),
        ("delivery", {}, "Ancora 3,20\xa0€ e la consegna è gratis."),
        (
            "gift",
            {"gift_quantity": 1, "of": "frantoio"},
            "Ancora 3,20\xa0€ tra i prodotti per cui vale, e l’omaggio è tuo.",
        ),
        ("delivery", {"of": "frantoio"}, "Ancora 3,20\xa0€ tra i prodotti per cui vale, e la consegna è gratis."),
    ],
)
async def test_what_is_missing_names_what_it_brings(
    shop: TestShop, anna: Browser, kind: str, columns: dict[str, Any], said: str
) -> None:
    facts = dict(columns)
    of = facts.pop("of", None)
    if kind == "gift":
        facts["gift_variant_id"] = shop.variants["olio"]
    await promote(shop, kind, minimum_minor=4120, producers=[shop.producers[of]] if of else [], **facts)
    await put(anna, shop, "olio", 2)
    if of:
        await put(anna, shop, "formaggio", 1)
    assert (await anna.get("/carrello")).says(said)


async def test_promotions_cost_the_basket_few_queries_and_adding_none(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio", 2)
    _page, without = await queries_of(anna, "/carrello")
    for number in range(5):
        await promote(shop, lane=f"l{number}")
    _page, with_five = await queries_of(anna, "/carrello")
    assert with_five == without + 3  # beside the price: its log, since when it is sold, and (noted) past promotions
    assert without <= 4  # cart id, basket, promotions; and the visitor
    assert int((await put(anna, shop, "aceto")).headers["x-queries"]) == 2


async def test_a_code_is_typed_in_any_way_and_kept_with_the_cart(shop: TestShop, anna: Browser) -> None:
    await promote(shop, codes={"NATALE-2026": None})
    await put(anna, shop, "olio")
    answer = await anna.post("/carrello/codice", {"promo_code": " natale 2026 "})
    page = await anna.follow(answer)
    assert "Festa d’autunno NATALE-2026 −1,90 €" in sums(page)
    page = await anna.follow(await anna.send("form[action='/carrello/codice/rimozione']"))
    assert sums(page)[-1] == "Totale, IVA compresa 19,00 €"


async def test_htmx_gets_the_basket_and_hears_what_happened(shop: TestShop, anna: Browser) -> None:
    await promote(shop, codes={"NATALE": None})
    await put(anna, shop, "olio")
    answer = await anna.swap("/carrello/codice", {"promo_code": "natale"}, "cart")
    assert answer.status_code == 200
    assert not answer.all("html > head > title")
    assert answer.one("#live").text() == "Il codice è nel carrello."
    wrong = await anna.swap("/carrello/codice", {"promo_code": "natalino"}, "cart")
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("columns", "limit", "sentence"),
    [
        (None, None, "Questo codice non esiste: controlla le lettere e i numeri."),
        ({"ends_at": clock.now() - timedelta(hours=1)}, None, "È scaduta il "),
        ({"stopped_at": clock.now() - timedelta(hours=1)}, None, "È stata fermata."),
        ({"limit_total": 0}, None, "È già stata usata da tutti quelli che potevano."),
        ({}, 0, "Questo codice è già stato usato."),
    ],
)
async def test_a_code_that_is_of_no_use_says_why_and_what_was_typed_stays(
    shop: TestShop, anna: Browser, columns: dict[str, Any] | None, limit: int | None, sentence: str
) -> None:
    if columns is not None:
        await promote(shop, codes={"FESTA": limit}, **columns)
    await put(anna, shop, "olio")
    answer = await anna.post("/carrello/codice", {"promo_code": "festa"})
    assert answer.status_code == 422
    assert answer.says(sentence)
    assert answer.one("#promo_code").attributes["value"] == "festa"
    assert answer.one("#promo_code").attributes["aria-invalid"] == "true"
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(Cart.code)) is None


@pytest.mark.parametrize("typed", ["", "x" * 60])
async def test_nonsense_in_the_code_field_is_refused_beside_it(shop: TestShop, anna: Browser, typed: str) -> None:
    await put(anna, shop, "olio")
    answer = await anna.post("/carrello/codice", {"promo_code": typed})
    assert answer.status_code == 422
    assert answer.one("#promo_code-error").text().strip()


async def test_a_code_whose_time_may_come_is_kept_and_says_what_it_waits_for(shop: TestShop, anna: Browser) -> None:
    await promote(shop, codes={"FORMAGGI": None}, producers=[shop.producers["caseificio"]])
    await put(anna, shop, "olio")
    page = await anna.follow(await anna.post("/carrello/codice", {"promo_code": "formaggi"}))
    assert page.says("Non vale per questi prodotti.")
    await put(anna, shop, "squacquerone")
    assert "Festa d’autunno FORMAGGI −0,49 €" in sums(await anna.get("/carrello"))


async def test_another_shops_code_does_not_exist_here(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    await promote(other_shop, codes={"FESTA": None})
    await promote(other_shop)
    await put(anna, shop, "olio")
    answer = await anna.post("/carrello/codice", {"promo_code": "FESTA"})
    assert answer.says("Questo codice non esiste")
    assert not answer.says("Festa d’autunno")


async def test_free_delivery_waits_for_the_place(shop: TestShop, anna: Browser) -> None:
    await promote(shop, "delivery", codes={"GRATIS": None})
    await put(anna, shop, "olio")
    page = await anna.follow(await anna.post("/carrello/codice", {"promo_code": "gratis"}))
    assert page.says("Vale sulla consegna: scrivi il CAP per vedere quanto.")
    page = await anna.follow(await anna.post("/carrello/cap", {"cap": "47121"}))
    assert sums(page)[-3:] == [
        "Consegna a 47121 5,90 €",
        "Festa d’autunno GRATIS −5,90 €",
        "Totale, IVA compresa 19,00 €",
    ]


async def test_no_discount_makes_the_delivery_dearer(shop: TestShop, anna: Browser) -> None:
    await promote(shop, percent=50)
    await put(anna, shop, "olio", 3)  # 57,00: free from 49,00 on, though 28,50 are paid
    page = await anna.follow(await anna.post("/carrello/cap", {"cap": "47121"}))
    assert sums(page)[-1] == "Totale, IVA compresa 28,50 €"


async def test_the_review_explains_the_total_and_the_order_keeps_it(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    ten = await promote(shop, shop_share=50)
    free = await promote(shop, "delivery", title={"it": "Spedizione offerta"}, codes={"GRATIS": None}, cap_minor=600)
    page = await to_review(anna, shop, "olio", "squacquerone")
    page = await anna.follow(await anna.post("/cassa/codice", {"promo_code": "gratis"}))
    assert sums(page)[:5] == [
        "2 prodotti · Modifica il carrello 23,90 €",
        "Festa d’autunno −2,39 €",
        "Consegna 11,80 €",
        "Spedizione offerta GRATIS −6,00 €",
        "Totale, IVA compresa 27,31 €",
    ]
    assert page.says("L’IVA conta anche lo sconto di")
    answer = await press(anna)
    assert answer.headers["location"].startswith("http://stripe.test/")
    [group] = await groups_of(shop)
    assert (group.goods_minor, group.delivery_minor, group.discount_minor, group.total_minor) == (2151, 580, 839, 2731)
    oil, cheese = await orders_of(shop)
    assert [line.gross_minor for line in (*oil.lines, *cheese.lines)] == [1710, 441]
    assert [line.shop_funded_minor for line in (*oil.lines, *cheese.lines)] == [95, 25]
    assert (oil.delivery_minor, oil.delivery_discount_minor, oil.shop_funded_minor) == (290, 300, 395)
    assert oil.fee_minor == 271  # 15 % of 17,10 and the shop's 0,95
    assert oil.payout_minor == 1710 + 290 + 395 - 271
    assert [(use.promotion_id, use.discount_minor, use.shop_funded_minor) for use in await uses_of(shop)] == [
        (ten, 239, 120),
        (free, 600, 600),
    ]
    await all_is_well(shop)


async def test_pressing_twice_uses_a_promotion_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    once = await promote(shop, limit_buyer=1, limit_total=1, codes={"UNO": 1})
    await to_review(anna, shop, "olio")
    page = await anna.follow(await anna.post("/cassa/codice", {"promo_code": "uno"}))
    assert page.says("UNO")
    first = await press(anna)
    await anna.get("/cassa/riepilogo")  # back from the payment page
    assert anna.page is not None
    assert "Festa d’autunno UNO −1,90 €" in sums(anna.page)
    again = await press(anna)
    assert again.headers["location"] == first.headers["location"]
    assert await counted(shop, once) == {"all": 1, "buyer": 1, "day": 1}
    await put(anna, shop, "aceto")
    await anna.get("/cassa/riepilogo")
    await press(anna)  # another order in place of the first
    assert [group.state for group in await groups_of(shop)] == ["cancelled", "awaiting_payment"]
    assert [use.state for use in await uses_of(shop)] == ["given_back", "taken"]
    assert await counted(shop, once) == {"all": 1, "buyer": 1, "day": 1}
    await all_is_well(shop)


async def test_the_last_use_is_gone_while_anna_looks(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    last = await promote(shop, limit_total=1)
    await to_review(anna, shop, "olio")
    review = anna.page
    async with shop.browser() as bea:
        await to_review(bea, shop, "olio")
        assert (await press(bea)).status_code == 303
    anna.page = review
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("Il totale è cambiato mentre controllavi")
    assert "Totale, IVA compresa 24,90 €" in sums(answer)
    assert await counted(shop, last) == {"all": 1, "buyer": 1, "day": 1}


async def test_one_for_each_buyer_counts_the_address_whatever_its_capitals(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await promote(shop, limit_buyer=1)
    await to_review(anna, shop, "olio")
    await press(anna)
    async with shop.browser() as again:
        await put(again, shop, "olio")
        await to_delivery(again, email="ANNA@posta.example")
        page = await again.follow(await again.send("form[action='/cassa/consegna']"))
        assert page.says("L’hai già usata.")
        assert "−1,90" not in page.text


async def test_a_first_order_is_taken_at_its_word_until_the_address_is_known(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await promote(shop, customers="first")
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says("se è il tuo primo ordine")
    await to_review(anna, shop)
    await press(anna)
    await write(shop, update(OrderGroup).values(state="paid"))
    async with shop.browser() as again:
        page = await to_review(again, shop, "aceto")
        assert page.says("Vale solo per il primo ordine.")


async def test_a_gift_is_a_line_of_its_own_and_leaves_the_shelf(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await promote(
        shop, "gift", title={"it": "Un aceto per te"}, gift_variant_id=shop.variants["aceto"], gift_quantity=1
    )
    await put(anna, shop, "olio")
    page = await anna.get("/carrello")
    assert not page.says("Un aceto per te")  # 10 % VAT beside 4 %: art. 15 DPR 633/72
    await write(shop, update(Promotion).values(gift_variant_id=shop.variants["olio"]))
    page = await anna.get("/carrello")
    assert page.says("1 × Olio extravergine")
    assert "Un aceto per te in omaggio" in sums(page)
    assert sums(page)[-1] == "Totale, IVA compresa 19,00 €"
    await to_review(anna, shop, "aceto")
    assert (await press(anna)).status_code == 303
    [order] = await orders_of(shop)
    assert [(line.quantity, line.gross_minor, line.discount_minor) for line in order.lines] == [
        (1, 1900, 0),
        (1, 1250, 0),
        (1, 0, 1900),
    ]
    assert order.lines[2].snapshot["gift"] is True
    assert (order.goods_minor, order.shop_funded_minor) == (3150, 1900)
    assert order.fee_minor == 758  # 15 % of 31,50 and the 19,00 that the shop pays
    assert await shop.available("olio") == 10
    await all_is_well(shop)


async def test_wine_is_no_gift_for_who_buys_oil(shop: TestShop, anna: Browser) -> None:
    await promote(shop, "gift", gift_variant_id=shop.variants["sangiovese"], gift_quantity=1)
    await put(anna, shop, "olio")
    assert not (await anna.get("/carrello")).says("in omaggio")
    await put(anna, shop, "sangiovese")
    assert (await anna.get("/carrello")).says("in omaggio")


async def test_given_up_and_paid_late_uses_come_and_go(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    one = await promote(shop, limit_total=1, codes={"UNO": 1})
    await to_review(anna, shop, "olio")
    await anna.follow(await anna.post("/cassa/codice", {"promo_code": "uno"}))
    answer = await press(anna)
    session = answer.headers["location"].rpartition("/")[2]
    [group] = await groups_of(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        await settling.cancel(db, await queries.locked_group(db, group.id), "expired", states.STRIPE)
    assert await counted(shop, one) == {"all": 0, "buyer": 0, "day": 0}
    async with shop.browser() as bea:
        await to_review(bea, shop, "olio")
        await bea.follow(await bea.post("/cassa/codice", {"promo_code": "uno"}))
        await press(bea)
    assert await counted(shop, one) == {"all": 1, "buyer": 1, "day": 1}
    await stripe.control(f"sessions/{session}/pay")
    await settling.settle(shop.database, await facts_of(shop), stripe.gateway, session)
    assert [use.state for use in await uses_of(shop)] == ["taken", "taken"]
    assert (await counted(shop, one))["all"] == 2  # both stand: nobody who paid loses what was agreed
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(PromotionCode.used)) == 2
    await all_is_well(shop)


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_language_reads_its_own(shop: TestShop, anna: Browser, locale: str) -> None:
    await promote(shop, minimum_minor=9900)
    await promote(shop, codes={"NATALE": None}, lane="extra")
    await put(anna, shop, "olio")
    prefix = "" if locale == LOCALES[0] else f"/{locale}"
    page = await anna.follow(await anna.post(f"{prefix}/carrello/codice", {"promo_code": "natale"}))
    assert page.status_code == 200
    assert page.one("details.promo[open]")
