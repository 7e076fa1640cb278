"""Put back what was before an import, product by product: what anybody has changed or sold since stays, and is told.

New products go among those thrown away, from where they can be restored; new formats of products that were there go
altogether. Prices are logged, the gate judges, versions are raised, as with any change.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editing, gallery, prices, products
from app.catalog.imports import batches, writing
from app.catalog.imports.models import ImportBatch, ImportPicture, ImportRow
from app.catalog.models import Category, Product, StockItem, StockMovement, Variant
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.producers.models import Producer
from app.system import audit

AT_ONCE = 50  # products of one transaction
SLICE = 40


async def run(
    database: Database, shop: ShopFacts, batch_id: int, person: Person, *, most: int = SLICE
) -> bool:  # fmt: skip
    """The job: take back the next products; what is left is another job. True when it is all done. Safe to repeat."""
    for _time in range(most):
        async with database.session(shop.id) as db, transaction(db):
            batch = await batches.own(db, batch_id, None, lock=True)
            if batch.state != "undoing":
                return True
            with speaking(batch.locale):
                if not await _some(db, person, batch):
                    await batches.close(db, batch, "undone")
                    return True
            await batches.moved(db, batch)
    async with database.session(shop.id) as db, transaction(db):
        add_job(db, "catalog.undo_import", batch_id=batch_id, actor_id=person.id, role=person.role)
    return False


async def _some(db: AsyncSession, person: Person, batch: ImportBatch) -> bool:
    """False when nothing is left."""
    left = (
        select(ImportRow.product_id)
        .where(ImportRow.batch_id == batch.id, ImportRow.kind != "wrong", ImportRow.undo.is_(None))
        .group_by(ImportRow.product_id)
        .order_by(ImportRow.product_id)
        .limit(AT_ONCE)
    )
    ids = [product_id for product_id in await db.scalars(left) if product_id is not None]
    for product_id in ids:
        rows = list(
            await db.scalars(
                select(ImportRow)
                .where(ImportRow.batch_id == batch.id, ImportRow.product_id == product_id, ImportRow.kind != "wrong")
                .order_by(ImportRow.line.desc())
            )
        )
        fetched = list(
            await db.scalars(
                select(ImportPicture).where(ImportPicture.batch_id == batch.id, ImportPicture.product_id == product_id)
            )
        )
        await _Undo(db, person, product_id, frozenset(picture.image_id for picture in fetched)).all(rows)
        await _pictures(db, person, product_id, fetched)
        batch.done += len(rows)
    return bool(ids)


class _Undo:
    """One product's rows of an import, taken back. fetched: the pictures that came with it, later than its rows."""

    def __init__(self, db: AsyncSession, person: Person, product_id: int, fetched: frozenset[int | None]) -> None:
        self.db = db
        self.person = person
        self.product_id = product_id
        self.fetched = fetched

    async def all(self, rows: Sequence[ImportRow]) -> None:
        """rows: the last line first."""
        db = self.db
        product = await db.scalar(
            select(Product)
            .where(Product.id == self.product_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if product is None:
            _keep(rows, _("Il prodotto non c’è più."))
            return
        if any("product" in row.after and row.kind == "new" for row in rows):
            await self._created(product, rows)
            return
        done = False
        for row in rows:
            sentence = await (self._new_format(row) if row.kind == "new" else self._changed(product, row))
            row.undo, row.sentence = ("kept", sentence) if sentence else ("done", "")
            done = done or not sentence
        if not done:
            return
        undone = [row for row in rows if row.undo == "done" and row.after.get("published") is False]
        stopped = [at for row in undone if (at := row.before["published_at"])]
        again = {product.id: datetime.fromisoformat(stopped[0])} if stopped else {}
        await db.flush()  # `judge` goes past the loaded rows
        await products.judge(db, [product.id], publish=again)
        await products.touch(db, [product.id])

    async def _created(self, product: Product, rows: Sequence[ImportRow]) -> None:
        """The import made the product: it goes as a whole or stays as a whole."""
        variants = list(await self.db.scalars(select(Variant).where(Variant.product_id == product.id)))
        if product.deleted_at is not None:
            _done(rows)
            return
        sentence = ""
        if {variant.id for variant in variants} != {row.variant_id for row in rows}:
            sentence = _("Da allora il prodotto ha altri formati.")
        for row in rows:
            after = dict(row.after.get("product", {}))
            if product.image_id in self.fetched:
                after.pop("image_id", None)
            sentence = sentence or await self._touched(row) or _differs(product, after)
        if sentence:
            _keep(rows, sentence)
            return
        await editing.throw_away(self.db, self.person, product.id, None)
        _done(rows)

    async def _touched(self, row: ImportRow) -> str:
        """Why a new format cannot go; "" if it can."""
        found = (
            await self.db.execute(
                select(Variant, StockItem)
                .join(StockItem, StockItem.id == Variant.stock_item_id)
                .where(Variant.id == row.variant_id)
                .execution_options(populate_existing=True)
            )
        ).first()
        if found is None:
            return ""
        moved = select(StockMovement.id).where(
            StockMovement.stock_item_id == found.StockItem.id, StockMovement.kind != "initial"
        )
        if await self.db.scalar(moved.limit(1)) is not None or found.StockItem.on_hand != row.after.get("stock", 0):
            return _("Da allora qualcuno l’ha venduto o contato.")
        return _differs(found.Variant, row.after.get("variant", {}))

    async def _new_format(self, row: ImportRow) -> str:
        if sentence := await self._touched(row):
            return sentence
        item_id = await self.db.scalar(select(Variant.stock_item_id).where(Variant.id == row.variant_id))
        if item_id is not None:
            variant, shelf = delete(Variant).where(Variant.id == row.variant_id), delete(StockItem)
            for gone in (variant, shelf.where(StockItem.id == item_id)):
                await self.db.execute(gone.execution_options(synchronize_session="fetch"))
        self._record({"sku": row.sku}, {})
        return ""

    async def _changed(self, product: Product, row: ImportRow) -> str:
        """Put a changed line's columns back; why not, or ""."""
        variant = await self.db.scalar(
            select(Variant)
            .where(Variant.id == row.variant_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if variant is None:
            return _("Il formato non c’è più.")
        goods, article = row.after.get("product", {}), row.after.get("variant", {})
        is_sold = product.published_at is not None
        if sentence := _differs(product, goods) or _differs(variant, article):
            return sentence
        if row.after.get("published") is False and is_sold:
            return _changed_since()
        price = variant.price_minor
        if products.change(product, row.before.get("product", {})):
            await self._derive(product)
        products.change(variant, row.before.get("variant", {}))
        if variant.price_minor != price:
            prices.log(self.db, variant, "undo", self.person.id or None, clock.now())
        if row.after.get("published") is True:
            product.published_at = None
        if row.before.get("was_deleted"):
            await editing.throw_away(self.db, self.person, product.id, None)
        self._record(writing.flat(row.after), writing.flat(row.before))
        return ""

    async def _derive(self, product: Product) -> None:
        maker = await self.db.scalar(select(Producer).where(Producer.id == product.producer_id))
        category = await self.db.scalar(select(Category).where(Category.id == product.category_id))
        if maker is not None and category is not None:
            product.sort_name = products.sort_name(product.name)
            product.search_text = products.search_text(
                product.name, maker.name, maker.city, category.name, product.designation
            )

    def _record(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        audit.by(self.db, self.person, "product.import.undo", ("product", self.product_id), before, after)


async def _pictures(db: AsyncSession, person: Person, product_id: int, fetched: Sequence[ImportPicture]) -> None:
    """Those that the import fetched leave the gallery, from where they can be put back for some days."""
    for picture in fetched:
        if picture.state == "done" and picture.image_id is not None:
            try:
                await gallery.remove(db, person, product_id, picture.image_id, None)
            except NotFound:  # thrown away with its product, or taken out by hand
                continue
        await db.delete(picture)


def _differs(there: Product | Variant, after: Mapping[str, Any]) -> str:
    return _changed_since() if any(getattr(there, name) != value for name, value in after.items()) else ""


def _changed_since() -> str:
    return _("Da allora qualcuno l’ha cambiato.")


def _keep(rows: Sequence[ImportRow], sentence: str) -> None:
    for row in rows:
        row.undo, row.sentence = "kept", sentence


def _done(rows: Sequence[ImportRow]) -> None:
    for row in rows:
        row.undo = "done"
