"""What staff keep in a list of the shop's own: departments, tags, groups of synonyms.

A shop has few of each, so all are locked together. Pages of many kinds name them: each change drops all kept pages.
Within a transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.catalog.models import Category
from app.catalog.vocabulary import Synonyms, Tag
from app.kernel.errors import NotFound
from app.kernel.tenancy import Person
from app.system import audit, page_drops

STEP = 10  # between the positions of two rows
UP = "su"

Kept = TypeVar("Kept", Category, Tag, Synonyms)
Placed = TypeVar("Placed", Category, Tag)


async def locked(db: AsyncSession, table: type[Kept], *order: InstrumentedAttribute[int]) -> list[Kept]:
    """All of them, in this order, then by id."""
    found = select(table).order_by(*order, table.id).with_for_update().execution_options(populate_existing=True)
    return list(await db.scalars(found))


def one(rows: Sequence[Kept], id_: int) -> Kept:
    """Raises NotFound."""
    found = next((row for row in rows if row.id == id_), None)
    if found is None:
        raise NotFound
    return found


async def move(db: AsyncSession, person: Person, kind: str, rows: list[Placed], id_: int, way: str) -> None:
    """One place up or down; at the end nothing happens. way: su | giu. rows: in their order. Raises NotFound."""
    row = one(rows, id_)
    at = rows.index(row)
    to = at - 1 if way == UP else at + 1
    if not 0 <= to < len(rows):
        return
    rows.insert(to, rows.pop(at))
    for place, each in enumerate(rows, start=1):
        each.position = place * STEP
    await record(db, person, f"{kind}.move", (kind, id_), {"place": at + 1}, {"place": to + 1})


async def record(
    db: AsyncSession,
    person: Person,
    action: str,
    row: tuple[str, int],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """What somebody did, in the audit trail. row: its kind and id."""
    audit.by(db, person, action, row, before, after)
    await page_drops.drop(db, page_drops.EVERYTHING)
