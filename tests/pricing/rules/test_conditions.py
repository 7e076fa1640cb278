"""A rule may carry several conditions, and all of them must hold."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from app.catalog.models import Product
from app.kernel import clock
from app.kernel.db import transaction
from app.pricing.rules.models import PricingRule
from tests.cast import Browser, TestShop
from tests.pricing.rules.test_scanning import BASE, EXPIRY, NOON, at, dates, price, rows

OFFICE = "/amministrazione/prezzi-dinamici"
EVENING = {**EXPIRY, "hour_from": "17", "hour_to": "19"}  # near its date, and only then
MANY = {
    "kind": "bulk", "action": "percent", "value": "10", "min_quantity": "3", "max_days": "2", "hour_from": "17",
    "hour_to": "19", "step": "save",
}  # fmt: skip
SURGE = {
    "kind": "surge", "action": "percent", "value": "10", "min_demand": "40", "zones": ["Z1"], "hour_from": "17",
    "hour_to": "19", "step": "look",
}  # fmt: skip
FIVE = datetime(2026, 11, 18, 16, 30, tzinfo=UTC)  # half past, in Rome


async def test_near_its_date_only_in_the_evening(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        page = await carlo.post(BASE, {**EVENING, "step": "look"})
        assert page.says("3,92 € invece di 4,90 €"), "as it will be at five"
        assert page.one("#hour_from").attributes["value"] == "17"
        assert (await carlo.post(BASE, EVENING)).status_code == 303
        assert await price(shop, "squacquerone") == 490, "it is noon"
        assert (await carlo.get(BASE)).says("Negli ultimi 2 giorni prima della scadenza: −20%, solo dalle 17 alle 19")
    await at(shop, FIVE)
    assert await price(shop, "squacquerone") == 392
    assert await price(shop, "formaggio") == 2250, "nobody has said when it expires"
    with clock.frozen(FIVE + timedelta(hours=1, minutes=30, seconds=1)):
        await shop.run_jobs()
    assert await price(shop, "squacquerone") == 490, "seven o'clock"
    [rule] = await rows(shop, PricingRule)
    assert (rule.max_days, rule.hour_from, rule.hour_to, rule.min_quantity) == (2, 17, 19, None)


async def test_a_preview_that_changes_nothing_says_so(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        page = await carlo.post(BASE, {**EXPIRY, "step": "look"})
        assert page.says("Oggi non cambierebbe nessun prezzo.")
        always = {
            "kind": "hours",
            "action": "percent",
            "value": "15",
            "hour_from": "0",
            "hour_to": "24",
            "step": "save",
        }
        assert (await carlo.post(BASE, always)).status_code == 303
        await shop.run_jobs()
        page = await carlo.post(BASE, {**EXPIRY, "step": "look"})
        assert page.says("Oggi non cambierebbe nessun prezzo."), "what another rule has done is not its deed"
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        page = await carlo.post(BASE, {**EXPIRY, "step": "look"})
        assert not page.says("Oggi non cambierebbe nessun prezzo.")


async def test_many_pieces_near_their_date_in_the_evening(shop: TestShop, carlo: Browser, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(published_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20), formaggio=date(2026, 12, 20))
        page = await carlo.post(BASE, {**MANY, "step": "look"})
        assert page.says("4,41 € invece di 4,90 €")
        assert not page.says("20,25 €"), "its date is far"
        assert (await carlo.post(BASE, MANY)).status_code == 303
        assert (await carlo.get(BASE)).says(
            "Da 3 pezzi: −10%, solo negli ultimi 2 giorni prima della scadenza e dalle 17 alle 19"
        )
        sent = {"variant_id": str(shop.variants["squacquerone"]), "quantity": "3"}
        assert (await anna.swap("/carrello/righe", sent)).says("3 × 4,90 €")
    with clock.frozen(FIVE):
        assert (await anna.get("/carrello")).says("Da 3 pezzi: −10% · risparmi 1,47 €")
    with clock.frozen(FIVE + timedelta(days=3)):
        assert not (await anna.get("/carrello")).says("Da 3 pezzi"), "its day is over"


async def test_a_full_day_in_some_hours_in_some_zones(shop: TestShop, dora: Browser) -> None:
    page = await dora.post(OFFICE, SURGE)
    assert page.says("5,90 € → 6,49 €")
    assert page.says("9,90 € → 9,90 €"), "another zone"
    assert (await dora.post(OFFICE, {**SURGE, "step": "save"})).status_code == 303
    assert (await dora.get(OFFICE)).says("Giornata piena almeno al 40%, zone Z1: consegna +10%, solo dalle 17 alle 19")
    [rule] = await rows(shop, PricingRule)
    page = await dora.get(f"{OFFICE}/{rule.id}")
    shown = {name: page.one(f"#{name}").attributes["value"] for name in ("min_demand", "hour_from", "hour_to")}
    assert shown == {"min_demand": "40", "hour_from": "17", "hour_to": "19"}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({**EXPIRY, "min_quantity": "3"}, "min_quantity"),
        ({**EXPIRY, "hour_from": "3"}, "hour_to"),
        ({**EXPIRY, "hour_to": "3"}, "hour_from"),
        ({**EXPIRY, "min_demand": "50"}, "min_demand"),
        ({**EXPIRY, "zones": ["Z1"]}, "zones"),
        ({**MANY, "min_quantity": ""}, "min_quantity"),
        ({**SURGE, "max_days": "2"}, "max_days"),
        ({**SURGE, "min_quantity": "2"}, "min_quantity"),
    ],
)
async def test_a_condition_that_cannot_be_known_is_refused_beside_its_field(
    shop: TestShop, dora: Browser, sent: dict[str, str], field: str
) -> None:
    page = await dora.post(OFFICE, {**sent, "step": "save"})
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    assert page.one(f"[data-error-summary] a[href='#{field}']")
    assert await rows(shop, PricingRule) == []
