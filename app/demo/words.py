"""The words that staff of a shop keep: tags with the goods that have them, and words that mean the same."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.imports.writing import COMMAND
from app.catalog.models import Product, Variant
from app.catalog.synonyms import editing as synonyms
from app.catalog.tags import editing as tags
from app.kernel.i18n import LOCALES

Line = Mapping[str, str]


async def keep(db: AsyncSession, tagged: Iterable[Line], alike: Iterable[Line]) -> None:
    """Within the transaction that fills a shop, after its products."""
    touched: set[int] = set()
    for line in tagged:
        tag = await tags.open_new(db, COMMAND, {locale: line[f"name_{locale}"] for locale in LOCALES})
        goods = select(Variant.product_id).where(Variant.sku.in_(line["skus"].split()))
        ids = set(await db.scalars(goods))
        await db.execute(
            update(Product)
            .where(Product.id.in_(ids))
            .values(tag_mask=Product.tag_mask + tag.bit)
            .execution_options(synchronize_session=False)
        )
        touched |= ids
    await products.touch(db, sorted(touched))
    for line in alike:
        await synonyms.open_new(db, COMMAND, line["words"].replace(" ", ", "))
