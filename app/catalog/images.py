"""Pictures and their rows: a picture's key is its name and a hash of its bytes, so a file never changes under its name,
and the same picture taken in twice is kept once.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Image
from app.catalog.pixels import Prepared, key_of, names_of, prepare, width_of
from app.integrations.storage import Storage
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _

__all__ = [
    "ORPHANS_KEPT",
    "Prepared",
    "claim",
    "keep",
    "key_of",
    "names_of",
    "prepare",
    "prepare_many",
    "record",
    "record_new",
]

ORPHANS_KEPT = timedelta(days=7)


def keep(storage: Storage, shop_slug: str, picture: Prepared) -> None:
    """Write a prepared picture's files. Blocks; raises StorageDown."""
    for name, body in picture.files.items():
        storage.write(shop_slug, name, body)


def prepare_many(
    storage: Storage, jobs: Iterable[tuple[str, str, bytes]], *, processes: int
) -> Iterator[tuple[str, str]]:
    """Make and keep many pictures on several processors; yields (shop slug, key) as each is done.

    jobs: (shop slug, name, bytes), of pictures of our own. Those whose files are all there are left out.
    """
    missing = [
        (slug, name, body)
        for slug, name, body in jobs
        if not all(storage.exists(slug, file) for file in names_of(key_of(body, name), width_of(body)))
    ]
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:  # a fork would copy running threads
        prepared = pool.map(prepare, [body for _slug, _name, body in missing], [name for _slug, name, _body in missing])
        for (slug, _name, _body), picture in zip(missing, prepared, strict=True):
            keep(storage, slug, picture)
            yield slug, picture.key


async def record(db: AsyncSession, *, key: str, width: int, height: int, alt: Mapping[str, str], color: str) -> Image:
    """The row of a picture; one that is there already is returned. Within a transaction.

    Record it before its files are written: what a crash leaves behind is then found by the nightly sweep.
    """
    row, _is_new = await record_new(db, Prepared(key, width, height, color, {}), alt)
    return row


async def record_new(db: AsyncSession, picture: Prepared, alt: Mapping[str, str]) -> tuple[Image, bool]:
    """`record` for a picture just made ready, and whether it was not there before."""
    known = await _known(db, picture.key)
    if known is None:
        row = Image(key=picture.key, width=picture.width, height=picture.height, alt=dict(alt), color=picture.color)
        try:
            async with db.begin_nested():  # flushes: what comes next refers to its id
                db.add(row)
        except IntegrityError:  # somebody sends the same picture at this moment
            known = await _known(db, picture.key)
        else:
            return row, True
    if known is None:
        raise NotFound
    claim(known)
    return known, False


async def _known(db: AsyncSession, key: str) -> Image | None:
    found: Image | None = await db.scalar(select(Image).where(Image.key == key).with_for_update(key_share=True))
    return found


def claim(picture: Image) -> None:
    """Somebody refers to this picture (again): the sweep shall let it be. Within the transaction that refers to it.

    Raises Refused in the moment in which the sweep is removing it.
    """
    if picture.orphaned_at is None:
        return
    if picture.orphaned_at <= clock.now() - ORPHANS_KEPT:
        raise Refused(_("Questa immagine la stiamo togliendo proprio adesso: riprova domani."), "image")
    picture.orphaned_at = None
