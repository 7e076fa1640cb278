"""Whatever people change, in whatever order: what visitors are shown from the kept pages is what is made anew.

Time itself changes pages too: a page that says when things leave ends with the hour that changes it. For all else (a
month begins, a price ends) no page is kept longer than a minute, see tests/web/test_kept_pages.py.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import approvals, products, stock
from app.catalog.departments import editing as departments
from app.catalog.makers import editing as makers
from app.catalog.models import Category, Product, Variant
from app.commerce.promotions import editing as promotions
from app.commerce.promotions import models
from app.commerce.promotions.models import Promotion
from app.delivery import zones
from app.delivery.models import Zone
from app.delivery.quotes import cut_off
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.pricing import campaigns
from app.pricing.campaigns import Draft
from app.pricing.models import Campaign
from app.producers import closures
from app.producers.closures import Closure
from app.producers.models import Certificate, Producer
from app.web.kept_pages import KeptPages
from tests.cast import Browser, TestShop
from tests.pricing.past import person

PATHS = [
    *("/", "/prodotti", "/prodotti?ordine=prezzo", "/prodotti?prezzo-a=12", "/categorie/dispensa", "/produttori"),
    *("/produttori/frantoio", "/prodotti/olio", "/prodotti/formaggio", "/cerca?q=olio", "/en/prodotti/olio"),
]
GOODS = ["olio", "aceto", "formaggio", "squacquerone"]
Chance = random.Random


def _maker(shop: TestShop, sku: str) -> int:
    return shop.producers["frantoio" if sku in {"olio", "aceto"} else "caseificio"]


async def _price(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    sku, price = chance.choice(GOODS), chance.randrange(100, 5000)
    was = (await db.get_one(Variant, shop.variants[sku])).price_minor
    who = shop.users["ada@tavola.example"]
    await products.set_price(db, shop.variants[sku], _maker(shop, sku), price, was=was, actor_id=who)


async def _hold(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    until = clock.now() + timedelta(minutes=5)
    wanted = {shop.stock_items[chance.choice(GOODS)]: chance.randrange(1, 4)}
    await stock.hold(db, f"r{chance.random()}", wanted, until)


async def _rating(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    await products.rated(db, shop.products[chance.choice(GOODS)], chance.randrange(1, 9), chance.randrange(9, 40))


async def _sale(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    sku = chance.choice(GOODS)
    product = await db.get_one(Product, shop.products[sku])
    await products.set_published(db, product.id, _maker(shop, sku), product.published_at is None)


async def _campaign(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    running = await db.scalar(select(Campaign.id).where(Campaign.ended_at.is_(None)))
    mill = shop.producers["frantoio"]
    if running is not None:
        await campaigns.stop(db, person(shop), mill, running)
        return
    price = (await db.get_one(Variant, shop.variants["olio"])).price_minor
    if price > 200:
        now = clock.now()
        lower = {shop.variants["olio"]: price - chance.randrange(1, 100)}
        await campaigns.make(db, person(shop), mill, Draft("Prova", "sale", now, now + timedelta(days=2), lower))


async def _promotion(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    running = await db.scalar(select(Promotion.id).where(Promotion.stopped_at.is_(None)))
    if running is not None:
        await promotions.stop(db, person(shop), None, running)
        return
    percent = chance.randrange(1, 40)
    asked = {"title": {"it": "Festa"}, "kind": models.PERCENT, "percent": percent, "lane": "goods", "shop_share": 100}
    await promotions.make(db, person(shop), None, asked)


async def _closure(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    today, mill = clock.today("Europe/Rome"), shop.producers["frantoio"]
    there = await closures.of_producer(db, mill, today)
    if there:
        await closures.open_again(db, person(shop), mill, there[0].id, today)
    else:
        days = Closure(
            "holiday", today, today + timedelta(days=chance.randrange(9)), {"it": f"Ferie {chance.random()}"}
        )
        await closures.close(db, person(shop), mill, days, today)


async def _certificate(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    there = await db.scalar(select(Certificate.id).where(Certificate.producer_id == shop.producers["frantoio"]))
    if there is not None:
        await approvals.withdraw(db, person(shop), there)
        return
    entry: dict[str, Any] = {
        "designation": "Brisighella",
        "mark": "DOP",
        "body": "Ente",
        "number": f"{chance.random()}",
    }
    valid = clock.today("Europe/Rome") + timedelta(days=30)
    await approvals.certify(db, person(shop), shop.producers["frantoio"], **entry, valid_until=valid)


async def _story(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    told = {"story": {"it": f"Storia {chance.random()}"}, "name": f"Frantoio {chance.randrange(9)}"}
    await makers.edit(db, person(shop), shop.producers["frantoio"], told)


async def _hiding(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    row = await db.get_one(Producer, shop.producers["frantoio"])
    await (makers.hide if row.hidden_at is None else makers.show)(db, person(shop), row.id)


async def _department(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    row = await db.scalar(select(Category).order_by(Category.id))
    assert row is not None
    await departments.edit(db, person(shop), row.id, {"name": {"it": f"Dispensa {chance.randrange(9)}"}})


async def _zone(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    row = await db.scalar(select(Zone).where(Zone.code == chance.choice(["Z1", "Z5"])))
    assert row is not None
    zone = await zones.find(db, row.id)
    if zone.retired_at is not None:
        await zones.take_up(db, person(shop), zone.id)
    elif chance.random() < 0.3:
        await zones.retire(db, person(shop), zone.id)
    else:
        days = {"departures": sorted(chance.sample(range(6), 3)), "lead_days": (1, chance.randrange(1, 5))}
        await zones.change(db, person(shop), zone.id, replace(_as_it_is(zone), **days))


def _as_it_is(zone: Zone) -> zones.Draft:
    same = {
        name: getattr(zone, name) for name in zones.Draft.__dataclass_fields__ if name not in {"areas", "lead_days"}
    }
    return zones.Draft(**same, areas=zones.areas_of(zone), lead_days=(zone.lead_days_min, zone.lead_days_max))


async def _noon(db: AsyncSession, shop: TestShop, chance: Chance) -> None:
    """What is paid from now on leaves later: the test moves its clock."""


DEEDS: list[Callable[[AsyncSession, TestShop, Chance], Awaitable[None]]] = [
    *(_price, _hold, _rating, _sale, _campaign, _promotion, _closure, _certificate, _story, _hiding, _department),
    *(_zone, _noon),
]
CODES = ("", "47121", "90100")  # that browsers remember: none, and of two zones


@pytest.fixture
async def people(shop: TestShop) -> AsyncIterator[list[Browser]]:
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(shop.browser()) for _code in CODES]
        for browser, code in zip(browsers, CODES, strict=True):
            browser.client.cookies.set("cap", code, domain=shop.host)
        yield browsers


@pytest.mark.parametrize("seed", range(8))
async def test_no_sequence_of_changes_leaves_a_stale_page(
    kept: KeptPages, shop: TestShop, people: list[Browser], seed: int
) -> None:
    chance, noon = random.Random(seed), cut_off(clock.today("Europe/Rome") + timedelta(days=2), "Europe/Rome")
    with ExitStack() as hours:
        hours.enter_context(clock.frozen(noon - timedelta(seconds=9)))
        await _live(kept, shop, people, chance, lambda: hours.enter_context(clock.frozen(noon)))


async def _live(
    kept: KeptPages, shop: TestShop, people: list[Browser], chance: Chance, strike: Callable[[], object]
) -> None:
    """Do everything once and a few things twice, and look at all pages after each."""
    deeds = chance.sample(DEEDS, len(DEEDS)) + chance.choices(DEEDS, k=4)
    for deed in deeds:
        for path in chance.sample(PATHS, 5):
            await chance.choice(people).get(path)
        if deed is _noon:
            strike()
        try:
            async with shop.database.session(shop.id) as db, transaction(db):
                await deed(db, shop, chance)
        except (Refused, stock.OutOfStock):
            continue  # it did nothing
        await shop.run_jobs()
        for path in PATHS:
            reader = chance.choice(people)
            shown = await reader.get(path)
            kept.enabled = False
            kept_aside, kept._pages = kept._pages, type(kept._pages)()
            fresh = await reader.get(path)
            kept._pages, kept.enabled = kept_aside, True
            assert shown.status_code == fresh.status_code, f"{path} after {deed.__name__}"
            if fresh.status_code == 200:  # a page of error bears the number of its request
                assert shown.text == fresh.text, f"{path} after {deed.__name__}"
