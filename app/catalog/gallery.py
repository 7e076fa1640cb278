"""The pictures of a product, in order. The first stands on cards: Product.image_id, whoever sets it, decides which.

Every change raises the product's version and is in the audit trail. All within a transaction.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import images, products
from app.catalog.models import Image, Product, ProductImage
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit

MOST_PICTURES = 20  # of one product
_record = audit.recorder("product")


async def add(db: AsyncSession, person: Person, product_id: int, pictures: Sequence[Image], owner: int | None) -> int:
    """Put pictures at the end; one that was taken out comes back. Returns how many were not there before.

    owner: the producer who may, None for staff. Raises NotFound for another's product, Refused when there is no room.
    """
    product = await _locked(db, product_id, owner)
    there = await _entries(db, product)
    shown = {entry.image_id for entry in there if entry.removed_at is None}
    fresh = [picture for picture in pictures if picture.id not in shown]
    if len(shown) + len(fresh) > MOST_PICTURES:
        raise Refused(_("Un prodotto può avere al massimo %(most)s immagini.", most=MOST_PICTURES), "pictures")
    by_image = {entry.image_id: entry for entry in there}
    for place, picture in enumerate(fresh, start=len(shown)):
        images.claim(picture)
        entry = by_image.get(picture.id)
        if entry is None:
            entry = by_image[picture.id] = ProductImage(product_id=product.id, image_id=picture.id)
            db.add(entry)
        entry.position, entry.removed_at = place, None
        _record(db, person, "product.picture.add", product.id, {}, {"image": picture.key})
    if fresh:
        await _settle(db, product, list(by_image.values()))
    return len(fresh)


async def move(db: AsyncSession, person: Person, product_id: int, image_id: int, to: str, owner: int | None) -> None:
    """to: prima (the main one) | su | giu. At the end already: nothing happens. Raises NotFound."""
    product = await _locked(db, product_id, owner)
    there = await _entries(db, product)
    shown = [entry for entry in there if entry.removed_at is None]
    entry = _entry_of(shown, image_id)
    was = shown.index(entry)
    place = {"prima": 0, "su": was - 1, "giu": was + 1}[to]
    place = min(max(place, 0), len(shown) - 1)
    if place == was:
        return
    shown.insert(place, shown.pop(was))
    for position, each in enumerate(shown):
        each.position = position
    _record(db, person, "product.picture.move", product.id, {"place": was + 1}, {"place": place + 1, "image": image_id})
    await _settle(db, product, there)


async def remove(db: AsyncSession, person: Person, product_id: int, image_id: int, owner: int | None) -> None:
    """Take a picture out; it can be put back for some days. Doing it twice is harmless. Raises NotFound."""
    product = await _locked(db, product_id, owner)
    there = await _entries(db, product)
    entry = _entry_of(there, image_id)
    if entry.removed_at is not None:
        return
    entry.removed_at = clock.now()
    _record(db, person, "product.picture.remove", product.id, {"image": image_id}, {})
    await _settle(db, product, there)


async def restore(db: AsyncSession, person: Person, product_id: int, image_id: int, owner: int | None) -> None:
    """Put a picture back where it was. Raises NotFound, Refused when there is no room any more."""
    product = await _locked(db, product_id, owner)
    there = await _entries(db, product)
    entry = _entry_of(there, image_id)
    if entry.removed_at is None:
        return
    shown = [each for each in there if each.removed_at is None]
    if len(shown) >= MOST_PICTURES:
        raise Refused(_("Un prodotto può avere al massimo %(most)s immagini.", most=MOST_PICTURES))
    picture = await db.scalar(select(Image).where(Image.id == image_id).with_for_update(key_share=True))
    if picture is None:
        raise NotFound
    images.claim(picture)
    entry.removed_at = None
    for each in shown:
        each.position += each.position >= entry.position  # makes room at its old place
    _record(db, person, "product.picture.restore", product.id, {}, {"image": image_id})
    await _settle(db, product, there)


async def describe(
    db: AsyncSession, person: Person, product_id: int, image_id: int, alt: Mapping[str, str], owner: int | None
) -> None:
    """What a picture shows, by language, for those who cannot see it.

    Raises NotFound; Refused when another producer shows it too, whose page would change.
    """
    product = await _locked(db, product_id, owner)
    entry = _entry_of(await _entries(db, product), image_id)
    picture = await db.scalar(
        select(Image)
        .where(Image.id == entry.image_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if picture is None:
        raise NotFound
    if dict(picture.alt) == dict(alt):
        return
    users = await _users(db, image_id)
    if owner is not None and any(producer_id != owner for _product, producer_id in users):
        raise Refused(
            _("Questa immagine la mostrano anche altri: per cambiarne la descrizione carica la tua."), "alt_it"
        )
    _record(db, person, "product.picture.describe", product.id, {"alt": dict(picture.alt)}, {"alt": dict(alt)})
    picture.alt = dict(alt)
    shown_by = [product.id, *(user_id for user_id, _producer in users)]
    await products.touch(db, shown_by)
    await products.judge(db, sorted(set(shown_by)))  # the gate reads it


async def _users(db: AsyncSession, image_id: int) -> list[tuple[int, int]]:
    """(product id, producer id) of every product that shows a picture."""
    entries = select(ProductImage.product_id).where(ProductImage.image_id == image_id)
    found = await db.execute(
        select(Product.id, Product.producer_id).where(or_(Product.image_id == image_id, Product.id.in_(entries)))
    )
    return [(product_id, producer_id) for product_id, producer_id in found]


async def _locked(db: AsyncSession, product_id: int, owner: int | None) -> Product:
    mine = [] if owner is None else [Product.producer_id == owner]
    product = await db.scalar(
        select(Product)
        .where(Product.id == product_id, Product.deleted_at.is_(None), *mine)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise NotFound
    return product


async def _entries(db: AsyncSession, product: Product) -> list[ProductImage]:
    """The gallery in order, with what was taken out. The product's main picture is its first, whoever set it."""
    found = await db.scalars(
        select(ProductImage)
        .where(ProductImage.product_id == product.id)
        .order_by(ProductImage.position, ProductImage.id)
        .execution_options(populate_existing=True)
    )
    there = list(found)
    if product.image_id is not None:
        main = next((entry for entry in there if entry.image_id == product.image_id), None)
        if main is None:
            main = ProductImage(product_id=product.id, image_id=product.image_id)
            db.add(main)
        main.removed_at = None
        there = [main, *(entry for entry in there if entry is not main)]
    for position, entry in enumerate(entry for entry in there if entry.removed_at is None):
        entry.position = position
    return there


def _entry_of(entries: Sequence[ProductImage], image_id: int) -> ProductImage:
    entry = next((entry for entry in entries if entry.image_id == image_id), None)
    if entry is None:
        raise NotFound
    return entry


async def _settle(db: AsyncSession, product: Product, entries: Sequence[ProductImage]) -> None:
    """Number the pictures that are shown, and make the first the main one."""
    shown = sorted((entry for entry in entries if entry.removed_at is None), key=lambda entry: entry.position)
    for position, entry in enumerate(shown):
        entry.position = position
    product.image_id = shown[0].image_id if shown else None
    await products.touch(db, [product.id])
    await products.judge(db, [product.id])  # what is no food is sold with a picture only
