"""The slip says what must be minded at the door, and what the packs are made of."""

from sqlalchemy import select, update

from app.catalog.models import Product
from app.commerce.documents import pdf
from app.commerce.orders import slips
from app.commerce.orders.models import Order
from app.delivery.models import Zone
from tests.cast import Browser, TestShop
from tests.commerce.sold import sell
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import press, to_delivery
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

ASKED = "18+: controllare il documento"
PACKED = [{"part": "bottiglia", "code": "GL 71"}, {"part": "tappo", "code": "FOR 51"}]


async def enzo(shop: TestShop) -> Browser:
    browser = shop.browser()
    await browser.sign_in("enzo@cantina.example")
    return browser


async def test_the_carrier_is_told_to_ask_for_a_document_where_there_is_alcohol(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, {"sangiovese": 1, "olio": 1})
    async with await enzo(shop) as winery:
        page = await winery.get(sold.desk("cantina", "/bolla"))
        assert page.says(ASKED)
        assert not page.says("nessuna consegna")
        assert (await winery.client.get(sold.desk("cantina", "/bolla.pdf"))).content.startswith(b"%PDF")
    assert not (await bruno.get(sold.desk("frantoio", "/bolla"))).says(ASKED)


async def test_the_codes_of_the_packs_stand_beside_the_products_that_say_them(shop: TestShop, bruno: Browser) -> None:
    await write(shop, update(Product).where(Product.id == shop.products["olio"]).values(packaging=PACKED))
    sold = await sell(shop, {"olio": 1, "aceto": 1})
    await write(shop, update(Product).where(Product.id == shop.products["aceto"]).values(packaging=[{"part": "x"}]))
    page = await bruno.get(sold.desk("frantoio", "/bolla"))
    assert page.says("Bottiglia GL 71 · Tappo FOR 51")
    async with shop.database.session(shop.id) as db:
        shown = await slips.slip(db, await facts_of(shop), shop.producers["frantoio"], sold.numbers["frantoio"])
    assert set(shown.packs) == {"OLIO"}
    assert all("GL 71" in pdf._beside(line, shown) for line in shown.order.lines if line.sku in shown.packs)


async def test_the_hours_without_alcohol_are_frozen_and_told(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await write(shop, update(Zone).values(dry_from=22, dry_until=7))
    for sku in ("sangiovese", "olio"):
        await put(anna, shop, sku)
    page = await to_delivery(anna)
    assert page.says("Alcolici: nessuna consegna fra le 22 e le 7.")
    await anna.follow(await anna.send("form[action='/cassa/consegna']", birth_date="1980-01-01"))
    answer = await press(anna)
    await write(shop, update(Zone).values(dry_from=None, dry_until=None))
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    await stripe.deliver()
    await shop.run_jobs()
    async with shop.database.session(shop.id) as db:
        orders = {order.producer_id: order for order in await db.scalars(select(Order))}
    wine, oil = (orders[shop.producers[slug]] for slug in ("cantina", "frantoio"))
    assert (wine.delivery["dry"], oil.delivery["dry"]) == ([22, 7], None)
    async with await enzo(shop) as winery:
        page = await winery.get(f"/banco/ordini/{wine.number}/bolla")
        assert page.says("Alcolici: nessuna consegna fra le 22 e le 7.")
