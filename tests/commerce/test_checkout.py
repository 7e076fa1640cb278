"""Anna goes from the basket to the payment page as a guest, without JavaScript, and makes every mistake on the way."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog.models import StockItem, Variant
from app.commerce.checkout.models import Checkout
from app.commerce.orders.models import OrderGroup
from app.kernel.i18n import LOCALES
from tests.cast import Answer, Browser, TestShop
from tests.commerce.test_cart import put, write
from tests.stripe import Stripe

CONTACT = {
    "email": "Anna@Posta.Example",
    "name": "Anna Neri",
    "country": "IT",
    "street": "Via Mazzini 3",
    "postal_code": "47121",
    "city": "Forlì",
    "province": "",
    "phone": "333 123 4567",
    "invoice_kind": "none",
}
COMPANY = {"invoice_kind": "company", "company": "Osteria Neri srl", "partita_iva": "IT 00743110157", "sdi": "m5uxcr1"}


async def to_delivery(anna: Browser, **contact: str) -> Answer:
    return await anna.follow(await anna.post("/cassa", {**CONTACT, **contact}))


async def to_review(anna: Browser, shop: TestShop, *skus: str, **delivery: str) -> Answer:
    for sku in skus or ("olio",):
        await put(anna, shop, sku)
    await to_delivery(anna)
    return await anna.follow(await anna.send("form[action='/cassa/consegna']", **delivery))


async def press(anna: Browser, **values: str) -> Answer:
    return await anna.send("form[action='/cassa/riepilogo']", **values)


async def draft_of(shop: TestShop) -> Checkout | None:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(Checkout))


async def groups_of(shop: TestShop) -> list[OrderGroup]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(OrderGroup).order_by(OrderGroup.id)))


async def test_a_guest_reaches_the_payment_page(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await to_review(anna, shop, "olio", "squacquerone", note="Citofono Neri")
    assert page.one("form[action='/cassa/riepilogo'] button").text() == "Ordine con obbligo di pagare"
    assert page.says("Frantoio Olivi s.a.")
    assert page.says("Citofono Neri")
    assert page.says("47121 Forlì (FC)")
    assert page.says("35,70\xa0€")  # 19 + 4,90 + 2 × 5,90
    assert len(page.all(".button--primary")) == 1
    answer = await press(anna)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("http://stripe.test/")
    [group] = await groups_of(shop)
    assert (group.email, group.phone, group.province) == ("Anna@posta.example", "+393331234567", "FC")
    assert await shop.available("olio") == 11


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("it", "Ordine con obbligo di pagare"),
        ("en", "Order with obligation to pay"),
        ("de", "Zahlungspflichtig bestellen"),
        ("fr", "Commande avec obligation de paiement"),
    ],
)
async def test_the_button_says_that_it_obliges_to_pay(shop: TestShop, anna: Browser, locale: str, words: str) -> None:
    await to_review(anna, shop)
    page = await anna.get("/cassa/riepilogo" if locale == LOCALES[0] else f"/{locale}/cassa/riepilogo")
    button = page.one("form[action$='/cassa/riepilogo'] button").text()
    assert button == words


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", "anna"),
        ("email", ""),
        ("name", ""),
        ("street", ""),
        ("city", ""),
        ("phone", "12"),
        ("postal_code", "4712"),
        ("postal_code", "quattro"),
        ("province", "XX"),
        ("country", "US"),
        ("name", "a" * 300),
    ],
)
async def test_a_mistake_is_beside_its_field_and_in_the_summary_and_nothing_typed_is_lost(
    shop: TestShop, anna: Browser, field: str, typed: str
) -> None:
    await put(anna, shop, "olio")
    answer = await anna.post("/cassa", {**CONTACT, field: typed})
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text().strip()
    assert answer.one(f"#{field}").attributes["aria-invalid"] == "true"
    assert f"#{field}" in [link.attributes["href"] for link in answer.all("[data-error-summary] a")]
    kept = "street" if field != "street" else "city"
    assert answer.one(f"#{kept}").attributes["value"] == CONTACT[kept]
    assert answer.one("title").text().startswith("Errore:")
    assert await draft_of(shop) is None


async def test_the_summary_says_which_field_each_mistake_is_about(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    answer = await anna.post("/cassa", dict.fromkeys(CONTACT, ""))
    said = [link.text() for link in answer.all("[data-error-summary] a")]
    assert "Scrivi nome e cognome" in said  # names its field itself
    assert len(set(said)) == len(said) > 3
    assert answer.one("#name-error").text().strip().endswith("Scrivi nome e cognome")
    assert "<!--field" not in answer.text


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"invoice_kind": "person"}, "codice_fiscale"),
        ({"invoice_kind": "person", "codice_fiscale": "RSSMRA85T10A562X"}, "codice_fiscale"),
        ({**COMPANY, "partita_iva": "12345678901"}, "partita_iva"),
        ({**COMPANY, "company": ""}, "company"),
        ({**COMPANY, "sdi": ""}, "pec"),
        ({**COMPANY, "sdi": "ABC"}, "sdi"),
        ({**COMPANY, "sdi": "", "pec": "niente"}, "pec"),
    ],
)
async def test_an_invoice_needs_what_an_invoice_needs(
    shop: TestShop, anna: Browser, sent: dict[str, str], field: str
) -> None:
    await put(anna, shop, "olio")
    answer = await anna.post("/cassa", {**CONTACT, **sent})
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text().strip()
    assert "open" in answer.one("details.invoice").attributes


async def test_what_is_only_written_untidily_is_repaired(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    page = await to_delivery(anna, **COMPANY)
    assert page.one("h1")
    draft = await draft_of(shop)
    assert draft is not None
    assert draft.invoice == {
        "kind": "company",
        "codice_fiscale": "",
        "company": "Osteria Neri srl",
        "partita_iva": "00743110157",
        "sdi": "M5UXCR1",
        "pec": "",
    }
    assert (await anna.get("/cassa")).one("#company").attributes["value"] == "Osteria Neri srl"


async def test_an_address_abroad_has_no_province(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    abroad = {"country": "DE", "postal_code": "10115", "city": "Berlin", "phone": "030 901820", "province": "FC"}
    page = await to_delivery(anna, **abroad)
    assert page.says("24,90\xa0€")
    draft = await draft_of(shop)
    assert draft is not None
    assert (draft.province, draft.phone) == ("", "+4930901820")


async def test_where_the_cold_does_not_reach_the_page_says_the_way_out(shop: TestShop, anna: Browser) -> None:
    for sku in ("squacquerone", "olio"):
        await put(anna, shop, sku)
    cart = await anna.follow(await anna.post("/carrello/cap", {"cap": "90100"}))
    page = await to_delivery(anna, postal_code="90100", city="Palermo")
    totals = [each.one(".sum--total b").text() for each in (cart, page)]
    assert totals[0] == totals[1], "what cannot travel costs no delivery on either page"
    assert page.says("Fin qui non arriviamo con il freddo")
    assert page.says("togli dal carrello i prodotti di Caseificio Latte")
    answer = await anna.send("form[action='/cassa/consegna']")
    assert answer.status_code == 422
    assert answer.one(f"#method-{shop.producers['caseificio']}")
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/cassa/consegna"


async def test_what_may_be_fetched_from_the_producer_is_free(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    name = f"method-{shop.producers['frantoio']}"
    page = await to_review(anna, shop, "olio", **{name: "pickup"})
    assert page.says("Ritiro dal produttore: Via Roma 1, 48013 Brisighella (RA)")
    assert page.one("input[name=total]").attributes["value"] == "1900"
    assert (await press(anna)).status_code == 303


@pytest.mark.parametrize("typed", ["", "31/02/1990", "tanto tempo fa", "01/01/2015", "1850-01-01"])
async def test_alcohol_asks_for_a_birth_date_and_refuses_minors(shop: TestShop, anna: Browser, typed: str) -> None:
    await put(anna, shop, "sangiovese")
    await to_delivery(anna)
    answer = await anna.send("form[action='/cassa/consegna']", birth_date=typed, note="Grazie")
    assert answer.status_code == 422
    assert answer.one("#birth_date-error").text().strip()
    assert answer.one("#birth_date").attributes["value"] == typed
    assert answer.one("#note").text() == "Grazie"
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/cassa/consegna"


async def test_an_adult_buys_wine(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await to_review(anna, shop, "sangiovese", birth_date="28/02/1990")
    assert (await press(anna)).headers["location"].startswith("http://stripe.test/")


async def test_without_alcohol_nobody_asks_for_an_age(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    assert not (await to_delivery(anna)).all("#birth_date")


async def test_steps_cannot_be_skipped(shop: TestShop, anna: Browser) -> None:
    for path in ("/cassa", "/cassa/riepilogo"):
        assert (await anna.get(path)).headers["location"] == "/carrello"
    await put(anna, shop, "olio")
    assert (await anna.get("/cassa/consegna")).headers["location"] == "/cassa"
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/cassa"
    await to_delivery(anna)
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/cassa/consegna"
    forged = {"key": "k", "seen": "s", "total": "1"}
    assert (await anna.post("/cassa/riepilogo", forged)).headers["location"] == "/cassa/consegna"
    assert await groups_of(shop) == []


@pytest.mark.parametrize("values", [{"key": ""}, {"total": "tanto"}, {"total": "-1"}, {"seen": ""}, {"key": "x" * 99}])
async def test_a_forged_review_is_shown_again(shop: TestShop, anna: Browser, values: dict[str, str]) -> None:
    await to_review(anna, shop)
    answer = await press(anna, **values)
    assert answer.status_code == 422
    assert answer.says("Controlla il riepilogo e conferma di nuovo.")
    assert await groups_of(shop) == []


async def test_a_forged_key_makes_no_order(shop: TestShop, anna: Browser) -> None:
    await to_review(anna, shop)
    assert (await press(anna, key="x" * 43)).status_code == 409
    assert await groups_of(shop) == []


async def test_a_price_that_changed_before_the_button_is_shown_first(shop: TestShop, anna: Browser) -> None:
    await to_review(anna, shop)
    await write(shop, update(Variant).where(Variant.id == shop.variants["olio"]).values(price_minor=2100))
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("Il totale è cambiato mentre controllavi")
    assert answer.one("input[name=total]").attributes["value"] == "2690"
    assert await shop.available("olio") == 12


async def test_what_sold_out_before_the_button_is_named_in_the_cart(shop: TestShop, anna: Browser) -> None:
    await to_review(anna, shop, "olio", "aceto")
    await write(shop, update(StockItem).where(StockItem.id == shop.stock_items["aceto"]).values(on_hand=0))
    page = await anna.follow(await press(anna))
    assert page.says("Aceto balsamico nel frattempo è andato esaurito.")
    assert page.says("toglilo per andare alla cassa")
    assert await shop.available("olio") == 12


async def test_the_same_button_twice_at_once_makes_one_order_and_one_payment_page(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await to_review(anna, shop)
    sent = {node.attributes["name"]: node.attributes["value"] for node in page.all("main form input[type=hidden]")}
    answers: list[Any] = await asyncio.gather(*(anna.post("/cassa/riepilogo", sent) for _ in range(3)))
    assert len(await groups_of(shop)) == 1
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await shop.available("olio") == 11


async def test_back_from_the_payment_page_leads_to_the_same_order(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await put(anna, shop, "formaggio", 2)  # the last two: held for this very order
    page = await to_review(anna, shop, "olio")
    first = await press(anna)
    cart = await anna.get("/carrello")
    assert cart.all("a[href='/cassa']")
    anna.page = page
    assert (await press(anna)).headers["location"] == first.headers["location"]
    assert len(await groups_of(shop)) == 1


async def test_a_changed_basket_makes_a_new_order_and_gives_the_old_one_up(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await to_review(anna, shop)
    first = await press(anna)
    await put(anna, shop, "olio")
    await anna.get("/cassa/riepilogo")
    second = await press(anna)
    assert second.status_code == 303
    assert second.headers["location"] != first.headers["location"]
    assert [group.state for group in await groups_of(shop)] == ["cancelled", "awaiting_payment"]
    assert await shop.available("olio") == 10


async def test_the_button_in_an_old_tab_shows_what_has_changed(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    old_tab = await to_review(anna, shop)
    await put(anna, shop, "aceto")
    anna.page = old_tab
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("Aceto balsamico")
    assert await groups_of(shop) == []


async def test_after_paying_the_cart_is_empty_and_the_old_button_leads_to_the_order(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await to_review(anna, shop)
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    await stripe.deliver()
    await shop.run_jobs()
    [group] = await groups_of(shop)
    assert group.state == "paid"
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/carrello"
    anna.page = page
    again = await press(anna)
    assert again.headers["location"].startswith(f"/ordini/{group.number}?chiave=")
    assert len(await groups_of(shop)) == 1


async def test_when_stripe_does_not_answer_nothing_is_lost_and_the_next_try_goes_on(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await to_review(anna, shop)
    await stripe.break_down("500", count=10)
    answer = await press(anna)
    assert answer.status_code == 503
    assert answer.says("Il servizio di pagamento in questo momento non risponde.")
    await stripe.repair()
    again = await press(anna)
    assert again.status_code == 303
    assert len(await groups_of(shop)) == 1


async def test_a_second_basket_of_somebody_else_is_another_checkout(shop: TestShop, anna: Browser) -> None:
    page = await to_review(anna, shop)
    key = page.one("input[name=key]").attributes["value"]
    async with shop.browser() as stranger:
        await to_review(stranger, shop)
        assert (await press(stranger, key=key)).status_code == 409


async def test_checkout_pages_are_not_kept_by_caches(shop: TestShop, anna: Browser) -> None:
    await to_review(anna, shop)
    for path in ("/carrello", "/cassa", "/cassa/consegna", "/cassa/riepilogo"):
        assert (await anna.get(path)).headers["cache-control"] == "no-store"


async def test_the_eight_fields_have_their_autocomplete_tokens(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    page = await anna.get("/cassa")
    tokens = {
        "email": "email",
        "name": "name",
        "country": "country",
        "street": "street-address",
        "postal_code": "postal-code",
        "city": "address-level2",
        "province": "address-level1",
        "phone": "tel",
    }
    assert {field: page.one(f"#{field}").attributes["autocomplete"] for field in tokens} == tokens
