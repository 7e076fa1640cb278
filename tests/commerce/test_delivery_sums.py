"""Choosing a way of delivery tells at once what it all comes to: by itself with a script, by a button without."""

from tests.cast import Browser, TestShop
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import to_delivery


async def test_another_way_of_delivery_tells_its_sums_at_once_and_keeps_nothing(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    await to_delivery(anna)
    field = f"method-{shop.producers['frantoio']}"
    for way, total in (("pickup", "19,00 €"), ("courier", "24,90 €")):
        answer = await anna.swap("/cassa/consegna/somme", {field: way}, target="sums")
        assert answer.one(".summary__head b").text().replace("\xa0", " ") == total
        assert answer.one("#live").text().replace("\xa0", " ") == f"Totale: {total}"
        assert ("gratis" in answer.one(f"#fee-{field} b").text()) == (way == "pickup")
        assert not answer.all("h1")  # a piece, not the page
    assert (await anna.get("/cassa/riepilogo")).headers["location"] == "/cassa/consegna"


async def test_without_a_script_a_button_tells_the_sums_and_loses_nothing(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio", 2)
    page = await to_delivery(anna)
    field = f"method-{shop.producers['frantoio']}"
    again = page.one("button[formaction='/cassa/consegna/somme']").attributes["formaction"]
    assert again
    answer = await anna.post(again, {field: "pickup", "note": "Citofono Neri", "birth_date": "boh"})
    assert answer.one(f"input[name='{field}'][value='pickup']").attributes.keys() >= {"checked"}
    assert answer.one("#note").text() == "Citofono Neri"
    assert "38,00" in answer.one(".summary__head b").text()
    assert not answer.all("[data-error-summary]")
    assert (await anna.post(again)).status_code == 200


async def test_sums_of_no_basket_lead_to_the_beginning(shop: TestShop, anna: Browser) -> None:
    assert (await anna.post("/cassa/consegna/somme")).headers["location"] == "/cassa"
