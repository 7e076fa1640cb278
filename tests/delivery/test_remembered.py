"""Anna types her postal code once; whoever looks at the same kept page never sees it."""

import pytest
from sqlalchemy import update

from app.kernel.db import transaction
from app.shops.models import Shop
from app.web.kept_pages import KeptPages
from tests.cast import Browser, TestShop
from tests.commerce.test_cart import put


async def test_nothing_is_set_before_a_postal_code_was_typed(shop: TestShop, anna: Browser) -> None:
    for path in ("/", "/prodotti", "/prodotti/olio", "/carrello", "/prodotti/olio?cap=", "/prodotti/olio?cap=1"):
        answer = await anna.get(path)
        assert "cap=" not in answer.headers.get("set-cookie", ""), path


@pytest.mark.parametrize("path", ["/prodotti/olio?cap=47121", "/prodotti?cap=47121", "/en/prodotti/olio?cap=47 121"])
async def test_a_typed_one_is_kept_for_a_month_where_the_pages_script_can_read_it(
    shop: TestShop, anna: Browser, path: str
) -> None:
    cookie = (await anna.get(path)).headers["set-cookie"]
    assert cookie == "cap=47121; Path=/; SameSite=Lax; Max-Age=2592000"
    assert "set-cookie" not in (await anna.get(path)).headers, "it is known"


async def test_the_basket_is_reckoned_for_it_and_keeps_its_own_word(shop: TestShop, anna: Browser) -> None:
    await anna.get("/prodotti/olio?cap=90100")
    await put(anna, shop, "olio")
    page = await anna.get("/carrello")
    assert page.one("#cap").attributes["value"] == "90100"
    assert page.says("14,90 €")
    assert (await anna.get("/cassa")).one("#postal_code").attributes["value"] == "90100"
    answer = await anna.post("/carrello/cap", {"cap": "47121"})
    assert any(cookie.startswith("cap=47121;") for cookie in answer.response.headers.get_list("set-cookie"))
    await anna.get("/prodotti/olio?cap=90100")
    assert (await anna.get("/carrello")).one("#cap").attributes["value"] == "47121", "what was said in it"


@pytest.mark.parametrize("sent", ["1", "abc", "%3Cb%3E", "9" * 400])
async def test_what_is_no_postal_code_is_not_believed(shop: TestShop, anna: Browser, sent: str) -> None:
    await put(anna, shop, "olio")
    cookies = "; ".join(f"{name}={value}" for name, value in anna.client.cookies.items())
    page = await anna.get("/carrello", Cookie=f"{cookies}; cap={sent}")
    assert page.status_code == 200
    assert page.one("#cap").attributes["value"] in {"", None}
    assert "<b>" not in page.one("#cap").html


async def test_a_kept_page_shows_it_to_nobody(shop: TestShop, anna: Browser, kept: KeptPages) -> None:
    other = shop.browser()
    other.client.cookies.set("cap", "48100", domain=shop.host)
    await anna.get("/prodotti/olio?cap=47121")
    assert anna.client.cookies["cap"] == "47121"
    for path in ("/prodotti/olio", "/prodotti", "/categorie/dispensa"):
        mine = await anna.get(path)
        assert mine.status_code == 200
        assert "47121" not in mine.text, "the browser puts it in"
        assert mine.one("#cap[autocomplete=postal-code]").attributes["value"] == ""
        others = await other.get(path)
        assert others.headers["x-queries"] == "0", "it was kept for the zone"
        assert others.text == mine.text
        assert "cap=" not in others.headers.get("set-cookie", "")


async def test_who_signs_out_leaves_nothing(shop: TestShop, anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")
    await anna.get("/prodotti/olio?cap=47121")
    answer = await anna.post("/esci")
    assert any(cookie.startswith("cap=;") for cookie in answer.response.headers.get_list("set-cookie"))


async def test_a_german_shop_reads_german_postal_codes(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == shop.id).values(country="DE"))
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    await put(anna, shop, "olio")
    assert (await anna.get("/prodotti/olio?cap=10115")).says("consegna 24,90 €")
    assert (await anna.get("/carrello")).says("24,90 €")
    await anna.post("/carrello/cap", {"cap": "80331"})
    page = await anna.get("/carrello")
    assert page.one("#cap").attributes["value"] == "80331"
    assert page.says("24,90 €")
