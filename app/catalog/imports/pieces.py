"""An uploaded file, kept in pieces in the database while it is needed, and put together on a worker's disk."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.imports.models import ImportPiece
from app.catalog.imports.source import MOST_BYTES, too_large
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _

PIECE = 1_000_000
MOST_ZIP = 100_000_000
Read = Callable[[int], Awaitable[bytes]]


async def keep(db: AsyncSession, batch_id: int, kind: str, read: Read) -> int:
    """Take a file in, piece by piece; returns its size. Within a transaction. Raises Refused when it is too large:
    nothing more of it is read.
    """
    size = number = 0
    while piece := await read(PIECE):
        size += len(piece)
        if size > (MOST_BYTES if kind == "csv" else MOST_ZIP):
            said = _("Lo ZIP è troppo grande: al massimo %(most)s MB.", most=MOST_ZIP // 1_000_000)
            raise Refused(too_large() if kind == "csv" else said, "file" if kind == "csv" else "zip")
        row = {"shop_id": db.info["shop_id"], "batch_id": batch_id, "kind": kind, "number": number, "body": piece}
        await db.execute(insert(ImportPiece).values(**row))
        number += 1
    return size


@asynccontextmanager
async def on_disk(db: AsyncSession, batch_id: int, kind: str) -> AsyncIterator[Path]:
    """The file, for the length of the block. Raises NotFound when it is not kept (any more)."""
    with TemporaryDirectory(prefix="tavola-import-") as folder:
        path = Path(folder) / kind
        if not await _written(db, batch_id, kind, path):
            raise NotFound
        yield path


async def _written(db: AsyncSession, batch_id: int, kind: str, path: Path) -> bool:
    number = 0
    with path.open("wb") as file:
        while True:
            body = await db.scalar(
                select(ImportPiece.body).where(
                    ImportPiece.batch_id == batch_id, ImportPiece.kind == kind, ImportPiece.number == number
                )
            )
            if body is None:
                return number > 0
            file.write(body)
            number += 1


async def forget(db: AsyncSession, batch_id: int, *kinds: str) -> None:
    await db.execute(
        delete(ImportPiece)
        .where(ImportPiece.batch_id == batch_id, ImportPiece.kind.in_(kinds))
        .execution_options(synchronize_session=False)
    )
