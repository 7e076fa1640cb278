"""The tags of a shop: kept, put in order, hidden, taken away. Staff only; each deed is in the audit trail.

A product keeps its tags while they are hidden. What a tag is called is among the words of its products, so they are
indexed again. Within a transaction.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import index, keeping, slugs, tagging
from app.catalog.models import Product
from app.catalog.vocabulary import Tag
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person

Names = Mapping[str, str]  # locale → what it is called; Italian is always there


async def open_new(db: AsyncSession, person: Person, name: Names) -> Tag:
    """A new tag, the last one. Raises Refused when there are too many, or one is called so already."""
    there = await _locked(db)
    if len(there) >= tagging.MOST:
        raise Refused(_("Le etichette sono già %(most)s: togline una.", most=tagging.MOST), "name_it")
    _unique(there, name)
    slug = await slugs.free(db, Tag.slug, name["it"], "etichetta", 60)
    row = Tag(
        slug=slug,
        name=dict(name),
        position=max((tag.position for tag in there), default=0) + keeping.STEP,
        bit=_free(there),
    )
    db.add(row)
    await db.flush()  # the audit trail names its id
    await _changed(db, person, "tag.open", row, {}, {"name": row.name["it"]})
    return row


async def rename(db: AsyncSession, person: Person, tag_id: int, name: Names) -> None:
    """Call it otherwise; its address stays. Raises NotFound, Refused when another is called so."""
    there = await _locked(db)
    row = keeping.one(there, tag_id)
    _unique([tag for tag in there if tag is not row], name)
    before = row.name
    if before == name:
        return
    row.name = dict(name)
    await _changed(db, person, "tag.rename", row, {"name": before}, {"name": row.name})


async def hide(db: AsyncSession, person: Person, tag_id: int, *, hidden: bool) -> None:
    """Out of the public's sight, or back in it; twice is harmless. Raises NotFound."""
    row = keeping.one(await _locked(db), tag_id)
    if (row.hidden_at is not None) == hidden:
        return
    row.hidden_at = clock.now() if hidden else None
    await _changed(db, person, "tag.hide" if hidden else "tag.show", row, {"hidden": not hidden}, {"hidden": hidden})


async def move(db: AsyncSession, person: Person, tag_id: int, way: str) -> None:
    """One place up (su) or down (giu); at the end nothing happens. Raises NotFound."""
    await keeping.move(db, person, "tag", await _locked(db), tag_id, way)


async def take_away(db: AsyncSession, person: Person, tag_id: int) -> None:
    """The tag is there no more, and no product has it. Raises NotFound."""
    row = keeping.one(await _locked(db), tag_id)
    goods = await _goods(db, row)
    await db.execute(
        update(Product)
        .where(Product.tag_mask.op("&")(row.bit) != 0)
        .values(tag_mask=Product.tag_mask - row.bit)
        .execution_options(synchronize_session=False)
    )
    await db.delete(row)
    await db.flush()  # the index reads rows
    await index.refresh(db, goods)
    await keeping.record(db, person, "tag.close", ("tag", tag_id), {"name": row.name["it"]}, {"products": len(goods)})


async def goods_by_tag(db: AsyncSession) -> Mapping[int, int]:
    """Tag id → how many products have it that are not thrown away; tags without any are left out."""
    has_it = (Product.tag_mask.op("&")(Tag.bit) != 0, Product.deleted_at.is_(None))
    rows = await db.execute(
        select(Tag.id, func.count(Product.id)).join(Product, has_it[0] & has_it[1]).group_by(Tag.id)
    )
    return dict(rows.all())


async def _locked(db: AsyncSession) -> list[Tag]:
    return await keeping.locked(db, Tag, Tag.position)


def _unique(others: list[Tag], name: Names) -> None:
    if name["it"].casefold() in {tag.name["it"].casefold() for tag in others}:
        raise Refused(_("C’è già un’etichetta con questo nome."), "name_it")


def _free(there: list[Tag]) -> int:
    """A bit that no tag has; one that was never used while there are any, since an import may be undone later."""
    taken = {tag.bit for tag in there}
    above = max(taken, default=0) * 2 or 1
    free = [1 << place for place in range(tagging.MOST) if 1 << place not in taken]
    return above if above in free else free[0]


async def _goods(db: AsyncSession, row: Tag) -> list[int]:
    return list(await db.scalars(select(Product.id).where(Product.tag_mask.op("&")(row.bit) != 0).order_by(Product.id)))


async def _changed(
    db: AsyncSession, person: Person, action: str, row: Tag, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    await db.flush()  # the index reads rows
    await index.refresh(db, await _goods(db, row))
    await keeping.record(db, person, action, ("tag", row.id), before, after)
