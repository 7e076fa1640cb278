"""Remove pictures that nothing has referred to for a week, files and all.

A picture is referred to by any row of any table with a foreign key to images.id, and by key where a context says so:
`also_kept(select(…))`, at start.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.images import ORPHANS_KEPT, names_of
from app.catalog.models import Image, ProductImage
from app.integrations.storage import Storage
from app.kernel import clock
from app.kernel.db import Table, transaction
from app.producers.models import Producer
from app.shops.models import Shop

AT_ONCE = 200
_keys: list[Select[Any]] = [select(Producer.image).where(Producer.image.is_not(None))]


def also_kept(keys: Select[Any]) -> None:
    """At start: a statement of one column without nulls, the keys of pictures that a context's rows name by key."""
    _keys.append(keys)


async def sweep(db: AsyncSession, storage: Storage, shop_slug: str) -> int:
    """Mark what nothing refers to since today, remove what nothing has for a week; returns how many were removed.

    Files go between two transactions, and their rows last: if the storage fails, the next night goes on from there.
    Raises StorageDown.
    """
    async with transaction(db):
        due = await _due(db)
    for row in due:
        await asyncio.to_thread(storage.remove, shop_slug, names_of(row.key, row.width))
    async with transaction(db):
        return await drop(db, [row.key for row in due])


async def drop(db: AsyncSession, keys: Sequence[str]) -> int:
    """Delete the rows of pictures that nothing refers to; returns how many there were. Within a transaction."""
    gone = await db.execute(
        delete(Image)
        .where(Image.key.in_(keys), not_(is_referred_to(db)))
        .returning(Image.id)
        .execution_options(synchronize_session="fetch")  # so that the session forgets them too
    )
    return len(gone.all())


async def _due(db: AsyncSession) -> list[Image]:
    now = clock.now()
    used = is_referred_to(db)
    for mark, which in (
        (None, and_(Image.orphaned_at.is_not(None), used)),
        (now, and_(Image.orphaned_at.is_(None), not_(used))),
    ):
        await db.execute(
            update(Image).where(which).values(orphaned_at=mark).execution_options(synchronize_session=False)
        )
    found = await db.scalars(
        select(Image)
        .where(Image.orphaned_at <= now - ORPHANS_KEPT)
        .order_by(Image.id)
        .limit(AT_ONCE)
        .execution_options(populate_existing=True)
    )
    return list(found)


def is_referred_to(db: AsyncSession) -> ColumnElement[bool]:
    """Whether anything refers to an image. What was taken out of a gallery does not."""
    hero = Shop.features["hero"]["image"].as_string()
    of_hero = select(hero).where(Shop.id == db.info["shop_id"], hero.is_not(None))
    by_key = [Image.key.in_(keys) for keys in (*_keys, of_hero)]
    return or_(*_by_id(), *by_key)


def _by_id() -> list[ColumnElement[bool]]:
    """One condition for each column of any table that points to images.id."""
    images, galleries = Image.__table__, ProductImage.__table__
    found: list[ColumnElement[bool]] = []
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is images for key in column.foreign_keys):
                rows = exists().where(column == Image.id).correlate(images)
                found.append(rows.where(table.c.removed_at.is_(None)) if table is galleries else rows)
    return found
