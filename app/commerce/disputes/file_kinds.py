"""What a file is by its content, whatever it is called: only what banks take. Pure."""

import io
import re
import unicodedata

from PIL import Image, UnidentifiedImageError

from app.integrations.stripe_files import MOST_BYTES
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

PDF, JPEG, PNG = "pdf", "jpg", "png"
MEDIA = {PDF: "application/pdf", JPEG: "image/jpeg", PNG: "image/png"}
MARGIN = 1024  # within which a PDF begins and ends (ISO 32000-1, annex H.3)
LONGEST_NAME = 100
_FORMATS = {"JPEG": JPEG, "PNG": PNG}
_ODD = re.compile(r"[^\w .,()+-]+")


def kind_of(body: bytes) -> str:
    """pdf, jpg or png. Raises Refused for anything else, for what is empty, broken or locked, and for too much."""
    if not body:
        raise Refused(_("Questo file è vuoto."), "file")
    if len(body) > MOST_BYTES:
        raise Refused(_("Il file è troppo grande: al massimo 5 MB. Prova a ridurlo o a dividerlo."), "file")
    if b"%PDF-" in body[:MARGIN]:
        if b"%%EOF" not in body[-MARGIN:]:
            raise Refused(_("Il PDF è incompleto: aprilo, salvalo di nuovo e riprova."), "file")
        if b"/Encrypt" in body:
            raise Refused(_("Il PDF è protetto da una password: la banca non lo aprirebbe. Salvalo senza."), "file")
        return PDF
    return _picture(body)


def _picture(body: bytes) -> str:
    try:
        with Image.open(io.BytesIO(body), formats=tuple(_FORMATS)) as picture:
            picture.verify()
            return _FORMATS[str(picture.format)]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as wrong:
        only = _("La banca accetta solo PDF, JPEG e PNG: questo file non lo è, o è rovinato.")
        raise Refused(only, "file") from wrong


def name_of(told: str, kind: str) -> str:
    """What a file is called from now on: what its owner called it, made harmless, with the ending that it deserves."""
    last = unicodedata.normalize("NFC", told).replace("\\", "/").rpartition("/")[2]
    stem = _ODD.sub("_", last.rpartition(".")[0] or last).strip(" ._")[:LONGEST_NAME]
    return f"{stem or 'prova'}.{kind}"
