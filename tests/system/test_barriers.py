"""Whoever a page stands in the way of can say so (law.md L43)."""

import pytest

from tests.cast import Browser, TestShop
from tests.commerce.sold import mails

PAGE = "/accessibilita"
SAID = {"what": "Con la tastiera non arrivo al bottone.", "where": "/carrello"}


async def test_the_shop_hears_of_it_once_by_mail_and_there_is_a_word_of_thanks(anna: Browser, shop: TestShop) -> None:
    await anna.get(PAGE)
    thanks = await anna.follow(await anna.send("form#segnala", **SAID, name="Anna", email="anna@posta.example"))
    assert thanks.one("h1").text() == "Grazie"
    await anna.post(PAGE, {**SAID, "name": "Anna", "email": "anna@posta.example"})  # pressed twice
    [told] = await mails(shop, "system.barrier")
    for part in (*SAID.values(), "Anna", "anna@posta.example"):
        assert part in told.text


async def test_name_and_address_are_not_asked_for(anna: Browser, shop: TestShop) -> None:
    assert (await anna.post(PAGE, SAID)).status_code == 303
    [told] = await mails(shop, "system.barrier")
    assert "non l’ha detto" in told.text


@pytest.mark.parametrize(
    ("sent", "field"), [({}, "what"), ({"what": "no"}, "what"), ({**SAID, "email": "anna"}, "email")]
)
async def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(
    anna: Browser, shop: TestShop, sent: dict[str, str], field: str
) -> None:
    answer = await anna.post(PAGE, sent)
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error")
    assert sent.get("what", "") in answer.text
    assert await mails(shop, "system.barrier") == []


async def test_markup_is_only_text(anna: Browser, shop: TestShop) -> None:
    await anna.post(PAGE, {"what": "<script>alert(1)</script> non va"})
    [told] = await mails(shop, "system.barrier")
    assert "<script>" not in told.html


async def test_another_site_cannot_send_it(anna: Browser, shop: TestShop) -> None:
    headers = {"Origin": "https://altrove.example", "Sec-Fetch-Site": "cross-site"}
    assert (await anna.post(PAGE, SAID, **headers)).status_code == 403
    assert await mails(shop, "system.barrier") == []


async def test_it_reads_in_every_language(anna: Browser) -> None:
    for locale in ("en", "de", "fr"):
        assert (await anna.get(f"/{locale}{PAGE}")).all(f"form[action='/{locale}{PAGE}']")
