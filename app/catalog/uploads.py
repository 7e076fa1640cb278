"""Take pictures in from a form: checked and made small in a process apart, recorded, written, and only then shown.

The row comes before the files and what refers to it after them: whatever fails on the way is taken back at once, and
what a crash leaves behind refers to nothing, so the nightly sweep finds it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from litestar.datastructures import UploadFile
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import darkroom, images, sweeping
from app.catalog.models import Image
from app.catalog.pixels import MOST_BYTES, Prepared
from app.integrations.storage import Storage, StorageDown
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

log = structlog.get_logger()
MOST_AT_ONCE = 10
MOST_BODY = MOST_AT_ONCE * MOST_BYTES + 1_000_000  # of a form with pictures, bytes
LONGEST_NAME = 60


class PicturesRefused(Refused):
    """Some files cannot be taken, so none was. files: (file name, sentence)."""

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        told = "; ".join(f"“{name}”: {said}" for name, said in files)
        super().__init__(told if len(files) > 1 or files[0][0] else files[0][1], "pictures")
        self.files = list(files)


@asynccontextmanager
async def files_of(
    sent: Mapping[str, Any], field: str = "pictures", most: int = MOST_AT_ONCE
) -> AsyncIterator[list[UploadFile]]:
    """The files of a form's field, closed at the end; an input left empty sends none. Raises Refused for too many."""
    values = sent.getall(field, []) if hasattr(sent, "getall") else sent.get(field, [])
    files = [value for value in values if isinstance(value, UploadFile)]
    try:
        if len(files) > most:
            raise Refused(_("Puoi mandare al massimo %(most)s immagini alla volta.", most=most), field)
        yield [file for file in files if file.filename]
    finally:
        for file in files:
            await file.close()


async def prepared(files: Sequence[UploadFile], stem: str) -> list[Prepared]:
    """Every picture made ready, in order. stem: what their files are called. Raises PicturesRefused with all faults."""
    made: dict[str, Prepared] = {}
    faults: list[tuple[str, str]] = []
    async with darkroom.opened() as room:
        for file in files:
            try:
                picture = await room.prepare(await file.read(MOST_BYTES + 1), stem)
            except Refused as no:
                faults.append((file.filename[:LONGEST_NAME], no.message))
            else:
                made[picture.key] = picture  # the same file twice is one picture
    if faults:
        raise PicturesRefused(faults)
    return list(made.values())


@asynccontextmanager
async def taken_in(
    db: AsyncSession, storage: Storage, shop_slug: str, pictures: Sequence[Prepared], alt: Mapping[str, str]
) -> AsyncIterator[list[Image]]:
    """The rows of pictures whose files are written; the block refers to them, in a transaction of its own.

    If it raises, or the storage fails, rows and files that were not there before are gone again. alt: of new pictures,
    by language. Raises Refused when the storage does not answer.
    """
    fresh: list[Prepared] = []
    rows: list[Image] = []
    async with transaction(db):
        for picture in pictures:
            row, is_new = await images.record_new(db, picture, alt)
            rows.append(row)
            if is_new:
                fresh.append(picture)
    try:
        for picture in pictures:
            await asyncio.to_thread(images.keep, storage, shop_slug, picture)
        yield rows
    except StorageDown as fault:
        await _forget(db, storage, shop_slug, fresh)
        raise Refused(
            _("Adesso non riusciamo a conservare le immagini: riprova fra qualche minuto."), "pictures"
        ) from fault
    except BaseException:
        await _forget(db, storage, shop_slug, fresh)
        raise


async def _forget(db: AsyncSession, storage: Storage, shop_slug: str, pictures: Sequence[Prepared]) -> None:
    """Leave nothing of these behind, unless somebody refers to them by now."""
    for picture in pictures:
        async with transaction(db):
            gone = await sweeping.drop(db, [picture.key])
        if not gone:
            continue
        try:
            await asyncio.to_thread(storage.remove, shop_slug, list(picture.files))
        except StorageDown:  # the sweep shall find what is there, by its row
            log.warning("pictures.left_behind", key=picture.key)
            async with transaction(db):
                await images.record_new(db, picture, {})
