"""Fetch the pictures that an import named, from the network or its ZIP; each fault is told with its line.

Some at a time, each in transactions of its own, so that a slow site holds nothing up and a killed job goes on.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from zipfile import ZipFile

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import darkroom, gallery, uploads
from app.catalog.imports import batches, pieces, zips
from app.catalog.imports.models import ImportBatch, ImportPicture
from app.catalog.models import Product
from app.catalog.pixels import MOST_BYTES
from app.integrations.storage import Storage
from app.integrations.strangers import Fetcher
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts, in_language

AT_ONCE = 5  # each may take the fetcher's and the darkroom's time; together less than a job's lease


async def run(database: Database, shop: ShopFacts, batch_id: int, storage: Storage, fetcher: Fetcher) -> bool:
    """The job: fetch the next pictures; what is left is another job. True when none waits. Safe to repeat."""
    async with database.session(shop.id) as db, AsyncExitStack() as stack:
        batch = await batches.own(db, batch_id, None)
        if batch.state != "done":
            return True
        waiting = select(ImportPicture.id).where(
            ImportPicture.batch_id == batch_id, ImportPicture.state == "waiting"
        ).order_by(ImportPicture.product_id, ImportPicture.id)  # fmt: skip
        ids = list(await db.scalars(waiting.limit(AT_ONCE)))
        one = _One(db, shop, batch, storage, fetcher, stack)
        with speaking(batch.locale):
            for picture_id in ids:
                await one.take(picture_id)
        async with transaction(db):
            batch = await batches.own(db, batch_id, None, lock=True)
            is_done = await db.scalar(waiting.limit(1)) is None
            if is_done:
                await pieces.forget(db, batch_id, "zip")
            else:
                add_job(db, "catalog.fetch_import_pictures", batch_id=batch_id)
            await batches.moved(db, batch)
    return is_done


class _One:
    """One picture after the other."""

    def __init__(
        self,
        db: AsyncSession,
        shop: ShopFacts,
        batch: ImportBatch,
        storage: Storage,
        fetcher: Fetcher,
        stack: AsyncExitStack,
    ) -> None:
        self.db = db
        self.shop = shop
        self.batch_id = batch.id
        self.person = batches.person_of(batch)  # now: a rollback would expire the row
        self.storage = storage
        self.fetcher = fetcher
        self.stack = stack
        self._archive: ZipFile | None = None

    async def take(self, picture_id: int) -> None:
        picture = await self.db.scalar(select(ImportPicture).where(ImportPicture.id == picture_id))
        if picture is None or picture.state != "waiting":
            return
        try:
            await self._take(picture)
        except Refused as no:
            await self._end(picture_id, "failed", no.message)
        except NotFound:
            await self._end(picture_id, "failed", _("Il prodotto non c’è più."))

    async def _take(self, picture: ImportPicture) -> None:
        picture_id = picture.id
        product = await self.db.scalar(select(Product).where(Product.id == picture.product_id))
        if product is None or product.deleted_at is not None:
            raise NotFound
        product_id, source, stem, alt = (
            product.id,
            picture.source,
            product.slug,
            picture.alt or in_language(product.name, "it"),
        )
        body = await self._body(source)
        async with darkroom.opened() as room:
            made = await room.prepare(body, stem)
        taken_in = uploads.taken_in(self.db, self.storage, self.shop.slug, [made], {"it": alt[:200]})
        async with taken_in as rows, transaction(self.db):
            await gallery.add(self.db, self.person, product_id, rows, None)
            image_id = rows[0].id
        await self._end(picture_id, "done", "", image_id)

    async def _body(self, source: str) -> bytes:
        if not source.startswith("zip:"):
            return await self.fetcher.fetch(source, MOST_BYTES)
        if self._archive is None:
            try:
                path: Path = await self.stack.enter_async_context(
                    pieces.on_disk(self.db, self.batch_id, "zip")
                )  # fmt: skip
            except NotFound as fault:
                raise Refused(_("Lo ZIP non c’è più: importa di nuovo il file con le immagini.")) from fault
            self._archive = self.stack.enter_context(zips.opened(path))
        return zips.read(self._archive, source)

    async def _end(self, picture_id: int, state: str, sentence: str, image_id: int | None = None) -> None:
        async with transaction(self.db):
            picture = await self.db.scalar(
                select(ImportPicture).where(ImportPicture.id == picture_id).with_for_update(key_share=True)
            )
            if picture is not None:
                picture.state, picture.sentence, picture.image_id = state, sentence, image_id
