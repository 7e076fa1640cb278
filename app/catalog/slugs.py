"""Names as addresses."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.catalog.search import fold


async def free(db: AsyncSession, column: InstrumentedAttribute[Any], name: str, otherwise: str, most: int) -> str:
    """A slug of at most `most` signs; numbered where a row has it already, thrown away or not.

    column: where the slugs of such rows stand. otherwise: for a name without a letter or digit.
    """
    words = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:most].strip("-") or otherwise
    taken = set(await db.scalars(select(column).where(column.startswith(words, autoescape=True))))
    number, slug = 2, words
    while slug in taken:
        slug, number = f"{words}-{number}", number + 1
    return slug
