"""What the tests of recommendations share: people who bought, computations, and what came of them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app.analytics.recommendations.models import Recommendation
from app.catalog.models import Category, Product
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from tests.cast import TestShop
from tests.commerce.sold import sell

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
SWEEPS = ("also_bought", "similar", "personal", "trending", "contextual")


async def bought(shop: TestShop, who: str, *skus: str, ago: timedelta = timedelta(minutes=1), **group: Any) -> int:
    """Somebody (an address before @) has paid for these, so long ago. The id of the group."""
    with clock.shifted(-ago):
        sold = await sell(shop, dict.fromkeys(skus, 1), email=f"{who}@posta.example", **group)
    return sold.id


async def computed(shop: TestShop, *kinds: str) -> None:
    """Run these computations, all by default, as the clock would start them."""
    async with shop.database.session(shop.id) as db, transaction(db):
        for kind in kinds or SWEEPS:
            add_job(db, f"recommendations.{kind}")
    await shop.run_jobs()


async def rows(shop: TestShop, kind: str, **which: Any) -> list[Recommendation]:
    async with shop.database.session(shop.id) as db:
        wanted = select(Recommendation).where(Recommendation.kind == kind).filter_by(**which)
        return list(await db.scalars(wanted.order_by(Recommendation.beside_id, Recommendation.rank)))


async def names(shop: TestShop, kind: str, beside: str | None = None, **which: Any) -> list[str]:
    """The short names of what is recommended, in order."""
    if beside:
        which["beside_id"] = shop.products[beside]
    known = {product_id: sku for sku, product_id in shop.products.items()}
    return [known[row.product_id] for row in await rows(shop, kind, **which)]


async def change(shop: TestShop, sku: str, **columns: Any) -> None:
    """Set columns of a product, with the version and the moment, as every deed does."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Product)
            .where(Product.id == shop.products[sku])
            .values(version=Product.version + 1, updated_at=clock.now(), **columns)
        )
    await shop.reindex()


async def food(shop: TestShop, sku: str, **facts: Any) -> None:
    async with shop.database.session(shop.id) as db:
        product = await db.get_one(Product, shop.products[sku])
    await change(shop, sku, food={**product.food, **facts})


async def category(shop: TestShop, slug: str, *skus: str) -> int:
    """A new category with these in it."""
    async with shop.database.session(shop.id) as db, transaction(db):
        row = Category(
            slug=slug, group="", name={"it": slug.title(), "en": f"{slug} (en)"}, intro={"it": ""}, position=9
        )
        db.add(row)
        await db.flush()
        made = row.id
    for sku in skus:
        await change(shop, sku, category_id=made)
    return made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
