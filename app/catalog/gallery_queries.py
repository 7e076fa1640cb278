"""What is shown of galleries: on the product page, and at the desk that arranges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.models import Image, Product, ProductImage
from app.catalog.views import Picture
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.producers.models import Producer


@dataclass(frozen=True)
class DeskPicture:
    """A picture with what its forms need. alt: by language."""

    id: int
    picture: Picture
    alt: Mapping[str, str]


@dataclass(frozen=True)
class DeskGallery:
    """A product's pictures in order; removed: those that can still be put back.

    stem: what its pictures' files are called. url: of the product, None when nobody can see it.
    """

    product_id: int
    name: str
    url: str | None
    stem: str
    shown: Sequence[DeskPicture]
    removed: Sequence[DeskPicture]


def has_more() -> ColumnElement[bool]:
    """Of a product in a statement: whether it shows more than its main picture."""
    return exists(
        select(ProductImage.id)
        .where(ProductImage.product_id == Product.id, ProductImage.image_id != Product.image_id, _is_shown())
        .correlate(Product)
    )


async def more(db: AsyncSession, product_id: int, name: str) -> list[Picture]:
    """The pictures after the main one."""
    return [cards.picture(row, name) for row in await db.execute(_more(), {"product": product_id})]


@cache
def _more() -> Select[Any]:
    return (
        select(*cards.IMAGE)
        .select_from(ProductImage)
        .join(Image, Image.id == ProductImage.image_id)
        .join(Product, Product.id == ProductImage.product_id)
        .where(
            ProductImage.product_id == bindparam("product", type_=BigInteger),
            ProductImage.image_id != Product.image_id,
            _is_shown(),
        )
        .order_by(ProductImage.position, ProductImage.id)
    )


def _is_shown() -> ColumnElement[bool]:
    return ProductImage.removed_at.is_(None)


async def at_the_desk(db: AsyncSession, product_id: int, owner: int | None) -> DeskGallery:
    """owner: the producer who asks, None for staff. Raises NotFound for another's product. Two statements."""
    mine = [] if owner is None else [Product.producer_id == owner]
    about = await db.execute(
        select(Product, Producer.slug, Image)
        .join(Producer, Producer.id == Product.producer_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Product.id == product_id, Product.deleted_at.is_(None), *mine)
    )
    found = about.one_or_none()
    if found is None:
        raise NotFound
    product, stem, main = found
    rows = await db.execute(
        select(Image, ProductImage.removed_at)
        .join(ProductImage, ProductImage.image_id == Image.id)
        .where(ProductImage.product_id == product_id)
        .order_by(ProductImage.position, ProductImage.id)
    )
    others = [(image, removed_at) for image, removed_at in rows if image.id != product.image_id]
    name = in_language(product.name, current_locale())
    return DeskGallery(
        product_id=product.id,
        name=name,
        url=f"/prodotti/{product.slug}" if product.published_at else None,
        stem=stem,
        shown=[
            _desk_picture(image, name)
            for image in [main, *(image for image, removed_at in others if removed_at is None)]
            if image is not None
        ],
        removed=[_desk_picture(image, name) for image, removed_at in others if removed_at is not None],
    )


def _desk_picture(image: Image, name: str) -> DeskPicture:
    return DeskPicture(image.id, cards.picture(image, name), dict(image.alt))
