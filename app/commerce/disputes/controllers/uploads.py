"""Files of evidence as they come in with a form, and as they go out to who may see them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar.datastructures import UploadFile
from litestar.response import Response

from app.commerce.disputes import file_kinds, files
from app.commerce.disputes.models import EvidenceFile
from app.integrations.storage import Storage, StorageDown
from app.integrations.stripe_files import MOST_BYTES
from app.kernel.db import transaction
from app.kernel.errors import Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.web.visit import Visit

Sent = tuple[str, bytes]  # what its owner calls it, and what is in it


async def file_of(sent: Mapping[str, Any]) -> Sent | None:
    """The file of a form, as far as it may be large; None where the input was left empty."""
    file = sent.get("file")
    if not isinstance(file, UploadFile):
        return None
    try:
        return (file.filename, await file.read(MOST_BYTES + 1)) if file.filename else None
    finally:
        await file.close()


async def take_in(
    visit: Visit,
    storage: Storage,
    person: Person,
    dispute_id: int,
    field: str | None,
    file: Sent | None,
    *,
    producer_id: int | None = None,
) -> None:
    """Have a file go with the answer; producer_id as files.add. Raises Refused beside its field, NotFound, Conflict."""
    if file is None:
        raise Refused(_("Scegli un file."), "file")
    if field is None:
        raise Refused(_("Di’ che cosa dimostra questo file."), "field")
    row = await files.kept(storage, visit.shop, *file)
    key = row.key
    try:
        async with transaction(visit.db):
            await files.add(visit.db, person, dispute_id, field, row, producer_id)
    except BaseException:
        await files.forget(storage, visit.shop, key)
        raise


async def take_away(
    visit: Visit, storage: Storage, person: Person, dispute_id: int, file_id: int, producer_id: int | None = None
) -> None:
    """Raises NotFound, Conflict."""
    async with transaction(visit.db):
        key = await files.remove(visit.db, person, dispute_id, file_id, producer_id)
    await files.forget(storage, visit.shop, key)


async def answer(visit: Visit, storage: Storage, file: EvidenceFile) -> Response[bytes]:
    """A file to keep, never to be shown as a page of ours. Raises NotFound, Unavailable."""
    try:
        body = await files.body_of(storage, visit.shop, file)
    except StorageDown as fault:
        raise Unavailable(_("Adesso il file non si può aprire: riprova fra qualche minuto.")) from fault
    named = f"attachment; filename*=UTF-8''{quote(file.name)}"
    sent = {"Content-Disposition": named, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=file_kinds.MEDIA[file.kind], headers=sent)
