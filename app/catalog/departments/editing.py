"""The departments of a shop: opened, changed, put in order, closed. Staff only; each deed is in the audit trail.

Within a transaction.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editing, keeping, products, slugs
from app.catalog.models import Category, Product
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import ngettext
from app.kernel.tenancy import Person


async def open_new(db: AsyncSession, person: Person, facts: Mapping[str, Any]) -> Category:
    """A new department, the last one. facts: columns of Category."""
    last = await db.scalar(select(func.max(Category.position))) or 0
    slug = await slugs.free(db, Category.slug, facts["name"]["it"], "reparto", 60)
    row = Category(slug=slug, position=last + keeping.STEP, **facts)
    db.add(row)
    await db.flush()  # the audit trail names its id
    await keeping.record(db, person, "category.open", ("category", row.id), {}, {"name": row.name["it"]})
    return row


async def edit(db: AsyncSession, person: Person, category_id: int, facts: Mapping[str, Any]) -> list[str]:
    """Change what is given; names of products that came off sale, since another class wants more. Raises NotFound."""
    row = await _locked(db, category_id)
    before = {name: getattr(row, name) for name in facts}
    changed = {name: value for name, value in facts.items() if before[name] != value}
    if not changed:
        return []
    for name, value in changed.items():
        setattr(row, name, value)
    await keeping.record(
        db, person, "category.edit", ("category", row.id), {name: before[name] for name in changed}, changed
    )
    goods = list(
        await db.scalars(
            select(Product).where(Product.category_id == row.id, Product.deleted_at.is_(None)).order_by(Product.id)
        )
    )
    sold = {each.id for each in goods if each.published_at}
    missing = await products.judge(db, [each.id for each in goods])
    if "name" in changed:
        for each in goods:
            each.search_text = await editing.search_text(db, each)
        await products.touch(db, [each.id for each in goods])
    return [each.name["it"] for each in goods if each.id in sold and missing[each.id]]


async def move(db: AsyncSession, person: Person, category_id: int, way: str) -> None:
    """One place up (su) or down (giu); at the end nothing happens. Raises NotFound."""
    rows = await keeping.locked(db, Category, Category.position)
    await keeping.move(db, person, "category", rows, category_id, way)


async def close(db: AsyncSession, person: Person, category_id: int, into: int | None) -> None:
    """A department is there no more; its products go to another. Raises NotFound, Refused while it has products."""
    row = await _locked(db, category_id)
    goods = list(await db.scalars(select(Product.id).where(Product.category_id == row.id)))
    if goods:
        if into is None or into == row.id:
            raise Refused(
                ngettext(
                    "C’è ancora %(num)s prodotto: scegli in quale reparto va.",
                    "Ci sono ancora %(num)s prodotti: scegli in quale reparto vanno.",
                    len(goods),
                ),
                "into",
            )
        await _locked(db, into)
        await db.execute(
            update(Product)
            .where(Product.category_id == row.id)
            .values(category_id=into)
            .execution_options(synchronize_session=False)
        )
        await products.judge(db, goods)
        await products.touch(db, goods)
    await db.delete(row)
    await keeping.record(
        db,
        person,
        "category.close",
        ("category", row.id),
        {"name": row.name["it"]},
        {"into": into, "products": len(goods)},
    )


async def _locked(db: AsyncSession, category_id: int) -> Category:
    found: Category | None = await db.scalar(
        select(Category).where(Category.id == category_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found
