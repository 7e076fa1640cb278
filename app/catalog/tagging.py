"""Which tags a product has: bits of Product.tag_mask and the rows of vocabulary.Tag that they stand for."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.vocabulary import Tag

MOST = 40  # of a shop; bits of a signed number of 64


def bits(mask: int) -> list[int]:
    """The powers of two that a mask is the sum of."""
    return [1 << place for place in range(MOST) if mask >> place & 1]


def of(mask: int, tags: Iterable[Tag]) -> list[Tag]:
    """Those of `tags` that a product has."""
    return [tag for tag in tags if mask & tag.bit]


def retagged(mask: int, offered: Iterable[Tag], slugs: Iterable[str]) -> int:
    """A product's mask when of those `offered` it is to have `slugs`; what was not offered stays."""
    bits_of = {tag.slug: tag.bit for tag in offered}
    chosen = sum(bits_of.get(slug, 0) for slug in set(slugs))
    return mask & ~sum(bits_of.values()) | chosen


async def kept(db: AsyncSession) -> Sequence[Tag]:
    """All tags of the shop in their order, hidden ones too."""
    return list(await db.scalars(select(Tag).order_by(Tag.position, Tag.id)))


async def shown(db: AsyncSession) -> Sequence[Tag]:
    """Those that the public sees, in their order."""
    return [tag for tag in await kept(db) if tag.hidden_at is None]
