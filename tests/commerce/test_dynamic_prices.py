"""Rules that wait for the basket: many pieces cost less, full days make delivery dearer; and the staff's own rules."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select, update

from app.catalog.models import Product, Variant
from app.commerce.orders.models import Order, OrderLine
from app.delivery import demand
from app.kernel import clock
from app.kernel.db import transaction
from app.pricing.rules.models import PricingRule
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy
from tests.commerce.props import Placed
from tests.commerce.sold import audits
from tests.commerce.test_checkout import groups_of, press, to_delivery, to_review
from tests.pricing.rules.test_scanning import price, rows
from tests.stripe import Stripe

DESK, OFFICE = "/banco/prezzi-dinamici", "/amministrazione/prezzi-dinamici"
BULK = {"kind": "bulk", "action": "percent", "value": "5", "min_quantity": "6", "step": "save"}
WEDNESDAY = datetime(2026, 11, 18, 8, tzinfo=UTC)  # nine in Rome: today's parcels have not left


async def test_six_pieces_cost_less_from_the_page_to_the_order(
    shop: TestShop, carlo: Browser, anna: Browser, stripe: Stripe
) -> None:
    assert (await carlo.post(DESK, {**BULK, "step": "look"})).says("4,65 € invece di 4,90 €")
    assert (await carlo.post(DESK, BULK)).status_code == 303
    assert (await carlo.post(DESK, {**BULK, "value": "90", "min_quantity": "10"})).status_code == 303
    page = await anna.get("/prodotti/squacquerone")
    assert page.says("da 6 pezzi 4,65 € 15,50 €/kg 0,25 € l’uno")
    assert page.says("da 10 pezzi 2,45 €"), "the floor: half the price"
    assert not (await anna.get("/prodotti/olio")).says("Quanti ne prendi")

    page = await anna.swap("/carrello/righe", {"variant_id": str(shop.variants["squacquerone"]), "quantity": "6"})
    assert page.says("6 × 4,65 €")
    page = await anna.get("/carrello")
    assert page.says("Da 6 pezzi: −5% · risparmi 1,50 €")
    assert page.says("27,90 €")
    await to_delivery(anna)
    page = await anna.follow(await anna.send("form[action='/cassa/consegna']"))
    assert page.says("Da 6 pezzi: −5% · risparmi 1,50 €")
    seen = page
    [rule, _other] = await rows(shop, PricingRule)
    await carlo.post(f"{DESK}/{rule.id}/togli")
    anna.page = seen
    page = await press(anna)
    assert page.status_code == 409, "what was seen is not so any more"
    assert page.says("29,40 €")
    assert await groups_of(shop) == []
    await carlo.post(DESK, BULK)
    anna.page = await anna.get("/cassa/riepilogo")
    assert (await press(anna)).status_code == 303

    [line] = await rows(shop, OrderLine)
    assert (line.unit_price_minor, line.gross_minor, line.snapshot["bulk"]["window_minor"]) == (465, 2790, 490)
    assert line.snapshot["bulk"]["reason"]["it"] == "Da 6 pezzi: −5%"
    assert set(line.snapshot["bulk"]["reason"]) == {"it", "en", "de", "fr"}


async def test_a_full_day_makes_the_delivery_dearer_and_says_so_before_the_choice(
    shop: TestShop, bruno: Browser, anna: Browser, order: Placed
) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(published_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with clock.frozen(WEDNESDAY):
        await buy(order)
        orders = await rows(shop, Order)
        assert {row.ship_by.isoformat() for row in orders} == {"2026-11-18"}
        assert not (await to_review(anna, shop, "olio")).says("degli ordini"), "nobody has said how many he can send"
        page = await bruno.post(f"{DESK}/limiti", {"floor_percent": "50", "daily_orders": "2"})
        assert page.status_code == 303
        said = "mercoledì 18 novembre il produttore ha già il 50% degli ordini che riesce a spedire: "
        assert (await anna.get("/carrello")).says(f"{said}la consegna costa 6,19 € invece di 5,90 €.")
        page = await anna.get("/cassa/consegna")
        assert page.says(f"{said}la consegna costa 6,19 € invece di 5,90 €.")
        await anna.get("/cassa/riepilogo")
        await press(anna)  # a payment page of the past cannot be opened; the order is there
    placed = max(await rows(shop, Order), key=lambda row: row.id)
    assert placed.delivery_minor == 619
    assert placed.delivery["surge"] == {
        "day": "2026-11-18", "demand": "0.50", "plain_minor": 590, "fee_minor": 619
    }  # fmt: skip
    assert demand.ratio(9, 10) == Decimal("0.9")
    assert demand.ratio(12, 10) == 1


async def test_page_list_basket_and_checkout_say_the_same_cost_of_a_delivery(
    shop: TestShop, anna: Browser, order: Placed
) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(published_at=datetime(2026, 1, 1, tzinfo=UTC)))
    await shop.reindex()
    with clock.frozen(WEDNESDAY):
        await buy(order)
        page = await anna.get("/prodotti/olio?cap=47121")
        assert page.says("consegna 5,90 €")
        assert not page.says("degli ordini"), "nobody has said how many he can send"
        assert not (await anna.get("/prodotti?cap=47121")).says("degli ordini")
        async with shop.database.session(shop.id) as db, transaction(db):
            frantoio = Producer.id == shop.producers["frantoio"]
            await db.execute(update(Producer).where(frantoio).values(daily_orders=1))

        estimate = await anna.get("/prodotti/olio?cap=47121")
        assert estimate.says("consegna 7,08 €")
        said = "mercoledì 18 novembre il produttore ha già il 100% degli ordini che riesce a spedire: "
        said += "la consegna costa 7,08 € invece di 5,90 €."
        assert estimate.says(said)
        assert not (await anna.get("/prodotti/squacquerone?cap=47121")).says("degli ordini"), "his day is not full"
        everything = await anna.get("/prodotti?cap=47121")
        assert everything.says("A 47121: consegna 5,90 € per ogni produttore · gratis se da lui prendi almeno 49,00 €")
        assert everything.says(f"Frantoio Olivi: {said}")
        assert not (await anna.get("/produttori/caseificio?cap=47121")).says(said), "a list without his goods"

        review = await to_review(anna, shop, "olio")
        assert review.says(said)
        assert review.says("7,08 €")
        basket = await anna.get("/carrello")
        assert basket.says(said)
        assert basket.says("7,08 €")
        await anna.get("/cassa/riepilogo")
        await press(anna)
        for prefix in ("/en", "/de", "/fr"):
            assert (await anna.get(f"{prefix}/prodotti?cap=47121")).status_code == 200
    placed = max(await rows(shop, Order), key=lambda row: row.id)
    assert (placed.delivery_minor, placed.delivery["surge"]["plain_minor"]) == (708, 590)


async def test_what_is_worth_a_free_delivery_has_no_full_days(shop: TestShop, anna: Browser, order: Placed) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(published_at=datetime(2026, 1, 1, tzinfo=UTC)))
        await db.execute(update(Variant).where(Variant.id == shop.variants["olio"]).values(price_minor=4900))
        await db.execute(update(Producer).values(daily_orders=1))
    with clock.frozen(WEDNESDAY):
        await buy(order)
        page = await anna.get("/prodotti/olio?cap=47121")
    assert page.says("consegna gratis")
    assert not page.says("degli ordini")


async def test_staff_have_rules_for_the_whole_shop(shop: TestShop, dora: Browser, bruno: Browser) -> None:
    hours = {"kind": "hours", "action": "percent", "value": "10", "hour_from": "9", "hour_to": "12"}
    with clock.frozen(WEDNESDAY):
        page = await dora.post(OFFICE, {**hours, "step": "look"})
        assert page.says("Cambierebbe 5 prezzi su 5.")
        assert page.says("17,10 € invece di 19,00 €")
        assert await rows(shop, PricingRule) == []
        assert (await dora.post(OFFICE, {**hours, "step": "save"})).status_code == 303
        await shop.run_jobs()
        assert (await price(shop, "olio"), await price(shop, "sangiovese")) == (1710, 1062)
        [rule] = await rows(shop, PricingRule)
        page = await dora.get(f"{OFFICE}/{rule.id}")
        assert page.one("#value").attributes["value"] == "10"
        assert (await dora.post(f"{OFFICE}/{rule.id}", {**hours, "value": "20", "step": "save"})).status_code == 303
        await shop.run_jobs()
    with clock.frozen(WEDNESDAY.replace(second=2)):
        await shop.run_jobs()
        assert await price(shop, "olio") == 1520
        assert (await bruno.get(DESK)).says("Dalle 9 alle 12: −20%")
        assert (await bruno.post(f"{OFFICE}/{rule.id}/ferma")).status_code == 403
        page = await dora.follow(await dora.post(f"{OFFICE}/{rule.id}/ferma"))
        assert page.says("Era già ferma."), "another has taken its place"
        [new] = [row for row in await rows(shop, PricingRule) if row.ended_at is None]
        await dora.post(f"{OFFICE}/{new.id}/ferma")
        await shop.run_jobs()
        assert await price(shop, "olio") == 1900
    assert {"rule.add", "rule.change", "rule.remove"} <= {entry.action for entry in await audits(shop)}


async def test_a_rule_for_full_days_is_the_staffs_and_only_adds(shop: TestShop, dora: Browser, carlo: Browser) -> None:
    surge = {"kind": "surge", "action": "percent", "value": "10", "min_demand": "40", "zones": ["Z1"], "step": "look"}
    page = await dora.post(OFFICE, surge)
    assert page.says("5,90 € → 6,49 €")
    assert page.says("9,90 € → 9,90 €"), "another zone"
    for wrong, field in (({"min_demand": ""}, "min_demand"), ({"value": "150"}, "value"), ({"kind": "slot"}, "kind")):
        page = await dora.post(OFFICE, {**surge, **wrong})
        assert page.status_code == 422
        assert page.one(f"#{field}-error")
    assert (await dora.post(OFFICE, {**surge, "step": "save"})).status_code == 303
    assert (await dora.get(OFFICE)).says("Giornata piena almeno al 40%, zone Z1: consegna +10%")
    assert (await carlo.post(DESK, {**surge, "step": "save"})).status_code == 422
    for prefix in ("/en", "/de", "/fr"):
        assert (await dora.get(f"{prefix}{OFFICE}/nuova")).status_code == 200
    async with shop.database.session(shop.id) as db:
        assert len(list(await db.scalars(select(PricingRule)))) == 1
