"""Nothing of a producer whose account cannot take transfers is published, listed, bought or ordered (P5)."""

import pytest
from sqlalchemy import select, update

from app.catalog import products
from app.catalog.indexed import IndexedProduct
from app.catalog.models import Product
from app.commerce.checkout.placing import NotInStock
from app.commerce.payouts import following
from app.kernel import clock
from app.kernel.db import transaction
from app.producers import selling
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce import test_placing as placings
from tests.commerce.payouts.test_connecting import mill, press, write
from tests.commerce.sold import audits, sell
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import groups_of, to_review
from tests.commerce.test_checkout import press as pay
from tests.queries import queries_of
from tests.stripe import Stripe

TOLD = "Per ora non si può ordinare: Frantoio Olivi sta sistemando il conto"


async def turn(stripe: Stripe, shop: TestShop, state: str) -> None:
    """Stripe turns the oil mill's transfers on or off, and tells us."""
    account = f"acct_test_{shop.id}_frantoio"
    with stripe.sandbox.state.transaction() as store:
        store.settle_at(account, f"http://{shop.host}")  # its news come to this shop
    await stripe.control("accounts", id=account, transfers=state)
    await stripe.deliver()
    await shop.run_jobs()


@pytest.fixture
async def halted(stripe: Stripe, shop: TestShop) -> TestShop:
    """The oil mill has sold until Stripe turned its transfers off."""
    await turn(stripe, shop, "pending")
    return shop


async def listed(shop: TestShop) -> bool:
    async with shop.database.session(shop.id) as db:
        found = select(IndexedProduct.product_id).where(IndexedProduct.product_id == shop.products["olio"])
        return await db.scalar(found) is not None


async def product(shop: TestShop, sku: str = "olio") -> Product:
    async with shop.database.session(shop.id) as db:
        return await db.get_one(Product, shop.products[sku])


async def test_the_product_page_says_it_instead_of_the_button(halted: TestShop, anna: Browser) -> None:
    page = await anna.get(f"/prodotti/{halted.slugs['olio']}")

    assert page.status_code == 200
    assert page.says(TOLD)
    assert not page.all(".product__buy form[action='/carrello/righe']")
    assert "schema.org/OutOfStock" in page.text
    other = await anna.get(f"/prodotti/{halted.slugs['squacquerone']}")
    assert other.all(".product__buy form[action='/carrello/righe']"), "another producer's goods are sold as before"


async def test_it_is_neither_listed_nor_found(halted: TestShop, anna: Browser) -> None:
    assert not await listed(halted)
    assert not (await anna.get("/cerca?q=olio")).all(".card a[href*='/prodotti/olio']")


async def test_it_cannot_be_put_into_the_basket(halted: TestShop, anna: Browser) -> None:
    page = await put(anna, halted, "olio")

    assert page.status_code == 422
    assert page.says(TOLD)
    assert not (await anna.get("/carrello")).all(".line")


async def test_what_lies_in_the_basket_says_it_and_keeps_from_the_checkout(
    stripe: Stripe, shop: TestShop, anna: Browser
) -> None:
    await put(anna, shop, "olio")
    await put(anna, shop, "squacquerone")
    await turn(stripe, shop, "pending")

    page = await anna.get("/carrello")
    assert page.says(TOLD)
    assert not page.all("a[href='/cassa']")
    assert (await anna.get("/cassa")).headers["location"] == "/carrello"

    await turn(stripe, shop, "active")
    assert (await anna.get("/carrello")).all("a[href='/cassa']")


async def test_turned_off_between_the_review_and_the_button_nothing_is_ordered(
    stripe: Stripe, shop: TestShop, anna: Browser
) -> None:
    await to_review(anna, shop, "olio")
    await turn(stripe, shop, "pending")

    answer = await pay(anna)

    assert answer.headers["location"] == "/carrello"
    assert (await anna.follow(answer)).says(TOLD)
    assert await groups_of(shop) == []
    assert await shop.available("olio") == 12


async def test_the_deed_of_placing_refuses_by_itself(shop: TestShop) -> None:
    facts = await placings.facts_of(shop)
    draft = await placings.checkout(shop, {"olio": 1})
    await write(shop, stripe_account=None)

    with pytest.raises(NotInStock, match="Per ora non si può ordinare"):
        await placings.press(shop, facts, draft)

    assert await placings.all_groups(shop) == []


@pytest.mark.parametrize("lacks", ["an account", "transfers"])
async def test_nothing_new_is_published(stripe: Stripe, shop: TestShop, bruno: Browser, lacks: str) -> None:
    if lacks == "transfers":
        await turn(stripe, shop, "pending")
    else:
        await write(shop, stripe_account=None)
    id_, maker = shop.products["olio"], shop.producers["frantoio"]
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == id_).values(published_at=None))

    answer = await bruno.post(f"/banco/prodotti/{id_}/pubblicazione", {"when": "now"})
    assert answer.status_code == 422
    assert answer.says("Prima serve il conto su cui ricevere i pagamenti")
    async with shop.database.session(shop.id) as db:
        with pytest.raises(products.Incomplete, match="Prima serve il conto"):
            async with transaction(db):
                await products.set_published(db, id_, maker, True)
    row = await product(shop)
    assert (row.published_at, row.is_complete) == (None, True)


async def test_the_gate_at_night_takes_nothing_off_for_it(halted: TestShop) -> None:
    async with halted.database.session(halted.id) as db, transaction(db):
        assert (await products.judge(db, [halted.products["olio"]]))[halted.products["olio"]] == []

    assert (await product(halted)).published_at is not None, "it is there again with the account"


async def test_with_the_account_all_is_there_again_and_both_turns_are_in_the_trail(
    halted: TestShop, stripe: Stripe, anna: Browser
) -> None:
    before = (await product(halted)).version
    await turn(stripe, halted, "active")

    assert await listed(halted)
    assert (await product(halted)).version > before, "cards and kept pages are made anew"
    assert (await anna.get(f"/prodotti/{halted.slugs['olio']}")).all(".product__buy form[action='/carrello/righe']")
    deeds = [entry.action for entry in await audits(halted)]
    assert deeds == ["producer.may_not_sell", "producer.may_sell"]
    await turn(stripe, halted, "active")
    assert len(await audits(halted)) == 2, "told again, nothing follows"


async def test_a_lost_webhook_is_made_good_by_the_daily_reading(stripe: Stripe, shop: TestShop) -> None:
    await stripe.control("accounts", id=f"acct_test_{shop.id}_frantoio", transfers="pending")
    await stripe.control("webhooks/drop")
    await following.refresh(shop.database, await placings.facts_of(shop), stripe.gateway)

    async with shop.database.session(shop.id) as db:
        assert not await selling.is_open(db, shop.producers["frantoio"])
        assert await selling.is_open(db, shop.producers["caseificio"])


async def test_an_account_that_was_only_opened_sells_nothing_yet(
    stripe: Stripe, shop: TestShop, bruno: Browser
) -> None:
    await write(shop, stripe_account=None)
    link = await press(bruno)
    maker = shop.producers["frantoio"]
    async with shop.database.session(shop.id) as db:
        assert not await selling.is_open(db, maker)

    await stripe.onboard(link, "complete")
    await stripe.deliver()
    await shop.run_jobs()

    async with shop.database.session(shop.id) as db:
        assert await selling.is_open(db, maker)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "cannot be ordered"), ("de", "bestellt werden"), ("fr", "commander")],
)
async def test_the_sentence_is_in_the_readers_language(
    halted: TestShop, anna: Browser, language: str, words: str
) -> None:
    page = await anna.get(f"/{language}/prodotti/{halted.slugs['olio']}")

    assert page.status_code == 200
    assert words in page.one(".product__buy").text()


# --- what is missing before the first sale


async def begin(shop: TestShop) -> None:
    """The oil mill is new: nothing is written about it, nothing is for sale, nobody shows it."""
    await write(shop, stripe_account=None, phone="", hidden_at=clock.now())
    async with shop.database.session(shop.id) as db, transaction(db):
        new = update(Product).where(Product.producer_id == shop.producers["frantoio"])
        await db.execute(new.values(published_at=None, is_complete=False))


async def finish(shop: TestShop) -> None:
    """Everything but the account."""
    row = await mill(shop)
    tax = {"regime": "RF01", "invoice_mandate": "2026-01-01"}
    await write(shop, phone="+390541555010", hidden_at=None, legal={**row.legal, **tax})
    async with shop.database.session(shop.id) as db, transaction(db):
        ready = update(Product).where(Product.id == shop.products["olio"])
        await db.execute(ready.values(published_at=clock.now(), is_complete=True))


async def test_a_new_producer_reads_what_is_missing_with_links(shop: TestShop, bruno: Browser) -> None:
    await begin(shop)
    page = await bruno.get("/banco")

    assert page.says("Prima di vendere")
    links = [link.attributes["href"] for link in page.all("section[aria-labelledby='beginning'] a")]
    assert links == [
        "/banco/incassi/conto",
        "/banco/dati-fiscali",
        "/banco/pagina",
        "/banco/prodotti",
        "/banco/prodotti",
    ]
    for link in dict.fromkeys(links):
        assert (await bruno.get(str(link))).status_code == 200
    assert page.says("1 di 8 fatti"), "the shop has its days of delivery"


async def test_the_list_goes_when_nothing_is_missing(stripe: Stripe, shop: TestShop, bruno: Browser) -> None:
    await begin(shop)
    await finish(shop)
    await stripe.onboard(await press(bruno), "half")
    await bruno.get("/banco/incassi/conto")
    assert (await bruno.get("/banco")).says("Manca: un documento d’identità")

    await stripe.onboard(await press(bruno), "complete")
    await bruno.get("/banco/incassi/conto")

    assert not (await bruno.get("/banco")).all("#beginning")


async def test_who_has_sold_reads_of_his_account_only(stripe: Stripe, shop: TestShop, bruno: Browser) -> None:
    await sell(shop, {"olio": 1})
    assert not (await bruno.get("/banco")).all("#beginning"), "tax data are asked for where documents are"

    await turn(stripe, shop, "pending")

    steps = (await bruno.get("/banco")).all("section[aria-labelledby='beginning'] li")
    assert len(steps) == 2


async def test_a_helper_is_told_who_does_it(shop: TestShop) -> None:
    await begin(shop)
    async with shop.browser() as bice:
        await bice.sign_in("bice@frantoio.example")
        page = await bice.get("/banco")

    links = [link.attributes["href"] for link in page.all("section[aria-labelledby='beginning'] a")]
    assert set(links) == {"/banco/prodotti"}
    assert page.says("Lo fa il titolare.")


async def test_staff_see_the_same_beside_each_producer(shop: TestShop, dora: Browser) -> None:
    await begin(shop)
    page, few = await queries_of(dora, "/amministrazione/produttori")

    row = next(row.text() for row in page.all("main tbody tr") if "Frantoio" in row.text())
    assert "il conto Stripe, i dati e l’identità da Stripe, i dati fiscali, l’indirizzo dei resi" in row
    async with shop.database.session(shop.id) as db, transaction(db):
        facts = {column.name: getattr(await mill(shop), column.name) for column in Producer.__table__.columns}
        db.add_all(Producer(**{**facts, "id": None, "slug": f"frantoio-{n}"}) for n in range(5))
    _, many = await queries_of(dora, "/amministrazione/produttori")
    assert many == few


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_the_list_is_there_in_every_language(
    shop: TestShop, bruno: Browser, dora: Browser, language: str
) -> None:
    await begin(shop)
    assert (await bruno.get(f"/{language}/banco")).all("#beginning")
    assert (await dora.get(f"/{language}/amministrazione/produttori")).status_code == 200
