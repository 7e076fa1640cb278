"""Read products for the page of what was seen lately."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.listings import NOW, visible
from app.catalog.models import Product
from app.kernel import clock
from app.producers.models import Producer


async def those_visible(db: AsyncSession, product_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(id, version) of those that can be seen, in the order asked for. Sold-out ones too: their cards say so."""
    rows = await db.execute(
        select(Product.id, Product.version)
        .join(Producer, Producer.id == Product.producer_id)
        .where(Product.id.in_(product_ids), visible()),
        {NOW.key: clock.now()},
    )
    versions: dict[int, int] = dict(rows.all())
    return [(product_id, versions[product_id]) for product_id in product_ids if product_id in versions]
