"""Prices follow the rules, by themselves and back again; the log, the law's words and the producer come first."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.catalog.models import PriceChange, StockItem, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.pricing.models import Campaign
from app.pricing.rules import scanning
from app.pricing.rules.models import PricingRule, RulePrice, ShelfDate
from app.shops.queries import shop_by_id
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import audits
from tests.pricing import past
from tests.queries import queries_of

BASE = "/banco/prezzi-dinamici"
NOON = datetime(2026, 11, 18, 11, tzinfo=UTC)  # a Wednesday, noon in Rome
EXPIRY = {"kind": "expiry", "action": "percent", "value": "20", "max_days": "2", "step": "save"}
HOURS = {"kind": "hours", "action": "percent", "value": "10", "hour_from": "17", "hour_to": "19", "step": "save"}


async def price(shop: TestShop, sku: str) -> int:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(Variant.price_minor).where(Variant.id == shop.variants[sku]))
        assert found is not None
        return int(found)


async def log(shop: TestShop, sku: str) -> list[tuple[int, str | None]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(
            select(PriceChange).where(PriceChange.variant_id == shop.variants[sku]).order_by(PriceChange.id)
        )
        return [(row.price_minor, row.kind) for row in rows]


async def dates(shop: TestShop, browser: Browser, **days: date) -> Answer:
    """What the producer reads off the packs."""
    sent = {f"until-{shop.variants[sku]}": day.isoformat() for sku, day in days.items()}
    return await browser.post(f"{BASE}/scadenze", sent)


async def scan(shop: TestShop, producer: str = "caseificio") -> int:
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    async with shop.database.session(shop.id) as db, transaction(db):
        return await scanning.scan(db, facts, shop.producers[producer])


async def at(shop: TestShop, moment: datetime) -> None:
    """The scheduled scan at a moment, and what it leaves to the next second."""
    with clock.frozen(moment):
        await scan(shop)
    with clock.frozen(moment + timedelta(seconds=2)):
        await shop.run_jobs()


async def test_near_its_date_a_price_falls_and_the_log_says_so(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        assert (await carlo.post(BASE, EXPIRY)).status_code == 303
        page = await carlo.get(BASE)
    assert await price(shop, "squacquerone") == 392
    assert await price(shop, "formaggio") == 2250, "nobody has said when it expires"
    assert (await log(shop, "squacquerone"))[-1] == (392, "expiry")
    assert page.says("3,92 € invece di 4,90 €, risparmio 0,98 €")
    assert page.says("Vicino alla scadenza: −20%")
    assert page.says("Negli ultimi 2 giorni prima della scadenza: −20%")
    assert {"rule.dates", "rule.add", "campaign.begin"} <= {entry.action for entry in await audits(shop)}


async def test_whoever_buys_sees_why_and_what_he_saves(shop: TestShop, carlo: Browser, anna: Browser) -> None:
    assert not (await anna.get("/prodotti/squacquerone")).says("risparmi")
    await dates(shop, carlo, squacquerone=clock.today("Europe/Rome") + timedelta(days=1))
    await carlo.post(BASE, EXPIRY)
    page = await anna.get("/prodotti/squacquerone")
    assert page.says("Vicino alla scadenza: −20% · risparmi 0,98 €")
    _, priced = await queries_of(anna, "/prodotti/squacquerone")
    _, plain = await queries_of(anna, "/prodotti/olio")
    assert priced <= plain + 1


async def test_the_ladder_goes_down_step_by_step_in_one_chain(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 21))
        assert await price(shop, "squacquerone") == 490, "nobody has allowed it"
        answer = await carlo.post(f"{BASE}/limiti", {"floor_percent": "50", "ladder": "1"})
        assert answer.status_code == 303
    assert await price(shop, "squacquerone") == 441
    await at(shop, NOON + timedelta(days=1))
    assert await price(shop, "squacquerone") == 392
    await at(shop, NOON + timedelta(days=2))
    assert await price(shop, "squacquerone") == 294
    assert [entry for entry, kind in await log(shop, "squacquerone") if kind] == [441, 392, 294], "never up in between"
    async with shop.database.session(shop.id) as db:
        chains = await db.scalars(select(PriceChange.chain).where(PriceChange.kind == "expiry"))
        assert len(set(chains)) == 1
    with clock.frozen(datetime(2026, 11, 21, 23, 0, 1, tzinfo=UTC)):
        await shop.run_jobs()
    assert await price(shop, "squacquerone") == 490, "the day on the pack is over"
    assert (await log(shop, "squacquerone"))[-1] == (490, None)


async def test_the_floor_holds(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 18))
        await carlo.post(f"{BASE}/limiti", {"floor_percent": "80", "ladder": "1"})
    assert await price(shop, "squacquerone") == 392


async def test_at_its_hours_it_falls_and_comes_back(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await carlo.post(BASE, HOURS)
        assert await price(shop, "formaggio") == 2250
    with clock.frozen(datetime(2026, 11, 18, 16, 0, 1, tzinfo=UTC)):
        await shop.run_jobs()
        assert await price(shop, "formaggio") == 2025
    with clock.frozen(datetime(2026, 11, 18, 18, 0, 1, tzinfo=UTC)):
        await shop.run_jobs()
    assert await price(shop, "formaggio") == 2250
    assert [kind for _price, kind in await log(shop, "formaggio")] == ["sale", None]
    assert [reason for _price, reason in await past.log(shop, "squacquerone")][-2:] == ["rule", "rule_end"]


async def test_expiry_and_hours_compound_and_the_hours_end_alone(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        await carlo.post(BASE, EXPIRY)
        await carlo.post(BASE, HOURS)
    await at(shop, datetime(2026, 11, 18, 16, 30, tzinfo=UTC))
    assert await price(shop, "squacquerone") == 352
    await at(shop, datetime(2026, 11, 18, 18, 30, tzinfo=UTC))
    assert await price(shop, "squacquerone") == 392


async def test_a_rule_taken_away_gives_the_price_back(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        await carlo.post(BASE, EXPIRY)
        await carlo.get(BASE)
        page = await carlo.follow(await carlo.send("form[action$='/togli']"))
        assert page.says("tornano i prezzi di prima")
        assert await price(shop, "squacquerone") == 490
        [rule] = await rows(shop, PricingRule)
        page = await carlo.follow(await carlo.post(f"{BASE}/{rule.id}/togli"))
        assert page.says("Era già tolta.")
    assert await rows(shop, RulePrice) == []


async def test_the_producers_own_campaign_and_own_price_come_first(shop: TestShop, carlo: Browser) -> None:
    cheese, now = shop.variants["squacquerone"], NOON
    with clock.frozen(now):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20), formaggio=date(2026, 11, 20))
        sent = {
            "name": "Settimana", "kind": "sale", "first_day": "2026-11-18", "last_day": "2026-11-19",
            f"pick-{cheese}": "1", f"price-{cheese}": "4,50", "step": "make",
        }  # fmt: skip
        assert (await carlo.post("/banco/offerte", sent)).status_code == 303
        await carlo.post(BASE, EXPIRY)
        assert await price(shop, "squacquerone") == 450
        assert (await carlo.get(BASE)).says("È in una tua offerta: le regole non lo toccano.")
        assert await price(shop, "formaggio") == 1800
        async with shop.database.session(shop.id) as db, transaction(db):
            variant = await db.get_one(Variant, shop.variants["formaggio"])
            variant.price_minor, variant.campaign_id = 2000, None
        await scan(shop)
    assert await price(shop, "formaggio") == 1600, "from the new price"


async def test_what_is_sold_out_has_no_rules(shop: TestShop, carlo: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        item = await db.get_one(StockItem, shop.stock_items["squacquerone"])
        item.on_hand = 0
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        await carlo.post(BASE, EXPIRY)
    assert await price(shop, "squacquerone") == 490


async def test_a_second_scan_changes_nothing(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        await carlo.post(BASE, EXPIRY)
        assert await scan(shop) == 0
        assert await asyncio.gather(scan(shop), scan(shop)) == [0, 0]
    assert len(await rows(shop, Campaign)) == 1
    assert len(await log(shop, "squacquerone")) == 1


async def test_two_scans_at_once_make_one_price(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(ShelfDate(variant_id=shop.variants["squacquerone"], expires_on=date(2026, 11, 20)))
        db.add(
            PricingRule(
                producer_id=shop.producers["caseificio"], kind="expiry", action="percent", value="-20", max_days=2,
                regions=[], made_at=clock.now(),
            )
        )  # fmt: skip
    with clock.frozen(NOON):
        assert sorted(await asyncio.gather(scan(shop), scan(shop), scan(shop))) == [0, 0, 1]
    assert len(await rows(shop, RulePrice)) == 1


async def test_the_scheduled_scan_reaches_every_producer_with_rules(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 22))
        await carlo.post(BASE, EXPIRY)
        assert await price(shop, "squacquerone") == 490
    with clock.frozen(NOON + timedelta(days=2)):
        runner = shop.app.app.state.runner  # type: ignore[attr-defined]
        async with shop.database.session(shop.id) as db, transaction(db):
            add_job(db, "rules.scan_all")
        await runner.run_until_idle()
    assert await price(shop, "squacquerone") == 392


async def test_first_it_shows_what_it_would_do_and_saves_nothing(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        page = await carlo.post(BASE, {**EXPIRY, "step": "look"})
        assert page.status_code == 200
        assert page.says("3,92 € invece di 4,90 €, risparmio 0,98 €")
        assert page.one("#value").attributes["value"] == "20"
        assert await rows(shop, PricingRule) == []
        page = await carlo.post(BASE, {**HOURS, "step": "look"})
        assert page.says("20,25 € invece di 22,50 €"), "as at five, though it is noon"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "surge"}, "kind"),
        ({"kind": "bulk"}, "min_quantity"),
        ({"value": ""}, "value"),
        ({"value": "abc"}, "value"),
        ({"value": "-5"}, "value"),
        ({"value": "0"}, "value"),
        ({"value": "95"}, "value"),
        ({"value": "1e1"}, "value"),
        ({"action": "multiplier", "value": "1,2"}, "value"),
        ({"action": "fixed", "value": "0"}, "value"),
        ({"action": "set", "value": "0"}, "value"),
        ({"action": "set", "value": "uno"}, "value"),
        ({"max_days": ""}, "max_days"),
        ({"max_days": "61"}, "max_days"),
        ({"kind": "hours"}, "hour_from"),
        ({"kind": "hours", "hour_from": "9", "hour_to": "25"}, "hour_to"),
        ({"kind": "hours", "hour_from": "9", "hour_to": "9"}, "hour_to"),
        ({"first_day": "2026-12-02", "last_day": "2026-12-01"}, "last_day"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"priority": "10"}, "priority"),
    ],
)
async def test_a_mistake_is_said_beside_its_field(
    shop: TestShop, carlo: Browser, sent: dict[str, str], field: str
) -> None:
    page = await carlo.post(BASE, {**EXPIRY, **sent})
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    assert page.one(f"[data-error-summary] a[href='#{field}']")
    assert await rows(shop, PricingRule) == []


async def test_limits_and_dates_that_cannot_be_are_said_beside_their_field(shop: TestShop, carlo: Browser) -> None:
    page = await carlo.post(f"{BASE}/limiti", {"floor_percent": "0"})
    assert page.status_code == 422
    assert page.one("#floor_percent-error")
    field = f"until-{shop.variants['squacquerone']}"
    page = await carlo.post(f"{BASE}/scadenze", {field: "domani"})
    assert page.status_code == 422
    assert page.one(f"#{field}-error")


async def test_nobody_touches_anothers(shop: TestShop, carlo: Browser, bruno: Browser) -> None:
    with clock.frozen(NOON):
        await carlo.post(BASE, EXPIRY)
        [rule] = await rows(shop, PricingRule)
        assert (await bruno.post(f"{BASE}/{rule.id}/togli")).status_code == 404
        assert (await dates(shop, bruno, squacquerone=date(2026, 11, 20))).status_code == 404
        sent = {**EXPIRY, "product": str(shop.products["squacquerone"])}
        assert (await bruno.post(BASE, sent)).status_code == 404
        page = await bruno.get(BASE)
    assert not page.says("Negli ultimi 2 giorni")
    assert not page.says("Squacquerone")
    assert page.says("Olio extravergine")


@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_it_speaks_every_language(shop: TestShop, carlo: Browser, prefix: str) -> None:
    with clock.frozen(NOON):
        await dates(shop, carlo, squacquerone=date(2026, 11, 20))
        await carlo.post(BASE, EXPIRY)
        for address in (BASE, f"{BASE}/nuova"):
            assert (await carlo.get(prefix + address)).status_code == 200


async def test_more_goods_take_no_more_statements(shop: TestShop, carlo: Browser, bruno: Browser) -> None:
    _, few = await queries_of(bruno, BASE)
    async with shop.browser() as enzo:
        await enzo.sign_in("enzo@cantina.example")
        _, fewer = await queries_of(enzo, BASE)
    assert few == fewer


async def rows(shop: TestShop, table: type) -> list:  # type: ignore[type-arg]
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(table)))
