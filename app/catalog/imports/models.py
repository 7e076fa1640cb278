"""Imports: the file while it is needed, what each line did with what was there before, and pictures to be fetched."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class ImportBatch(ShopOwned, Table):
    """One file taken in.

    state: checking -> asking (the file leaves something open) | checked -> running -> done -> undoing -> undone;
    dropped: given up before anything was written.
    producer_id: whose products it may touch, null for staff: anybody's. open_key: unique while it is open, so that
    there is one at a time per producer. choices: see terms.Terms. asked: {"vendors": […], "categories": […]} of the
    file. counts: see report.Report. read: bytes of the file that were checked; done: the last line that was written.
    """

    __tablename__ = "import_batches"
    __table_args__ = (
        UniqueConstraint("shop_id", "open_key"),
        Index("ix_import_batches_created", "shop_id", "producer_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    actor_id: Mapped[int | None] = mapped_column(Id)
    actor_role: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(5), default="it")
    open_key: Mapped[str | None] = mapped_column(String(30))
    file_name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    format: Mapped[str] = mapped_column(String(20), default="")  # tavola | shopify | woocommerce
    encoding: Mapped[str] = mapped_column(String(20), default="")
    delimiter: Mapped[str] = mapped_column(String(1), default="")
    state: Mapped[str] = mapped_column(String(10), default="checking")
    is_partial: Mapped[bool] = mapped_column(default=False)
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    read: Mapped[int] = mapped_column(default=0)
    lines: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class ImportRow(ShopOwned, Table):
    """What one line did, or what is wrong with it. line: as an editor counts.

    kind: wrong (sentence, column; before: {"cell": what stands there}, or nothing) | new | changed. before, after:
    {"product": {…}, "variant": {…}}, the columns that were changed; of a new one only after. undo: null | done | kept
    (sentence says why).
    """

    __tablename__ = "import_rows"
    __table_args__ = (Index("ix_import_rows_batch", "shop_id", "batch_id", "kind", "line"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id", ondelete="CASCADE"))
    line: Mapped[int]
    sku: Mapped[str] = mapped_column(String(60), default="")
    kind: Mapped[str] = mapped_column(String(10))
    column: Mapped[str] = mapped_column(String(60), default="")
    sentence: Mapped[str] = mapped_column(Text, default="")
    product_id: Mapped[int | None] = mapped_column(Id)
    variant_id: Mapped[int | None] = mapped_column(Id)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    undo: Mapped[str | None] = mapped_column(String(10))


class ImportPiece(ShopOwned, Table):
    """A piece of an uploaded file, so that any worker can read it. kind: csv | zip."""

    __tablename__ = "import_pieces"
    __table_args__ = (UniqueConstraint("batch_id", "kind", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(3))
    number: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class ImportPicture(ShopOwned, Table):
    """A picture that a file names for a product, so that it is fetched once.

    source: https://… or zip:NAME#CRC. state: waiting -> done | failed (sentence says why). image_id: no foreign key,
    or the picture would never count as unused.
    """

    __tablename__ = "import_pictures"
    __table_args__ = (
        UniqueConstraint("product_id", "source"),
        Index("ix_import_pictures_batch", "shop_id", "batch_id", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(600))
    alt: Mapped[str] = mapped_column(String(200), default="")
    line: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    sentence: Mapped[str] = mapped_column(Text, default="")
    image_id: Mapped[int | None] = mapped_column(Id)
