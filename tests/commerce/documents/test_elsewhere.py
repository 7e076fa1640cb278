"""The invoice goes elsewhere than the goods: asked for at the checkout, frozen in the order, on contract and file."""

import pytest

from app.commerce.documents import parties
from app.commerce.orders import contracts
from app.kernel.i18n import speaking
from app.shops.queries import shop_by_id
from tests.cast import Browser, TestShop
from tests.commerce.documents.made import faults, group, refusals, texts
from tests.commerce.documents.props import documents, run, tell_tax, transmissions
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import COMPANY, CONTACT, draft_of, press
from tests.commerce.weighing.props import found
from tests.stripe import Stripe

SEAT = {
    "invoice_elsewhere": "1",
    "invoice_country": "IT",
    "invoice_street": "Via Sede 5",
    "invoice_postal_code": "20121",
    "invoice_city": "Milano",
    "invoice_province": "",
}


async def test_from_the_checkout_to_the_file(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await tell_tax(shop)
    await put(anna, shop, "olio")
    page = await anna.get("/cassa")
    assert page.one("#invoice_elsewhere").attributes.get("checked", "none") == "none"
    await anna.follow(await anna.post("/cassa", {**CONTACT, **COMPANY, **SEAT}))
    review = await anna.follow(await anna.send("form[action='/cassa/consegna']"))
    assert review.says("Indirizzo della fattura")
    assert review.says("Via Sede 5, 20121 Milano (MI)")
    again = await anna.get("/cassa")
    assert "checked" in again.one("#invoice_elsewhere").attributes
    assert again.one("#invoice_city").attributes["value"] == "Milano"
    await anna.get("/cassa/riepilogo")
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    bought = await found(shop, stripe)
    await bought.news()
    await run(shop, "documents.invoice_waiting")

    assert (await bought.group()).street == "Via Mazzini 3"
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    async with shop.database.session(shop.id) as db:
        agreed = await contracts.agreed(db, facts, bought.id)
    assert ("Indirizzo della fattura", "Via Sede 5, 20121 Milano (MI)") in [
        tuple(fact) for fact in agreed.order.invoice
    ]
    (sent,) = await transmissions(shop)
    seat = "//CessionarioCommittente/Sede/"
    assert [texts(sent.xml, seat + part)[0] for part in ("Indirizzo", "CAP", "Comune", "Provincia")] == [
        "Via Sede 5",
        "20121",
        "Milano",
        "MI",
    ]
    assert faults(sent.xml) == []
    assert refusals(sent.xml) == []
    assert len(await documents(shop)) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"invoice_street": ""}, "invoice_street"),
        ({"invoice_city": ""}, "invoice_city"),
        ({"invoice_postal_code": ""}, "invoice_postal_code"),
        ({"invoice_postal_code": "1"}, "invoice_postal_code"),
        ({"invoice_country": "XX"}, "invoice_country"),
        ({"invoice_province": "ZZ"}, "invoice_province"),
    ],
)
async def test_what_is_missing_stands_beside_its_field(
    shop: TestShop, anna: Browser, wrong: dict[str, str], field: str
) -> None:
    await put(anna, shop, "olio")

    answer = await anna.post("/cassa", {**CONTACT, **COMPANY, **SEAT, **wrong})

    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text()
    assert "checked" in answer.one("#invoice_elsewhere").attributes, "nothing typed is lost"
    assert "open" in answer.one("details.invoice").attributes


@pytest.mark.parametrize("said", [{"invoice_elsewhere": ""}, {"invoice_kind": "none"}])
async def test_an_address_that_is_not_asked_for_is_neither_checked_nor_kept(
    shop: TestShop, anna: Browser, said: dict[str, str]
) -> None:
    await put(anna, shop, "olio")

    answer = await anna.post("/cassa", {**CONTACT, **COMPANY, **SEAT, "invoice_postal_code": "1", **said})

    assert answer.status_code == 303
    draft = await draft_of(shop)
    assert draft is not None
    assert not any(name.startswith("invoice_") for name in draft.invoice)


async def test_the_country_of_the_invoice_decides_its_codes(shop: TestShop, anna: Browser) -> None:
    """Goods to Forlì, invoice to a company in Berlin: a German number, and neither SDI code nor PEC."""
    await put(anna, shop, "olio")
    berlin = {**SEAT, "invoice_country": "DE", "invoice_postal_code": "10115", "invoice_city": "Berlin"}

    refused = await anna.post("/cassa", {**CONTACT, **COMPANY, **berlin})
    assert refused.one("#partita_iva-error").text()
    taken = await anna.post("/cassa", {**CONTACT, **COMPANY, **berlin, "partita_iva": "DE136695976", "sdi": ""})

    assert taken.status_code == 303
    draft = await draft_of(shop)
    assert draft is not None
    buyer = parties.buyer(group(draft.invoice))
    assert (buyer.country, buyer.code, buyer.vat_number, buyer.city) == ("DE", "XXXXXXX", "136695976", "Berlin")


@pytest.mark.parametrize(("locale", "country"), [("it", "Germania"), ("en", "Germany"), ("de", "Deutschland")])
def test_the_country_is_said_in_the_readers_language(locale: str, country: str) -> None:
    from app.commerce.orders import words

    with speaking(locale):
        facts = words.invoice_facts({**SEAT, "invoice_country": "DE"})

    assert any(country in fact for _label, fact in facts)
