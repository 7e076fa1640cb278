"""Whatever people change, in whatever order: what visitors are shown from the kept pages is what is made anew.

Time itself changes pages too (a month begins, a price ends); for that no page is kept longer than a minute, see
tests/web/test_kept_pages.py.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
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


@pytest.fixture
def kept(shop: TestShop) -> Iterator[KeptPages]:
    shop.app.kept.enabled = True
    yield shop.app.kept
    shop.app.kept.enabled = False
    shop.app.kept.clear()


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


DEEDS: list[Callable[[AsyncSession, TestShop, Chance], Awaitable[None]]] = [
    *(_price, _hold, _rating, _sale, _campaign, _promotion, _closure, _certificate, _story, _hiding, _department)
]


@pytest.mark.parametrize("seed", range(8))
async def test_no_sequence_of_changes_leaves_a_stale_page(
    kept: KeptPages, shop: TestShop, anna: Browser, seed: int
) -> None:
    chance = random.Random(seed)
    deeds = chance.sample(DEEDS, len(DEEDS)) + chance.choices(DEEDS, k=4)
    for deed in deeds:
        for path in chance.sample(PATHS, 5):
            await anna.get(path)
        try:
            async with shop.database.session(shop.id) as db, transaction(db):
                await deed(db, shop, chance)
        except (Refused, stock.OutOfStock):
            continue  # it did nothing
        await shop.run_jobs()
        for path in PATHS:
            shown = await anna.get(path)
            kept.enabled = False
            kept_aside, kept._pages = kept._pages, type(kept._pages)()
            fresh = await anna.get(path)
            kept._pages, kept.enabled = kept_aside, True
            assert shown.status_code == fresh.status_code, f"{path} after {deed.__name__}"
            if fresh.status_code == 200:  # a page of error bears the number of its request
                assert shown.text == fresh.text, f"{path} after {deed.__name__}"
