"""Several formats of a product: each says its own price, has its own address, is put in order and retired."""

import json
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select, update

from app.catalog import products, stock
from app.catalog.indexed import IndexedProduct
from app.catalog.models import Hold, Product, RefillPlan, StockItem, Variant
from app.commerce.cart import lines
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop

OLIO = "/prodotti/olio"
DESK = "/banco/prodotti"


@pytest.fixture
async def tin(shop: TestShop) -> int:
    """A second, dearer format of the oil: 3 l for € 96,00, with five left."""
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Variant, shop.variants["aceto"])
        row.product_id, row.sku, row.position, row.format = shop.products["olio"], "LATTA", 1, {"it": "latta"}
        row.net_amount, row.net_unit, row.price_minor = 3000, "ml", 9600
        await db.execute(update(Product).where(Product.id == shop.products["aceto"]).values(published_at=None))
        await db.flush()
        await products.touch(db, [shop.products["olio"], shop.products["aceto"]])
    return shop.variants["aceto"]


async def left(shop: TestShop, sku: str, pieces: int) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.count(db, shop.stock_items[sku], pieces, actor_id=None)


async def indexed(shop: TestShop) -> tuple[int, int]:
    async with shop.database.session(shop.id) as db:
        row = await db.scalar(select(IndexedProduct).where(IndexedProduct.product_id == shop.products["olio"]))
        assert row
        return row.price_minor, row.unit_price_minor


def shown(page: Answer) -> list[str]:
    return [" ".join(link.text().split()) for link in page.all(".formats__one")]


async def test_each_format_says_price_unit_price_and_quantity(anna: Browser, tin: int) -> None:
    page = await anna.get(OLIO)
    assert shown(page) == ["confezione 19,00 € · 38,00 €/l 500 ml", "latta 96,00 € · 32,00 €/l 3 l"]
    assert page.one(".formats__one[aria-current]").text().split()[0] == "confezione"


async def test_the_address_chooses_and_the_whole_page_is_about_that_format(
    shop: TestShop, anna: Browser, tin: int
) -> None:
    page = await anna.get(f"{OLIO}?formato={tin}")
    assert page.one("link[rel=canonical]").attributes["href"].endswith("/prodotti/olio")
    assert "96,00" in page.one(".price--large").text()
    assert "32,00" in page.one(".price--large").text()
    assert page.one(".product__buy input[name=variant_id]").attributes["value"] == str(tin)
    assert page.one(".product__buy input[name=quantity]").attributes["max"] == "5"
    assert page.one("#delivery input[name=formato]").attributes["value"] == str(tin)
    await anna.send(".product__buy form[action$='/carrello/righe']")
    assert (await anna.get("/carrello")).says("latta")


@pytest.mark.parametrize("asked", ["0", "x", "999999999", "9" * 40, "-1", ""])
async def test_an_unknown_format_is_the_page_itself_and_is_not_kept(anna: Browser, tin: int, asked: str) -> None:
    page = await anna.get(f"{OLIO}?formato={asked}")
    assert page.status_code == 200
    assert "19,00" in page.one(".price--large").text()


async def test_a_sold_out_format_says_so_and_the_other_one_is_a_link_away(
    shop: TestShop, anna: Browser, tin: int
) -> None:
    await left(shop, "aceto", 0)
    page = await anna.get(f"{OLIO}?formato={tin}")
    assert page.says("Esaurito")
    assert not page.all(".product__buy form[action$='/carrello/righe']")
    assert f"{OLIO}?formato={shop.variants['olio']}" in page.all(".formats__one")[0].attributes["href"]


async def test_feed_and_offers_link_to_a_page_with_the_same_price(shop: TestShop, anna: Browser, tin: int) -> None:
    page = await anna.get(OLIO)
    graph = json.loads(page.one("script[type='application/ld+json']").text())["@graph"]
    offers = next(thing for thing in graph if thing["@type"] == "Product")["offers"]
    feed = ET.fromstring((await anna.get("/feeds/google.xml")).text)
    space = {"g": "http://base.google.com/ns/1.0"}
    told = {(offer["url"].partition("?")[2], offer["price"]) for offer in offers}
    fed = {
        ((item.findtext("g:link", "", space) or item.findtext("link", "")).partition("?")[2], price.split()[0])
        for item in feed.iter("item")
        if item.findtext("g:item_group_id", "", space) == "olio" and (price := item.findtext("g:price", "", space))
    }
    assert told == {(f"formato={shop.variants['olio']}", "19.00"), (f"formato={tin}", "96.00")}
    assert told == fed
    for query, price in told:
        assert price.replace(".", ",") in (await anna.get(f"{OLIO}?{query}")).one(".price--large").text()


async def test_the_card_begins_at_the_cheapest_that_can_be_had_and_lists_say_the_same(
    shop: TestShop, anna: Browser, tin: int
) -> None:
    card = "article.card:has(a[href='/prodotti/olio'])"
    assert "da 19,00" in " ".join((await anna.get("/prodotti?ordine=prezzo")).one(f"{card} .price__now").text().split())
    assert await indexed(shop) == (1900, 3800)

    await left(shop, "olio", 0)
    page = await anna.get("/prodotti?ordine=prezzo")
    assert " ".join(page.one(f"{card} .price__now").text().split()) == "96,00 €"
    assert await indexed(shop) == (9600, 3200)
    names = [link.text() for link in page.all("article.card h3 a")]
    assert names[-1] == "Olio extravergine", "nothing costs more"

    await left(shop, "aceto", 0)
    assert await indexed(shop) == (1900, 3800), "all are gone: the cheapest"


async def test_a_retired_format_leaves_everything_and_its_holds_end_as_ever(
    shop: TestShop, bruno: Browser, anna: Browser, tin: int
) -> None:
    await anna.get(f"{OLIO}?formato={tin}")
    await anna.send(".product__buy form[action$='/carrello/righe']")
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.hold(db, "TR-1", {shop.stock_items["aceto"]: 2}, clock.now())
        await stock.hold(db, "TR-2", {shop.stock_items["aceto"]: 1}, clock.now())
    await bruno.get(f"{DESK}/{shop.products['olio']}")
    page = await bruno.follow(await bruno.send(f"form[action$='/formati/{tin}/ritiro']"))
    assert page.says("Formati che non vendi più")
    again = await bruno.post(f"{DESK}/{shop.products['olio']}/formati/{tin}/ritiro")
    assert again.status_code == 303

    cart = await anna.get("/carrello")
    assert not cart.all("a[href$='/cassa']") or cart.says("non è più in vendita")
    page = await anna.get(f"{OLIO}?formato={tin}")
    assert not page.all(".formats__one")
    assert "19,00" in page.one(".price--large").text()
    assert "LATTA" not in (await anna.get("/feeds/google.xml")).text
    assert "latta" not in (await bruno.get("/banco/magazzino")).one("main").text()
    async with shop.database.session(shop.id) as db, transaction(db):
        with pytest.raises(Refused):
            await lines.add(db, {}, None, tin, 1)
        assert await stock.sell(db, "TR-1")
        assert await stock.release(db, "TR-2")
    async with shop.database.session(shop.id) as db:
        item = await db.get_one(StockItem, shop.stock_items["aceto"])
        assert (item.on_hand, item.reserved) == (3, 0)
        assert set(await db.scalars(select(Hold.state).order_by(Hold.state))) == {"sold", "released"}
        assert len(list(await db.scalars(select(AuditEntry.id).where(AuditEntry.action == "variant.retire")))) == 1

    await bruno.get(f"{DESK}/{shop.products['olio']}")
    await bruno.send(f"form[action$='/formati/{tin}/ripresa']")
    assert len(shown(await anna.get(OLIO))) == 2


async def test_without_formats_a_product_is_off_sale_and_says_what_is_missing(shop: TestShop, bruno: Browser) -> None:
    await bruno.get(f"{DESK}/{shop.products['olio']}")
    page = await bruno.follow(await bruno.send(f"form[action$='/formati/{shop.variants['olio']}/ritiro']"))
    assert page.says("Non è più in vendita: Aggiungi almeno un formato")
    assert (await bruno.get(OLIO)).status_code == 404


async def test_a_kitchen_s_plan_ends_with_its_format(shop: TestShop, bruno: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        item = shop.stock_items["olio"]
        db.add(RefillPlan(stock_item_id=item, weekdays=[0], pieces=5, hour=8, unsold="carry", made_at=clock.now()))
    await bruno.post(f"{DESK}/{shop.products['olio']}/formati/{shop.variants['olio']}/ritiro")
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(RefillPlan.id)) is None


async def test_formats_change_places(shop: TestShop, bruno: Browser, anna: Browser, tin: int) -> None:
    here = f"{DESK}/{shop.products['olio']}/formati"
    for deed, wanted in (("su", "latta"), ("su", "latta"), ("giu", "confezione"), ("giu", "confezione")):
        assert (await bruno.post(f"{here}/{tin}/{deed}")).status_code == 303
        assert shown(await anna.get(OLIO))[0].startswith(wanted), deed


async def test_a_part_swapped_in_says_what_happened(shop: TestShop, bruno: Browser, tin: int) -> None:
    here = f"{DESK}/{shop.products['olio']}/formati"
    part = await bruno.swap(f"{here}/{tin}/su", target="formati")
    assert part.one("#live").text().strip() == "Salvato."
    wrong = await bruno.swap(here, {"format_it": "", "price": "x"}, target="formati")
    assert wrong.status_code == 422
    assert wrong.one("[data-error-summary] a[href='#format_it']")
    assert wrong.one("#live").text().startswith("Non salvato")


@pytest.mark.parametrize("deed", ["ritiro", "ripresa", "su", "giu"])
async def test_nobody_else_lines_up_formats(shop: TestShop, carlo: Browser, dora: Browser, deed: str) -> None:
    path = f"{DESK}/{shop.products['olio']}/formati/{shop.variants['olio']}/{deed}"
    assert (await carlo.post(path)).status_code == 404
    assert (await dora.post(path)).status_code == 403
    assert (await dora.post(path.replace(DESK, "/amministrazione/prodotti"))).status_code == 303


async def test_an_unknown_deed_or_format_is_not_there(shop: TestShop, bruno: Browser) -> None:
    here = f"{DESK}/{shop.products['olio']}/formati"
    assert (await bruno.post(f"{here}/{shop.variants['olio']}/via")).status_code == 404
    assert (await bruno.post(f"{here}/{shop.variants['squacquerone']}/ritiro")).status_code == 404


async def test_a_label_says_drained_weight_transport_and_the_registered_name(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Product, shop.products["squacquerone"])
        row.designation, row.food = "DOP", {**row.food, "ship_temp": "surgelato"}
        variant = await db.get_one(Variant, shop.variants["squacquerone"])
        variant.drained_amount = 180
    page = await anna.get("/prodotti/squacquerone")
    facts = {term.text(): term.next.text() for term in page.all(".facts dt") if term.next}
    assert facts["Peso sgocciolato"] == "180\u00a0g"
    assert facts["Trasporto"] == "Surgelato, a −18 °C"
    assert facts["Nome protetto"] == "Squacquerone di Romagna DOP"
    assert "Squacquerone di Romagna DOP" in " ".join(page.one(".product > .stack").text().split())


async def test_evidence_is_entered_whole_and_shown_beside_the_product(
    shop: TestShop, bruno: Browser, anna: Browser
) -> None:
    here = f"{DESK}/{shop.products['olio']}"
    await bruno.get(here)
    await bruno.send("#testi form", description_it="Olio sostenibile")
    assert (await anna.get(OLIO)).status_code == 404, "the claim took it off sale"

    await bruno.get(here)
    half = await bruno.send("#prove form", proof_ambiente_text="Emissioni ridotte del 30 per cento")
    assert half.status_code == 422
    assert half.one("[data-error-summary] a[href='#proof_ambiente_body']")
    proof = {"proof_ambiente_text": "Emissioni ridotte", "proof_ambiente_body": "EMAS IT-1"}
    assert (await bruno.send("#prove form", **proof, proof_ambiente_until="2099-12-31")).status_code == 303
    await bruno.get(here)
    await bruno.send("#pubblicazione form", when="now")
    page = await anna.get(OLIO)
    assert page.says("Emissioni ridotte")
    assert page.says("Lo certifica EMAS IT-1, fino al 31 dicembre 2099.")


async def test_a_box_with_a_reason_has_no_unit_price_anywhere(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Product, shop.products["olio"])
        row.food = {**row.food, "unit_price_exempt": "scatola-mista"}
        await products.touch(db, [row.id])
    card = (await anna.get("/prodotti?ordine=nome")).one("article.card:has(a[href='/prodotti/olio'])")
    assert "€/l" not in card.text()
    page = await anna.get(OLIO)
    assert "€/l" not in page.one(".product__buy").text()
    assert "referenceQuantity" not in page.one("script[type='application/ld+json']").text()
    feed = (await anna.get("/feeds/google.xml")).text
    item = next(part for part in feed.split("<item>") if ">OLIO<" in part)
    assert "unit_pricing_measure" not in item
    await anna.get(OLIO)
    await anna.send(".product__buy form[action$='/carrello/righe']")
    assert "€/l" not in (await anna.get("/carrello")).one("main").text()


async def test_an_admin_says_since_when_smaller_packs_are_told(shop: TestShop, dora: Browser, anna: Browser) -> None:
    ada = shop.browser()
    await ada.sign_in("ada@tavola.example")
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Variant, shop.variants["olio"])
        row.pack_before, row.pack_before_minor, row.pack_changed_at = 750, 1900, clock.now()
    sentence = "inferiore di 250 ml rispetto alla precedente quantità"
    assert not (await anna.get(OLIO)).says(sentence)
    path = "/amministrazione/schede/confezioni"
    assert (await dora.post(path, {"since": "2026-01-01"})).status_code == 403
    assert not (await dora.get("/amministrazione/schede")).all(f"form[action$='{path}']")
    await ada.get("/amministrazione/schede")
    wrong = await ada.send(f"form[action$='{path}']", since="ieri")
    assert wrong.status_code == 422
    assert wrong.one("[data-error-summary] a[href='#since']")
    assert (await ada.send(f"form[action$='{path}']", since="2026-01-01")).status_code == 303
    assert (await ada.get("/amministrazione/schede")).one("#since").attributes["value"] == "2026-01-01"
    assert (await anna.get(OLIO)).says(sentence)
    assert (await ada.send(f"form[action$='{path}']", since="")).status_code == 303
    assert not (await anna.get(OLIO)).says(sentence)
