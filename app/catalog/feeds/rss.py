"""What is new, as RSS 2.0: in the whole shop, of a category, of a producer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.feeds import plain
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW
from app.catalog.models import Category, Image, Product
from app.catalog.views import Picture
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.producers.models import Producer

MOST = 50


@dataclass(frozen=True)
class Item:
    """A product in the reader's language. path: without language prefix. at: on sale since, aware."""

    name: str
    path: str
    description: str
    producer: str
    category: str
    image: Picture
    at: datetime


@dataclass(frozen=True)
class Channel:
    """path: of the page it belongs to, and own: of the feed itself, both without language prefix."""

    title: str
    description: str
    path: str
    own: str
    items: Sequence[Item]

    @property
    def changed_at(self) -> datetime | None:
        return self.items[0].at if self.items else None


async def newest(db: AsyncSession, *, category_id: int | None = None, producer_id: int | None = None) -> list[Item]:
    """The products that were put on sale last, in one statement."""
    values = {NOW.key: clock.now(), "category": category_id, "producer": producer_id}
    rows = await db.execute(_newest(category_id is not None, producer_id is not None), values)
    return [_item(row) for row in rows]


@cache
def _newest(of_category: bool, of_producer: bool) -> Select[Any]:
    row = IndexedProduct
    statement = (
        select(
            Product.slug,
            Product.name,
            Product.designation,
            Product.description,
            Product.published_at,
            Producer.name.label("producer_name"),
            Category.name.label("category_name"),
            *cards.IMAGE,
        )
        .select_from(row)
        .join(Product, Product.id == row.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(row.published_at <= NOW)
        .order_by(row.published_at.desc(), row.product_id.desc())
        .limit(MOST)
    )
    if of_category:
        statement = statement.where(row.category_id == bindparam("category", type_=Integer))
    if of_producer:
        statement = statement.where(row.producer_id == bindparam("producer", type_=Integer))
    return statement


def _item(row: Any) -> Item:
    locale = current_locale()
    name = in_language(row.name, locale)
    return Item(
        name=plain.text(f"{name} {row.designation or ''}"),
        path=f"/prodotti/{row.slug}",
        description=plain.text(in_language(row.description, locale)),
        producer=plain.text(row.producer_name),
        category=plain.text(in_language(row.category_name, locale)),
        image=cards.picture(row, name),
        at=row.published_at,
    )
