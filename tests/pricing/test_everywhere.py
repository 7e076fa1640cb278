"""A reduced price says the same in the basket, in mails, on kept pages, in four languages; and two at once make one."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.catalog import products
from app.catalog.models import Product, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.pricing import campaigns
from app.pricing.campaigns import Draft, PricesRefused
from app.pricing.models import Campaign
from tests.cast import Browser, TestShop
from tests.engagement.props import LEO, mails, waits
from tests.pricing import past
from tests.queries import queries_of


async def put(browser: Browser, shop: TestShop, sku: str, quantity: int = 1) -> None:
    await browser.post("/carrello/righe", {"variant_id": shop.variants[sku], "quantity": str(quantity)})


async def test_the_basket_says_what_the_page_says(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 1500), (10, 1800))
    await past.cost(shop, "aceto", (300, 1000), (10, 1300))
    await past.campaign(shop, 0, 48, olio=1200, aceto=1000)
    for sku in ("olio", "aceto"):
        await put(anna, shop, sku, 2)
    page = await anna.get("/carrello")
    oil, vinegar = page.all(".line")

    assert "−20" in oil.css_first(".price__cut").text()
    assert "Prezzo più basso degli ultimi 30 giorni: 15,00" in " ".join(oil.text(separator=" ").split())
    assert "18,00" not in oil.text()
    assert not vinegar.css(".price__cut, .price__before, s"), "10 euros was its price within the month (L2)"


@pytest.mark.parametrize(
    ("prefix", "words"),
    [("", "degli ultimi 30 giorni"), ("/en", "30"), ("/de", "30"), ("/fr", "30")],
)
async def test_in_each_language(shop: TestShop, anna: Browser, prefix: str, words: str) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 0, 48, olio=1600)
    page = await anna.get(f"{prefix}/prodotti/olio")

    assert words in page.one(".product__buy .price__before").text()
    assert page.one(".product__buy s").text()
    assert page.one(".product__buy .price__until").text()


async def test_the_page_says_until_which_day(shop: TestShop, anna: Browser) -> None:
    """It ends at midnight: the day before is its last."""
    await past.cost(shop, "olio", (300, 2000))
    midnight = clock.now().replace(hour=23, minute=0, second=0, microsecond=0)
    draft = Draft("M", "sale", clock.now(), midnight + timedelta(days=3), {shop.variants["olio"]: 1600})
    async with shop.database.session(shop.id) as db, transaction(db):
        await campaigns.make(db, past.person(shop), shop.producers["frantoio"], draft)
    until = (await anna.get("/prodotti/olio")).one(".price__until").text()

    assert str((midnight + timedelta(days=3) - timedelta(seconds=1)).astimezone(past.ROME).day) in until.split()


async def test_a_kept_page_is_dropped_when_a_campaign_begins_and_when_it_ends(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 1, 24, olio=1600)
    paths = ("/", "/prodotti", "/prodotti/olio", "/produttori/frantoio", "/cerca?q=olio")
    prices = {}
    for hours, expected in ((0, "20,00"), (2, "16,00"), (25, "20,00")):
        with clock.shifted(timedelta(hours=hours)):
            await shop.run_jobs()
            for path in paths:
                prices = {path: (await queries_of(anna, path))[0] for path in paths}
        for path, page in prices.items():
            assert any(expected in price.text() for price in page.all(".price__now")), (path, hours)
            assert bool(page.all(".price__cut")) is (expected == "16,00"), (path, hours)


async def test_whoever_waited_reads_the_words_of_the_page(shop: TestShop, anna: Browser) -> None:
    """Steps of one reduction: the page shows 20, and so does the mail (L4)."""
    await past.cost(shop, "olio", (300, 2000))
    first = await past.campaign(shop, 0, 24, olio=1800)
    async with shop.database.session(shop.id) as db, transaction(db):
        ends = await db.scalar(select(Campaign.ends_at).where(Campaign.id == first))
        assert ends is not None
        then = Draft("Poi", "sale", ends, ends + timedelta(hours=24), {shop.variants["olio"]: 1600})
        await campaigns.make(db, past.person(shop), shop.producers["frantoio"], then)
    await waits(shop, anna, "olio", "price", target="17")
    with clock.shifted(timedelta(hours=25)):
        await shop.run_jobs()
    (mail,) = await mails(shop, LEO, "alert.price")

    assert "16,00" in mail.text
    assert "Prezzo più basso dei 30 giorni precedenti: 20,00" in mail.text


@pytest.mark.parametrize(
    ("kind", "line"), [("previous", "Prima costava 20,00"), ("launched", "da quando è in vendita")]
)
async def test_a_mail_about_fresh_or_new_things(shop: TestShop, anna: Browser, kind: str, line: str) -> None:
    await past.cost(shop, "olio", (12, 2000), on_sale_days=12)
    async with shop.database.session(shop.id) as db, transaction(db):
        row = (await db.scalars(select(Product).where(Product.id == shop.products["olio"]))).one()
        row.food = {**row.food, "omnibus_perishable": kind == "previous"}
    await waits(shop, anna, "olio", "price", target="17")
    await past.campaign(shop, 0, 24, olio=1600)
    await shop.run_jobs()
    (mail,) = await mails(shop, LEO, "alert.price")

    assert line in mail.text


async def test_another_format_that_is_reduced_says_so_beside_its_price(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.cost(shop, "aceto", (300, 3000))
    async with shop.database.session(shop.id) as db, transaction(db):
        larger = {"product_id": shop.products["olio"], "position": 9}
        await db.execute(update(Variant).where(Variant.id == shop.variants["aceto"]).values(**larger))
    await past.campaign(shop, 0, 48, aceto=2400)
    page = await anna.get("/prodotti/olio")

    assert page.one(".formats s").text().startswith("30,00")
    assert not page.all(".product__buy > .price s")


async def test_two_tabs_that_make_the_same_campaign_make_one(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))

    async def make() -> str:
        try:
            await past.campaign(shop, 0, 48, olio=1600)
        except PricesRefused as no:
            return no.rows[shop.variants["olio"]]
        return "made"

    outcomes = sorted(await asyncio.gather(*(make() for _tab in range(4))))

    assert outcomes == ["In quei giorni è già nell’offerta «Prova»."] * 3 + ["made"]
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count(Campaign.id))) == 1
    assert await past.log(shop, "olio") == [(2000, "changed"), (1600, "campaign")]


async def test_two_workers_that_turn_the_same_campaign_write_each_price_once(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 1, 48, olio=1600)

    async def turn() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            await campaigns.turn(db, made)

    for hours, length in ((2, 2), (49, 3)):
        with clock.shifted(timedelta(hours=hours)):
            await asyncio.gather(*(turn() for _worker in range(4)))
        assert len(await past.log(shop, "olio")) == length


async def test_a_price_set_while_a_campaign_begins_is_not_lost(shop: TestShop) -> None:
    """Whoever comes second sees what the first has done: both prices are in the log, and the last one holds."""
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 1, 48, olio=1600)

    async def by_hand() -> bool:
        try:
            async with shop.database.session(shop.id) as db, transaction(db):
                mine = shop.producers["frantoio"]
                await products.set_price(db, shop.variants["olio"], mine, 1900, was=2000, actor_id=None)
        except Refused:
            return False
        return True

    async def begin() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            await campaigns.turn(db, made)

    with clock.shifted(timedelta(hours=2)):
        written, _ = await asyncio.gather(by_hand(), begin())
        log = await past.log(shop, "olio")

    assert (await past.variant(shop, "olio")).price_minor == log[-1][0]
    assert ((1900, "changed") in log) is written


async def test_what_the_desk_did_is_in_the_audit_trail(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    today = clock.today("Europe/Rome")
    sent = {
        "name": "X", "kind": "sale", "first_day": today.isoformat(), "last_day": today.isoformat(), "percent": "10",
        "step": "make", f"pick-{shop.variants['olio']}": "1", f"price-{shop.variants['olio']}": "",
    }  # fmt: skip
    page = await bruno.follow(await bruno.post("/banco/offerte", sent))
    await bruno.post(page.one("main form").attributes["action"] or "")
    entries = [(entry.action, entry.actor_id == shop.users[past.BRUNO]) for entry in await past.audits(shop)]

    assert entries == [("campaign.make", True), ("campaign.begin", False), ("campaign.stop", True)]
