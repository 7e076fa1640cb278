"""What is announced and not on sale yet: people wait for it, and are told once when it is there."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.catalog.models import Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.engagement.props import ANNA, LEO, alerts, count, link, mails, waits
from tests.engagement.test_telling import jobs_named
from tests.queries import queries_of

LATER = timedelta(days=3)


async def announce(shop: TestShop, sku: str = "olio", *, announced: bool = True) -> None:
    """Not on sale before three days from now."""
    async with shop.database.session(shop.id) as db, transaction(db):
        later = {"published_at": clock.now() + LATER, "is_announced": announced}
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(**later))
    await shop.reindex()


async def at_the_desk(shop: TestShop, bruno: Browser, **values: str) -> None:
    await bruno.get(f"/banco/prodotti/{shop.products['olio']}")
    assert (await bruno.send("#pubblicazione form", **values)).status_code == 303


def asked(shop: TestShop, sku: str = "olio", **more: str) -> dict[str, str]:
    return {"variant_id": str(shop.variants[sku]), "kind": "release", **more}


async def test_what_is_announced_has_a_page_without_price_or_button_to_buy(shop: TestShop, anna: Browser) -> None:
    await announce(shop)
    page = await anna.get("/prodotti/olio")

    assert page.status_code == 200
    assert page.says("In vendita dal")
    assert page.one(".product__buy input[name=kind]").attributes["value"] == "release"
    assert "19,00" not in page.text
    assert not page.all("form[action='/carrello/righe']")
    assert page.one("meta[name=robots]").attributes["content"] == "noindex,follow"
    assert not [card for card in (await anna.get("/prodotti")).all(".card a") if "/olio" in str(card.attributes)]
    added = await anna.post("/carrello/righe", {"variant_id": str(shop.variants["olio"]), "quantity": "1"})
    assert added.status_code in {404, 409, 422}


async def test_what_comes_is_listed_and_nothing_else_is(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    assert (await anna.get("/in-arrivo")).says("Per ora nessuna novità in arrivo")
    await announce(shop)
    await announce(shop, "aceto", announced=False)
    await announce(other_shop, "formaggio")
    async with shop.browser() as fresh:
        page = await fresh.get("/in-arrivo?a=1")
    assert [row.text().strip() for row in page.all(".year__name")] == ["Olio extravergine"]
    assert (await anna.get("/prodotti/aceto")).status_code == 404


@pytest.mark.parametrize("prefix", ["/en", "/de", "/fr"])
async def test_the_pages_are_there_in_every_language(shop: TestShop, anna: Browser, prefix: str) -> None:
    await announce(shop)
    for path in ("/in-arrivo", "/prodotti/olio"):
        assert (await anna.get(prefix + path)).status_code == 200


async def test_a_list_of_many_takes_as_many_statements_as_one_of_few(shop: TestShop, anna: Browser) -> None:
    await announce(shop)
    _page, few = await queries_of(anna, "/in-arrivo?a=1")
    for sku in ("aceto", "formaggio", "squacquerone"):
        await announce(shop, sku)
    page, many = await queries_of(anna, "/in-arrivo?a=2")
    assert len(page.all(".year__name")) == 4
    assert many <= few


async def test_signed_in_one_press_waits_and_the_mail_comes_once(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    later = (clock.now() + LATER).strftime("%Y-%m-%dT%H:%M")
    await at_the_desk(shop, bruno, when="at", at=later, announced="1")
    await anna.sign_in(ANNA)
    await anna.get("/prodotti/olio")
    page = await anna.follow(await anna.send(".product__buy form"))
    assert page.says(f"Fatto: ti scriviamo a {ANNA}, una volta sola.")
    assert (await anna.get("/avvisi")).says("Quando è in vendita")
    await shop.run_jobs()
    assert await mails(shop, ANNA, "alert.release") == []

    for _time in range(2):
        with clock.shifted(LATER + timedelta(hours=2)):
            await shop.run_jobs()
    (mail,) = await mails(shop, ANNA, "alert.release")
    assert mail.subject.startswith("È in vendita: Olio extravergine")
    assert link(mail, "prodotti") == "/prodotti/olio"
    assert mail.unsubscribe_url


async def test_a_guest_confirms_is_told_in_her_language_and_leaves_by_one_press(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await announce(shop)
    await anna.post("/de/avvisi", asked(shop, email=LEO))
    (letter,) = await mails(shop, LEO)
    assert letter.kind == "alert.confirm"
    await anna.post(link(letter, "conferma"))
    await at_the_desk(shop, bruno, when="now")
    await shop.run_jobs()

    told = (await mails(shop, LEO, "alert.release"))[0]
    assert told.locale == "de"
    assert link(told, "prodotti") == "/de/prodotti/olio"
    await anna.post(link(told, "basta"))
    assert await alerts(shop) == []


async def test_an_address_that_is_not_confirmed_is_not_told(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    await announce(shop)
    await anna.post("/avvisi", asked(shop, email=LEO))
    await at_the_desk(shop, bruno, when="now")
    await shop.run_jobs()
    assert await mails(shop, LEO, "alert.release") == []


async def test_on_sale_without_a_piece_on_the_shelf_is_told_when_there_is_one(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await announce(shop)
    await count(shop, "olio", 0)
    await waits(shop, anna, "olio", "release")
    await at_the_desk(shop, bruno, when="now")
    await shop.run_jobs()
    assert await mails(shop, LEO, "alert.release") == []

    await count(shop, "olio", 3)
    assert len(await mails(shop, LEO, "alert.release")) == 1


async def test_a_format_that_was_retired_meanwhile_does_not_lose_who_waits(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await announce(shop)
    await waits(shop, anna, "olio", "release")
    async with shop.database.session(shop.id) as db, transaction(db):
        old = await db.get_one(Variant, shop.variants["olio"])
        shelf = StockItem(on_hand=5, reserved=0)
        db.add(shelf)
        await db.flush()
        facts = {name: getattr(old, name) for name in ("format", "net_amount", "net_unit", "weight_g", "vat_rate")}
        db.add(Variant(product_id=old.product_id, stock_item_id=shelf.id, sku="olio-2", price_minor=2100, **facts))
        old.retired_at = clock.now()
    await at_the_desk(shop, bruno, when="now")
    await shop.run_jobs()
    assert len(await mails(shop, LEO, "alert.release")) == 1


async def test_a_day_that_is_put_off_is_waited_for(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    await at_the_desk(shop, bruno, when="at", at="2099-01-01T10:00", announced="1")
    await waits(shop, anna, "olio", "release")
    await at_the_desk(shop, bruno, when="off")
    await shop.run_jobs()
    with clock.shifted(timedelta(days=30)):
        await shop.run_jobs()
        assert await mails(shop, LEO, "alert.release") == []
    assert (await anna.get("/prodotti/olio")).status_code == 404


async def test_only_what_is_announced_can_be_waited_for(shop: TestShop, anna: Browser) -> None:
    await anna.sign_in(ANNA)
    refused = await anna.post("/avvisi", asked(shop))
    assert refused.status_code == 422
    assert refused.says("È già in vendita")
    await announce(shop, announced=False)
    assert (await anna.post("/avvisi", asked(shop))).status_code == 404
    await announce(shop)
    for kind in ("restock", "price"):
        assert (await anna.post("/avvisi", asked(shop, kind=kind))).status_code == 404
    assert await alerts(shop) == []


async def test_another_shops_announcement_cannot_be_waited_for(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    await announce(other_shop)
    await anna.sign_in(ANNA)
    assert (await anna.post("/avvisi", asked(other_shop))).status_code == 404


async def test_the_producer_sees_how_many_wait_and_no_address(
    shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser
) -> None:
    await announce(shop)
    await waits(shop, anna, "olio", "release")
    await waits(shop, anna, "olio", "release", "mia@posta.example")
    await anna.post("/avvisi", asked(shop, email="mai@posta.example"))  # has not confirmed

    for path, said in (
        ("/banco/prodotti", "2 persone aspettano"),
        (f"/banco/prodotti/{shop.products['olio']}", "2 persone aspettano di sapere quando c’è."),
    ):
        page = await bruno.get(path)
        assert page.says(said), path
        assert LEO not in page.text
    assert "aspetta" not in (await carlo.get("/banco/prodotti")).text


async def test_the_editor_keeps_what_was_chosen(shop: TestShop, bruno: Browser) -> None:
    later = (clock.now() + LATER).strftime("%Y-%m-%dT%H:%M")
    await at_the_desk(shop, bruno, when="at", at=later, announced="1")
    page = await bruno.get(f"/banco/prodotti/{shop.products['olio']}")
    assert page.one("#at").attributes["value"] == later
    assert "checked" in page.one("#announced").attributes
    assert (await bruno.send("#pubblicazione form")).status_code == 303  # the same again: no second job
    assert await jobs_named(shop, "engagement.released") == 1
