"""The formats in which a product is offered: their order, and which are offered no more. Within a transaction.

A format is never deleted: orders, holds and the price log name it. A retired one leaves pages, lists, feeds and price
figures at once, and baskets say that it is gone. Its plan of refills ends; what open payments hold stays promised to
them, and is sold or comes back as ever (catalog/stock.py).
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editing, products, refills
from app.catalog.editing import Saved
from app.catalog.models import Product, Variant
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.tenancy import Person
from app.system import audit

_record = audit.recorder("variant")


async def retire(db: AsyncSession, person: Person, product_id: int, owner: int | None, variant_id: int) -> Saved:
    """Offer a format no more. Twice is harmless. A product without formats goes off sale. Raises NotFound."""
    product, formats = await _formats(db, product_id, owner)
    variant = _one(formats, variant_id)
    was_sold = product.published_at is not None
    if variant.retired_at is None:
        await refills.stop(db, person, product.producer_id, variant.sku)
        variant.retired_at = clock.now()
        _record(db, person, "variant.retire", variant.id, {}, {"sku": variant.sku})
        await products.touch(db, [product.id])
    missing = (await products.judge(db, [product.id]))[product.id]
    return Saved(was_sold and bool(missing), missing)


async def reinstate(db: AsyncSession, person: Person, product_id: int, owner: int | None, variant_id: int) -> Saved:
    """Offer a format again, at the end of the row. Twice is harmless. Raises NotFound."""
    product, formats = await _formats(db, product_id, owner)
    variant = _one(formats, variant_id)
    was_sold = product.published_at is not None
    if variant.retired_at is not None:
        variant.retired_at, variant.position = None, max(each.position for each in formats) + 1
        _record(db, person, "variant.reinstate", variant.id, {}, {"sku": variant.sku})
        await products.touch(db, [product.id])
    missing = (await products.judge(db, [product.id]))[product.id]
    return Saved(was_sold and bool(missing), missing)


async def move(
    db: AsyncSession, person: Person, product_id: int, owner: int | None, variant_id: int, to: str
) -> Saved:  # fmt: skip
    """to: su | giu, one place among those that are offered. At the end already: nothing happens. Raises NotFound."""
    product, formats = await _formats(db, product_id, owner)
    shown = [each for each in formats if each.retired_at is None]
    variant = _one(shown, variant_id)
    was = shown.index(variant)
    place = min(max(was + {"su": -1, "giu": 1}[to], 0), len(shown) - 1)
    if place != was:
        shown.insert(place, shown.pop(was))
        for position, each in enumerate([*shown, *(each for each in formats if each.retired_at is not None)]):
            each.position = position
        _record(db, person, "variant.move", variant.id, {"place": was + 1}, {"place": place + 1})
        await products.touch(db, [product.id])
    return Saved(stopped=False, missing=(await products.judge(db, [product.id]))[product.id])


async def _formats(db: AsyncSession, product_id: int, owner: int | None) -> tuple[Product, Sequence[Variant]]:
    """A product that may be edited, and all its formats in their order, locked."""
    product = await editing.own(db, product_id, owner)
    rows = await db.scalars(
        select(Variant).where(Variant.product_id == product.id).order_by(Variant.id).with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return product, sorted(rows, key=lambda each: (each.position, each.id))


def _one(formats: Sequence[Variant], variant_id: int) -> Variant:
    variant = next((each for each in formats if each.id == variant_id), None)
    if variant is None:
        raise NotFound
    return variant
