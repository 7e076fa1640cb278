"""Campaigns begin and end by themselves; the log knows every price, and pages say no more than the log allows."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.catalog import products
from app.catalog.models import Product
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.outbox import Job
from app.pricing import campaigns
from app.pricing.models import Campaign, CampaignPrice
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop
from tests.pricing import past


async def at(shop: TestShop, hours: float) -> None:
    """Some hours later, all due work done."""
    with clock.shifted(timedelta(hours=hours)):
        await shop.run_jobs()


async def set_price(shop: TestShop, sku: str, price: int) -> None:
    before = (await past.variant(shop, sku)).price_minor
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_price(
            db, shop.variants[sku], shop.producers["frantoio"], price, was=before, actor_id=None
        )  # fmt: skip


async def states(shop: TestShop, campaign_id: int) -> list[str]:
    async with shop.database.session(shop.id) as db:
        rows = select(CampaignPrice.state).where(CampaignPrice.campaign_id == campaign_id)
        return list(await db.scalars(rows.order_by(CampaignPrice.variant_id)))


async def test_a_campaign_sets_its_price_and_gives_the_one_before_back(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 1, 48, olio=1600)

    assert (await past.variant(shop, "olio")).price_minor == 2000
    await at(shop, 2)
    assert (await past.variant(shop, "olio")).price_minor == 1600
    assert await past.said(shop, "olio") == ("low", 2000, 20, None)
    await at(shop, 49)
    assert (await past.variant(shop, "olio")).price_minor == 2000
    assert await past.said(shop, "olio") is None
    assert await states(shop, made) == ["back"]
    assert await past.log(shop, "olio") == [(2000, "changed"), (1600, "campaign"), (2000, "campaign_end")]


async def test_beginning_and_ending_twice_changes_nothing_more(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 0, 48, olio=1600)
    for hours in (0, 49):
        for _again in range(3):
            with clock.shifted(timedelta(hours=hours)):
                async with shop.database.session(shop.id) as db, transaction(db):
                    await campaigns.turn(db, made)
                    await campaigns.begin(db, made)

    assert len(await past.log(shop, "olio")) == 3


async def test_a_campaign_that_begins_now_has_begun(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 1500), (10, 1800))
    await past.campaign(shop, 0, 48, olio=1200)

    for path in ("/prodotti/olio", "/prodotti", "/cerca?q=olio", "/"):
        page = await anna.get(path)
        assert page.says("Prezzo più basso degli ultimi 30 giorni: 15,00"), path
        assert "−20" in page.one(".price__cut").text()
        assert page.one(".price--offer s").text() == "15,00\xa0€"
        assert not page.says("18,00")
    assert (await anna.get("/prodotti/olio")).one(".price__now .sr").text().strip() == "Prezzo attuale:"


async def test_nothing_looks_like_a_reduction_when_the_low_is_as_low(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 1200), (10, 1560))
    await past.campaign(shop, 0, 48, olio=1200)

    page = await anna.get("/prodotti/olio")
    assert page.says("12,00")
    assert not page.all(".price__cut, .price--offer, .price__before, s")


async def test_the_unit_price_is_that_of_the_sale(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    assert (await anna.get("/prodotti/olio")).one(".product__buy .price__unit").text() == "40,00\xa0€/l"
    await past.campaign(shop, 0, 48, olio=1600)

    assert (await anna.get("/prodotti/olio")).one(".product__buy .price__unit").text() == "32,00\xa0€/l"


@pytest.mark.parametrize(("perishable", "line"), [(True, "Prima: 4,90"), (False, "ultimi 30 giorni: 4,00")])
async def test_an_expiry_markdown_of_fresh_cheese_and_of_hard_cheese(
    shop: TestShop, anna: Browser, perishable: bool, line: str
) -> None:
    await past.cost(shop, "olio", (300, 490), (20, 400), (10, 490))
    async with shop.database.session(shop.id) as db, transaction(db):
        row = (await db.scalars(select(Product).where(Product.id == shop.products["olio"]))).one()
        row.food = {**row.food, "omnibus_perishable": perishable}
    await past.campaign(shop, 0, 48, kind="expiry", olio=350)

    page = await anna.get("/prodotti/olio")
    assert page.says(line)
    assert page.says("ultimi 30 giorni") is not perishable


async def test_a_product_twelve_days_old_says_so(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (20, 2500), (12, 2000), on_sale_days=12)
    await past.campaign(shop, 0, 48, olio=1600)

    assert (await anna.get("/prodotti/olio")).says("Prezzo più basso dal lancio (12 giorni): 20,00")


async def test_going_off_sale_and_back_does_not_forget_what_it_cost(shop: TestShop) -> None:
    await past.cost(shop, "olio", (60, 1500), on_sale_days=60)
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_published(db, shop.products["olio"], shop.producers["frantoio"], False)
    await set_price(shop, "olio", 3000)
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_published(db, shop.products["olio"], shop.producers["frantoio"], True)
    with clock.shifted(timedelta(days=2)):
        await past.campaign(shop, 0, 48, olio=2000)

    assert await past.said(shop, "olio") is None


async def test_steps_without_a_gap_keep_the_first_reference(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    first = await past.campaign(shop, 0, 24, olio=1800)
    async with shop.database.session(shop.id) as db, transaction(db):
        ends = await db.scalar(select(Campaign.ends_at).where(Campaign.id == first))
        assert ends is not None
        following = campaigns.Draft("Poi", "sale", ends, ends + timedelta(hours=24), {shop.variants["olio"]: 1600})
        second = (await campaigns.make(db, past.person(shop), shop.producers["frantoio"], following)).id

    assert await past.said(shop, "olio") == ("low", 2000, 10, None)
    await at(shop, 25)
    assert await past.said(shop, "olio") == ("low", 2000, 20, None)
    assert (await states(shop, first), await states(shop, second)) == (["handed_on"], ["on"])
    await at(shop, 49)
    assert await past.log(shop, "olio") == [
        (2000, "changed"), (1800, "campaign"), (1600, "campaign"), (2000, "campaign_end"),
    ]  # fmt: skip


async def test_after_a_gap_the_reference_is_the_last_sale(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 0, 24, olio=1800)
    await past.campaign(shop, 30, 60, olio=1600)
    await at(shop, 25)
    assert await past.said(shop, "olio") is None
    await at(shop, 31)

    assert await past.said(shop, "olio") == ("low", 1800, 11, None)


async def test_work_that_comes_late_still_gives_the_right_price_back(shop: TestShop) -> None:
    """The jobs slept over the end of one campaign and the beginning of the next."""
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 0, 24, olio=1800)
    await past.campaign(shop, 30, 60, olio=1600)
    await past.campaign(shop, 70, 80, olio=1500)
    await at(shop, 50)
    assert (await past.variant(shop, "olio")).price_minor == 1600
    await at(shop, 90)

    assert (await past.variant(shop, "olio")).price_minor == 2000


async def test_a_price_set_by_hand_leaves_the_campaign_and_stays(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 0, 48, olio=1600)
    await set_price(shop, "olio", 1900)

    assert await past.said(shop, "olio") is None
    await at(shop, 49)
    assert (await past.variant(shop, "olio")).price_minor == 1900
    assert await states(shop, made) == ["left"]


async def test_a_price_that_has_fallen_below_the_campaign_is_left_alone(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    made = await past.campaign(shop, 1, 48, olio=1600)
    await set_price(shop, "olio", 1500)
    await at(shop, 2)

    assert (await past.variant(shop, "olio")).price_minor == 1500
    assert await states(shop, made) == ["skipped"]


async def test_stopping_early_and_calling_off(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    running, planned = await past.campaign(shop, 0, 48, olio=1600), await past.campaign(shop, 60, 70, olio=1500)
    for campaign_id in (running, planned):
        async with shop.database.session(shop.id) as db, transaction(db):
            assert await campaigns.stop(db, past.person(shop), shop.producers["frantoio"], campaign_id)
            assert not await campaigns.stop(db, past.person(shop), shop.producers["frantoio"], campaign_id)
    assert (await past.variant(shop, "olio")).price_minor == 2000
    await at(shop, 65)

    assert (await past.variant(shop, "olio")).price_minor == 2000
    async with shop.database.session(shop.id) as db:
        found = {row.id: row.state for row in await db.scalars(select(Campaign))}
        told = list(await db.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert found == {running: "over", planned: "called_off"}
    assert told == ["campaign.make", "campaign.begin", "campaign.make", "campaign.stop", "campaign.stop"]


@pytest.mark.parametrize(
    ("starts", "ends", "price", "sentence"),
    [
        (5, 5, 1000, "Deve finire dopo"),
        (-9, -1, 1000, "Deve finire dopo"),
        (0, 24 * 61, 1000, "al massimo 60 giorni"),
        (24 * 400, 24 * 401, 1000, "entro un anno"),
        (0, 5, 2000, "Qualche prezzo"),
        (0, 5, 0, "Qualche prezzo"),
    ],
)
async def test_what_cannot_be_is_refused(shop: TestShop, starts: int, ends: int, price: int, sentence: str) -> None:
    await past.cost(shop, "olio", (300, 2000))

    with pytest.raises(Refused, match=sentence):
        await past.campaign(shop, starts, ends, olio=price)


async def test_one_price_is_in_one_campaign_at_a_time(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 0, 48, olio=1600)

    with pytest.raises(campaigns.PricesRefused) as no:
        await past.campaign(shop, 40, 60, olio=1500)
    assert no.value.rows == {shop.variants["olio"]: "In quei giorni è già nell’offerta «Prova»."}


async def test_a_launch_price_is_the_first_that_the_public_sees(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (5, 2000))
    with pytest.raises(campaigns.PricesRefused, match="Qualche prezzo"):
        await past.campaign(shop, 0, 48, kind="launch", olio=1500)
    async with shop.database.session(shop.id) as db, transaction(db):
        unseen = {"first_published_at": None, "published_at": None}
        await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(unseen))
    await past.campaign(shop, 0, 48, kind="launch", olio=1500)
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.set_published(db, shop.products["olio"], shop.producers["frantoio"], True)

    page = await anna.get("/prodotti/olio")
    assert page.says("Prezzo di lancio")
    assert not page.all("s, .price__cut")


async def test_nobody_prices_what_is_anothers(shop: TestShop, other_shop: TestShop) -> None:
    for variant_id in (shop.variants["squacquerone"], other_shop.variants["olio"]):
        draft = campaigns.Draft("X", "sale", clock.now(), past.after(5), {variant_id: 1})
        with pytest.raises(NotFound):
            async with shop.database.session(shop.id) as db, transaction(db):
                await campaigns.make(db, past.person(shop), shop.producers["frantoio"], draft)


async def test_after_sixty_days_the_reduced_price_is_the_price(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    starts = clock.now()
    for days in (30, 40):  # one after the other without a gap
        draft = campaigns.Draft("M", "sale", starts, starts + timedelta(days=days), {shop.variants["olio"]: 1600})
        async with shop.database.session(shop.id) as db, transaction(db):
            await campaigns.make(db, past.person(shop), shop.producers["frantoio"], draft)
        starts = draft.ends_at
    await at(shop, 24 * 59)
    assert await past.said(shop, "olio") == ("low", 2000, 20, None)
    version = select(Product.version).where(Product.id == shop.products["olio"])
    with clock.shifted(timedelta(days=62)):
        async with shop.database.session(shop.id) as db, transaction(db):
            before = await db.scalar(version)
            now = clock.now()
            db.add(Job(shop_id=shop.id, name="pricing.judge_again", payload={}, run_at=now, created_at=now))
        await shop.run_jobs()

    assert await past.said(shop, "olio") is None
    assert (await past.variant(shop, "olio")).price_minor == 1600
    async with shop.database.session(shop.id) as db:
        assert (await db.scalar(version) or 0) > (before or 0)


async def test_whoever_waits_for_a_lower_price_hears_of_it(shop: TestShop) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 0, 48, olio=1600)

    async with shop.database.session(shop.id) as db:
        jobs = select(func.count()).where(Job.name == "engagement.price_changed")
        assert await db.scalar(jobs) == 1
