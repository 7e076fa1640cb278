"""The harmonised notice on the legal guarantee: the operator's official file per language, kept byte for byte.

Source: law.md L27 (Dir. 2024/825, Impl. Reg. (EU) 2025/1960). It is never drawn anew: what does not have the hash of
the official file is refused where that hash is given. PDF and PNG only: an SVG can carry scripts.
"""

import asyncio
import hashlib
import io
from collections.abc import Sequence

import structlog
from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.integrations.storage import Storage, StorageDown, private_name
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit
from app.system.models import GuaranteeNotice

log = structlog.get_logger()
PDF, PNG = "pdf", "png"
MEDIA = {PDF: "application/pdf", PNG: "image/png"}
MOST_BYTES = 2_000_000
MARGIN = 1024  # within which a PDF begins and ends (ISO 32000-1, annex H.3)
_ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile")


async def all_of(db: AsyncSession) -> Sequence[GuaranteeNotice]:
    return list(await db.scalars(select(GuaranteeNotice).order_by(GuaranteeNotice.locale)))


async def of_language(db: AsyncSession, locale: str) -> GuaranteeNotice:
    """Raises NotFound where there is none."""
    found = await db.scalar(select(GuaranteeNotice).where(GuaranteeNotice.locale == locale))
    if found is None:
        raise NotFound
    return found


async def kept(storage: Storage, shop: ShopFacts, locale: str, body: bytes, expected: str = "") -> GuaranteeNotice:
    """The file, checked and laid into the storage; its row is still to be `put`. expected: its official SHA-256, or "".

    Raises Refused: not a harmless PDF or PNG, too large, another hash, or the storage does not answer.
    """
    kind = await asyncio.to_thread(kind_of, body)
    digest = hashlib.sha256(body).hexdigest()
    if expected and expected.lower() != digest:
        told = _("Questo file non è quello ufficiale: la sua impronta è %(hash)s.", hash=digest)
        raise Refused(told, "expected")
    key = private_name("avviso")
    try:
        await asyncio.to_thread(storage.write, shop.slug, key, body)
    except StorageDown as fault:
        raise Refused(_("Adesso non riusciamo a conservare il file: riprova fra qualche minuto."), "file") from fault
    return GuaranteeNotice(locale=locale, kind=kind, size=len(body), sha256=digest, key=key)


async def put(db: AsyncSession, person: Person, notice: GuaranteeNotice) -> str:
    """Have it shown, instead of the one that there was; that one's key, to be forgotten after the commit, or "".

    Within a transaction. The same file a second time changes nothing: then it is its own key that can be forgotten.
    """
    there = await db.scalar(
        select(GuaranteeNotice).where(GuaranteeNotice.locale == notice.locale).with_for_update(key_share=True)
    )
    if there is not None and there.sha256 == notice.sha256:
        return notice.key
    old = ""
    if there is not None:
        old = there.key
        await db.delete(there)
        await db.flush()  # one per language
    notice.added_by, notice.added_at = person.id, clock.now()
    db.add(notice)
    _record(db, person, "guarantee_notice.put", notice.locale, there.sha256 if there else None, notice.sha256)
    return old


async def remove(db: AsyncSession, person: Person, locale: str) -> str:
    """Show none in a language any more; its key, as `put`. Within a transaction. Raises NotFound."""
    there = await of_language(db, locale)
    await db.delete(there)
    _record(db, person, "guarantee_notice.removed", locale, there.sha256, None)
    return there.key


async def forget(storage: Storage, shop: ShopFacts, key: str) -> None:
    """Leave nothing of a file in the storage; what cannot be removed now is only told."""
    try:
        await asyncio.to_thread(storage.remove, shop.slug, [key])
    except StorageDown:
        log.warning("notices.file_left_behind", key=key)


def kind_of(body: bytes) -> str:
    """pdf or png, by its content. Raises Refused."""
    if not body:
        raise Refused(_("Questo file è vuoto."), "file")
    if len(body) > MOST_BYTES:
        raise Refused(_("Il file è troppo grande: al massimo 2 MB."), "file")
    if body.startswith(b"%PDF-"):
        if b"%%EOF" not in body[-MARGIN:]:
            raise Refused(_("Il PDF è incompleto: scaricalo di nuovo e riprova."), "file")
        if any(word in body for word in _ACTIVE):
            raise Refused(_("Questo PDF contiene programmi o allegati: l’avviso ufficiale non ne ha."), "file")
        return PDF
    try:
        with Image.open(io.BytesIO(body), formats=("PNG",)) as picture:
            picture.verify()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as wrong:
        only = _("Si possono mettere solo PDF e PNG: questo file non lo è, o è rovinato.")
        raise Refused(only, "file") from wrong
    return PNG


def _record(db: AsyncSession, person: Person, action: str, locale: str, before: str | None, after: str | None) -> None:
    audit.by(db, person, action, ("guarantee_notice", locale), {"sha256": before}, {"sha256": after})
