"""The past of a price: what the log of a variant holds, as if the shop had been open for months."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from app.catalog import cards
from app.catalog.models import PriceChange, Product, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.tenancy import Person
from app.pricing import campaigns
from app.pricing.campaigns import Draft
from app.system.models import AuditEntry
from tests.cast import TestShop

BRUNO = "bruno@frantoio.example"
ROME = ZoneInfo("Europe/Rome")


def person(shop: TestShop) -> Person:
    return Person(shop.users[BRUNO], "Bruno", BRUNO, "producer", "it", 1, shop.producers["frantoio"], "owner")


async def cost(shop: TestShop, sku: str, *prices: tuple[int, int], on_sale_days: int = 400) -> None:
    """prices: (days ago, minor units), oldest first; the last is the present one."""
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        for days, price in prices:
            at = now - timedelta(days=days)
            db.add(PriceChange(variant_id=shop.variants[sku], price_minor=price, valid_from=at, reason="changed"))
        since = {"first_published_at": now - timedelta(days=on_sale_days)}
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(since))
        changed = update(Variant).where(Variant.id == shop.variants[sku]).values(price_minor=prices[-1][1])
        await db.execute(changed)


async def campaign(shop: TestShop, starts: int, ends: int, kind: str = "sale", **prices: int) -> int:
    """A campaign of Bruno's, from and until so many hours from now; its id."""
    now = clock.now()
    wanted = {shop.variants[sku]: price for sku, price in prices.items()}
    draft = Draft("Prova", kind, now + timedelta(hours=starts), now + timedelta(hours=ends), wanted)
    async with shop.database.session(shop.id) as db, transaction(db):
        return (await campaigns.make(db, person(shop), shop.producers["frantoio"], draft)).id


async def variant(shop: TestShop, sku: str) -> Variant:
    async with shop.database.session(shop.id) as db:
        found: Variant = (await db.scalars(select(Variant).where(Variant.id == shop.variants[sku]))).one()
        return found


async def said(shop: TestShop, sku: str) -> tuple[Any, ...] | None:
    """(kind, reference, percent, days) that the shop tells of a price."""
    row = await variant(shop, sku)
    told = cards.reduction(row)
    return (told.kind, told.reference_minor, int(told.percent), told.days) if told else None


async def log(shop: TestShop, sku: str) -> list[tuple[int, str]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(PriceChange.price_minor, PriceChange.reason)
            .where(PriceChange.variant_id == shop.variants[sku])
            .order_by(PriceChange.valid_from, PriceChange.id)
        )
        return [(price, reason) for price, reason in rows]


def after(hours: float) -> datetime:
    return clock.now() + timedelta(hours=hours)


async def audits(shop: TestShop) -> list[AuditEntry]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))
