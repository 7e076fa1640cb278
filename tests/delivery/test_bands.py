"""What a parcel costs by its weight: the same on the product's page, in the list, the basket, checkout and order."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog.models import Variant
from app.commerce.orders.models import Order
from app.commerce.promotions import trying
from app.commerce.promotions.trying import Trial
from app.delivery.models import Zone
from app.kernel import clock
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import groups_of, press, to_delivery, to_review
from tests.commerce.test_placing import facts_of
from tests.queries import queries_of
from tests.stripe import Stripe

OIL = 500  # grams of a bottle, as it is sent


async def bands(shop: TestShop, code: str = "Z1", **values: Any) -> None:
    """Romagna: up to a kilogram 5,90, up to two 7,90, up to three 9,90, then nothing; free from 100,00."""
    steps = {"heavier": [[1000, 790], [2000, 990]], "most_g": 3000, "free_over_minor": 10_000}
    await write(shop, update(Zone).where(Zone.code == code).values(**{**steps, **values}))


async def test_page_basket_and_checkout_price_the_parcel_by_what_it_weighs(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await bands(shop)
    assert (await anna.get("/prodotti/olio?cap=47121")).says("consegna 5,90 €")
    review = await to_review(anna, shop, "olio", "olio", "olio")
    assert review.says("64,90 €"), "1,5 kg: 57,00 and 7,90"
    assert (await anna.get("/carrello")).says("7,90 €")
    await anna.get("/cassa/riepilogo")
    assert (await press(anna)).status_code == 303
    [group] = await groups_of(shop)
    async with shop.database.session(shop.id) as db:
        order = (await db.scalars(select(Order))).one()
    assert (group.delivery_minor, order.delivery_minor, order.delivery["weight_g"]) == (790, 790, 1500)


async def test_a_heavy_piece_costs_more_on_its_own_page(shop: TestShop, anna: Browser) -> None:
    await bands(shop)
    await write(shop, update(Variant).where(Variant.id == shop.variants["olio"]).values(weight_g=2500))
    assert (await anna.get("/prodotti/olio?cap=47121")).says("consegna 9,90 €")
    await write(shop, update(Variant).where(Variant.id == shop.variants["olio"]).values(weight_g=3001))
    page = await anna.get("/prodotti/olio?cap=47121")
    assert page.says("Fin qui arrivano pacchi fino a 3 kg, e questo pesa di più.")
    await bands(shop, per_kg_minor=100)
    assert (await anna.get("/prodotti/olio?cap=47121")).says("consegna 10,90 €")


async def test_a_list_tells_what_heavier_parcels_cost(shop: TestShop, anna: Browser) -> None:
    assert not (await anna.get("/prodotti?cap=47121")).says("fino a 1 kg")
    await bands(shop)
    page = await anna.get("/prodotti?cap=47121")
    assert page.says("A 47121: consegna da 5,90 € per ogni produttore")
    assert page.says("fino a 1 kg 5,90 €; fino a 2 kg 7,90 €; fino a 3 kg 9,90 €; oltre 3 kg non lo spediamo")


@pytest.mark.parametrize("code", ["", "/en", "/de", "/fr"])
async def test_the_public_page_shows_the_bands_in_every_language(shop: TestShop, anna: Browser, code: str) -> None:
    await bands(shop, per_kg_minor=120, dry_from=22, dry_until=7)
    page = await anna.get(f"{code}/spedizioni")
    assert page.status_code == 200
    for shown in ("7.90", "9.90", "1.20") if code == "/en" else ("7,90", "9,90", "1,20"):
        assert page.says(shown)


async def test_what_is_too_heavy_must_be_fetched_or_taken_out(shop: TestShop, anna: Browser) -> None:
    await bands(shop)
    await put(anna, shop, "olio", 7)
    await anna.post("/carrello/cap", {"cap": "47121"})
    assert (await anna.get("/carrello")).says(
        "questo pesa di più. Alla cassa puoi scegliere di ritirarli dal produttore."
    )
    page = await to_delivery(anna)
    assert [node.attributes["value"] for node in page.all(f"[name=method-{shop.producers['frantoio']}]")] == ["pickup"]


async def test_from_the_threshold_on_delivery_is_free_but_what_is_too_heavy_stays_so(
    shop: TestShop, anna: Browser
) -> None:
    await bands(shop, free_over_minor=4900)
    await put(anna, shop, "olio", 3)
    await anna.post("/carrello/cap", {"cap": "47121"})
    assert (await anna.get("/carrello")).says("gratis")
    await put(anna, shop, "olio", 4)
    assert (await anna.get("/carrello")).says("questo pesa di più")


async def test_each_producer_sends_his_own_weight(shop: TestShop, anna: Browser) -> None:
    await bands(shop)
    await put(anna, shop, "olio", 2)
    await put(anna, shop, "squacquerone", 4)  # 1,2 kg
    await anna.post("/carrello/cap", {"cap": "47121"})
    assert (await anna.get("/carrello")).says("13,80 €"), "5,90 and 7,90"


async def test_a_full_day_raises_the_price_of_the_band(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await bands(shop)
    await write(shop, update(Producer).values(daily_orders=1))
    await to_review(anna, shop, "olio", "olio", "olio")
    assert (await anna.get("/carrello")).says("7,90 €"), "nobody has ordered for that day"
    await anna.get("/cassa/riepilogo")
    location = (await press(anna)).headers["location"]
    await stripe.pay(location.rpartition("/")[2])
    await stripe.deliver()
    await shop.run_jobs()
    await to_review(anna, shop, "olio", "olio", "olio")
    assert (await anna.get("/carrello")).says("la consegna costa 9,48 € invece di 7,90 €"), "a fifth more"


async def test_a_zone_that_changes_while_somebody_checks_out_is_said_before_the_order(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await to_review(anna, shop, "olio", "olio", "olio")
    await bands(shop)
    answer = await press(anna)
    assert answer.status_code == 409
    assert answer.says("Il totale è cambiato mentre controllavi")
    assert await groups_of(shop) == []


async def test_an_order_that_waits_for_its_payment_keeps_its_fee(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await to_review(anna, shop, "olio", "olio", "olio")
    location = (await press(anna)).headers["location"]
    await bands(shop)
    await stripe.pay(location.rpartition("/")[2])
    await stripe.deliver()
    await shop.run_jobs()
    [group] = await groups_of(shop)
    assert (group.state, group.delivery_minor, group.total_minor) == ("paid", 0, 5700), "57,00 were above 49,00"


async def test_the_trial_of_promotions_weighs_too(shop: TestShop) -> None:
    await bands(shop)
    facts = await facts_of(shop)

    async def delivery(pieces: int) -> int | None:
        async with shop.database.session(shop.id) as db:
            trial = Trial([(shop.variants["olio"], pieces)], "", "47121", "", clock.now())
            return (await trying.tried(db, facts, trial)).delivery_minor

    assert [await delivery(pieces) for pieces in (2, 3, 4, 5)] == [590, 790, 790, 990]


async def test_weights_cost_no_statement(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio", 3)
    await anna.post("/carrello/cap", {"cap": "47121"})
    paths = ("/carrello", "/prodotti/olio?cap=47121", "/prodotti?cap=47121")
    before = [(await queries_of(anna, path))[1] for path in paths]
    await bands(shop)
    after = [(await queries_of(anna, path))[1] for path in paths]
    assert json.dumps(after) == json.dumps(before)


async def test_somebody_abroad_may_fetch_from_the_producer(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    """Reg. 2018/302: what is offered for pick-up is offered to everybody."""
    name = f"method-{shop.producers['frantoio']}"
    await put(anna, shop, "olio")
    page = await to_delivery(anna, country="DE", postal_code="10115", city="Berlin", phone="+49 30 901820")
    assert [node.attributes["value"] for node in page.all(f"[name={name}]")] == ["courier", "pickup"]
    page = await anna.follow(await anna.send("form[action='/cassa/consegna']", **{name: "pickup"}))
    assert page.says("Ritiro dal produttore: Via Roma 1, 48013 Brisighella (RA)")
    assert (await press(anna)).status_code == 303
    [group] = await groups_of(shop)
    assert (group.country, group.delivery_minor) == ("DE", 0)
