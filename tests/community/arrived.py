"""Orders that have arrived, made directly, and the ways of people with their reviews."""

import io
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from PIL import Image as Pillow
from sqlalchemy import select, update

from app.catalog.models import Product
from app.commerce.orders.models import Order, OrderEvent, OrderLine
from app.commerce.orders.states import SYSTEM, record
from app.community.reviews.models import Review
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import Sold, sell

TEXT = "Profuma di erba tagliata: sul pane caldo è una festa."


@dataclass
class Arrived:
    """A group whose parcels are all there. lines: SKU (lower case) → id of the order line."""

    shop: TestShop
    sold: Sold
    lines: dict[str, int]

    def link(self, sku: str = "olio", deed: str = "", *, key: bool = True) -> str:
        asked = f"?chiave={self.sold.key}" if key else ""
        return f"/ordini/{self.sold.number}/recensioni/{self.lines[sku]}{deed}{asked}"

    async def write(self, browser: Browser, sku: str = "olio", **fields: Any) -> Answer:
        """Send a review as the page's form does."""
        sent = {"rating": "5", "title": "Buonissimo", "text": TEXT, "signed": "name", **fields}
        return await browser.post(self.link(sku), sent)

    async def review(self, sku: str = "olio") -> Review | None:
        async with self.shop.database.session(self.shop.id) as db:
            return await db.scalar(select(Review).where(Review.order_line_id == self.lines[sku]))


async def lines_of(shop: TestShop, sold: Sold) -> dict[str, int]:
    async with shop.database.session(shop.id) as db:
        mine = select(Order.id).where(Order.group_id == sold.id)
        rows = await db.execute(select(OrderLine.sku, OrderLine.id).where(OrderLine.order_id.in_(mine)))
        return {sku.lower(): line_id for sku, line_id in rows}


async def arrive(shop: TestShop, pieces: dict[str, int] | None = None, *, days_ago: int = 8, **group: Any) -> Arrived:
    """Bought, paid for and delivered so many days ago."""
    sold = await sell(shop, pieces, **group)
    at = clock.now() - timedelta(days=days_ago)
    async with shop.database.session(shop.id) as db, transaction(db):
        for order in list(await db.scalars(select(Order).where(Order.group_id == sold.id))):
            order.state = "delivered"
            record(db, sold.id, "delivered", SYSTEM, order_id=order.id, came_from="shipped", to="delivered")
        await db.flush()
        delivered = update(OrderEvent).where(OrderEvent.group_id == sold.id, OrderEvent.to_state == "delivered")
        await db.execute(delivered.values(at=at))
    return Arrived(shop, sold, await lines_of(shop, sold))


async def published(shop: TestShop, rating: int = 5, *, sku: str = "olio", **columns: Any) -> Review:
    """A review that has been read and is there for all, of an order of its own."""
    arrived = await arrive(shop, {sku: 1})
    async with shop.browser() as guest, shop.browser() as dora:
        sent = await arrived.write(guest, sku, rating=str(rating), **columns)
        assert sent.status_code == 303, sent.text
        await dora.sign_in("dora@tavola.example")
        review = await arrived.review(sku)
        assert review is not None
        answer = await dora.post(f"/amministrazione/recensioni/{review.id}/approvazione", {"revision": "1"})
        assert answer.status_code == 303, answer.text
    found = await arrived.review(sku)
    assert found is not None
    assert found.state == "published"
    return found


async def stars_of(shop: TestShop, sku: str = "olio") -> tuple[int, int]:
    """(reviews, their stars together) as the product has them."""
    async with shop.database.session(shop.id) as db:
        row = await db.execute(select(Product.rating_count, Product.rating_sum).where(Product.id == shop.products[sku]))
        count, total = row.one()
        return count, total


async def set_features(shop: TestShop, **features: Any) -> None:
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == shop.id).values(features=features))
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


def photo(seed: int = 1, size: tuple[int, int] = (40, 30)) -> bytes:
    """A small JPEG, each seed another."""
    picture = Pillow.new("RGB", size, tuple(random.Random(seed).choices(range(256), k=3)))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


async def send_files(browser: Browser, path: str, data: dict[str, Any], files: list[tuple[str, bytes]]) -> Answer:
    """A form with files, as a browser sends it."""
    sent = [("pictures", (name, body, "image/jpeg")) for name, body in files]
    headers = {"Origin": browser.base, "Sec-Fetch-Site": "same-origin"}
    browser.page = Answer(await browser.client.post(path, data=data, files=sent, headers=headers))
    return browser.page
