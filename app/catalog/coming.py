"""What is announced and not on sale yet: it has a page, no price and no button to buy.

Its producer says so with the day on which it goes on sale (`editing.publish`); from then on it is like other products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.listings import NOW
from app.catalog.models import Image, Product, Variant
from app.catalog.views import Picture
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.producers.models import Producer

MOST = 60  # on one page


@dataclass(frozen=True, slots=True)
class Coming:
    """A product that is announced. variant_id: what somebody waits for. urls: without language prefix."""

    id: int
    variant_id: int
    name: str
    url: str
    mark: str | None
    image: Picture
    description: str
    at: datetime
    producer: str
    producer_url: str
    place: str


def announced() -> ColumnElement[bool]:
    """Whether the public may know that it comes. Needs Product joined with Producer, and the parameter `now`."""
    is_shown = and_(Product.is_announced, Product.deleted_at.is_(None), Producer.hidden_at.is_(None))
    return and_(is_shown, Product.published_at > NOW)


async def one(db: AsyncSession, slug: str) -> Coming:
    """Raises NotFound for what is not announced."""
    row = (await db.execute(_one(), {"slug": slug, NOW.key: clock.now()})).first()
    if row is None:
        raise NotFound
    return _view(row)


async def soonest(db: AsyncSession) -> Sequence[Coming]:
    """What comes, the soonest first."""
    rows = await db.execute(_soonest(), {"rows": MOST, NOW.key: clock.now()})
    return [_view(row) for row in rows]


def _view(row: Any) -> Coming:
    locale = current_locale()
    name = in_language(row.name, locale)
    return Coming(
        id=row.id,
        variant_id=row.variant_id,
        name=name,
        url=f"/prodotti/{row.slug}",
        mark=row.designation,
        image=cards.picture(row, name),
        description=in_language(row.description, locale),
        at=row.published_at,
        producer=row.producer_name,
        producer_url=f"/produttori/{row.producer_slug}",
        place=cards.place(row.city, row.province),
    )


@cache
def _one() -> Select[Any]:
    return _statement().where(Product.slug == bindparam("slug", type_=String))


@cache
def _soonest() -> Select[Any]:
    return _statement().order_by(Product.published_at, Product.id).limit(bindparam("rows", type_=Integer))


def _statement() -> Select[Any]:
    first = select(func.min(Variant.id)).where(Variant.product_id == Product.id, Variant.retired_at.is_(None))
    variant = first.correlate(Product).scalar_subquery()
    return (
        select(
            Product.id,
            Product.slug,
            Product.name,
            Product.designation,
            Product.description,
            Product.published_at,
            variant.label("variant_id"),
            Producer.name.label("producer_name"),
            Producer.slug.label("producer_slug"),
            Producer.city,
            Producer.province,
            *cards.IMAGE,
        )
        .join(Producer, Producer.id == Product.producer_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(announced(), variant.is_not(None))
    )
