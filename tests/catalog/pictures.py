"""Pictures to send, and how a browser sends them."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image as Pillow
from sqlalchemy import select

from app.catalog.models import Image, Product, ProductImage
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop


def photo(shade: int = 0, size: tuple[int, int] = (400, 300)) -> bytes:
    """A JPEG; each shade is another picture."""
    out = io.BytesIO()
    Pillow.new("RGB", size, (200, shade, 50)).save(out, "JPEG")
    return out.getvalue()


def path_of(shop: TestShop, sku: str = "olio") -> str:
    return f"/banco/prodotti/{shop.products[sku]}/immagini"


async def send(
    browser: Browser, path: str, files: Sequence[tuple[str, bytes]], alt_it: str = "Bottiglia d’olio", **typed: Any
) -> Answer:
    """Send files by the form. The type that a browser guesses from the name is no reason to believe it."""
    sent = [("pictures", (name, body, "image/jpeg")) for name, body in files]
    headers = {"Origin": browser.base, "Sec-Fetch-Site": "same-origin"}
    answer = await browser.client.post(path, data={"alt_it": alt_it, **typed}, files=sent or None, headers=headers)
    browser.page = Answer(answer)
    return browser.page


async def shown(shop: TestShop, sku: str = "olio") -> list[int]:
    """Ids of the pictures in a product's gallery, in order; the first must be the product's own."""
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(
            select(ProductImage.image_id)
            .where(ProductImage.product_id == shop.products[sku], ProductImage.removed_at.is_(None))
            .order_by(ProductImage.position)
        )
        found = list(rows)
        main = await db.scalar(select(Product.image_id).where(Product.id == shop.products[sku]))
    assert main == (found[0] if found else None)
    return found


async def keys(shop: TestShop) -> set[str]:
    async with shop.database.session(shop.id) as db:
        return set(await db.scalars(select(Image.key)))


async def add_picture(shop: TestShop, key: str, sku: str | None = None) -> int:
    """A row without files, as the main picture of a product."""
    async with shop.database.session(shop.id) as db, transaction(db):
        row = Image(key=key, width=400, height=300, alt={"it": key}, color="warm")
        db.add(row)
        await db.flush()
        if sku:
            product = await db.scalar(select(Product).where(Product.id == shop.products[sku]))
            assert product is not None
            product.image_id = row.id
        return row.id
