"""Pictures as pixels: judged by what they are, not by what they are called, and made into small files without hidden
data. `python -m app.catalog.pixels` does it in a process of its own (see darkroom.py): here strangers' files are read.
"""

import hashlib
import io
import json
import re
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

from app.catalog.search import fold
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.pictures import WIDTHS, widths_of

MOST_BYTES = 15_000_000
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 12_000
MOST_MEMORY = 1_500_000_000  # bytes of address space: 40 million pixels with a see-through layer take half of it
FORMATS = ("JPEG", "PNG", "WEBP")
DEEP = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})  # Pillow's modes of more than 8 bits
WEBP_QUALITY = 72
JPEG_QUALITY = 76
DARK_BELOW = 90  # mean brightness of 255
_CODE = re.compile(rb"<script|<\?php|<!doctype html", re.IGNORECASE)  # long enough that pixels never spell them
# What Pillow raises on broken or hostile files, by its plugins.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
    Pillow.DecompressionBombWarning,
)


@dataclass(frozen=True)
class Prepared:
    """A picture made ready: its key, its size after turning, its tint (warm | cool | dark) and its files by name."""

    key: str
    width: int
    height: int
    color: str
    files: Mapping[str, bytes]


def key_of(body: bytes, name: str) -> str:
    """`name` as words for an address, and 16 digits of the bytes' hash."""
    words = "-".join(fold(name).encode("ascii", "ignore").decode().split())[:60].strip("-")
    return f"{words or 'immagine'}-{hashlib.sha256(body).hexdigest()[:16]}"


def names_of(key: str, width: int) -> list[str]:
    """The files of a picture that is `width` wide."""
    return [f"{key}-{kept}.{suffix}" for kept in widths_of(width) for suffix in ("webp", "jpg")]


def width_of(body: bytes) -> int:
    """How wide a good picture of our own is, as far as its header tells."""
    with Pillow.open(io.BytesIO(body), formats=FORMATS) as picture:
        return picture.width


def prepare(body: bytes, name: str) -> Prepared:
    """Check a file that somebody sent and make all its files. Raises Refused with what is wrong; slow (a process)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about what cameras wrote, which we drop
            picture = _plain(_opened(body))
    except _BROKEN as fault:
        raise Refused(_("L’immagine è rovinata: prova a salvarla di nuovo."), "image") from fault
    key = key_of(body, name)
    files: dict[str, bytes] = {}
    for width in widths_of(picture.width):
        small = _resized(picture, width)
        files[f"{key}-{width}.webp"] = _encoded(small, "WEBP", quality=WEBP_QUALITY, method=4)
        files[f"{key}-{width}.jpg"] = _encoded(small, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    return Prepared(key, picture.width, picture.height, _tint(picture), files)


def _opened(body: bytes) -> Pillow.Image:
    """The picture with its header read and its promises checked, before any pixel is unpacked."""
    if len(body) > MOST_BYTES:
        raise Refused(_("L’immagine è troppo pesante: al massimo %(most)s MB.", most=MOST_BYTES // 1_000_000), "image")
    try:
        picture = Pillow.open(io.BytesIO(body), formats=FORMATS)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as fault:
        raise Refused(_("L’immagine ha troppi punti: rimpiccioliscila."), "image") from fault
    except _BROKEN as fault:
        raise Refused(_("Questo file non è un’immagine JPEG, PNG o WebP."), "image") from fault
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise Refused(_("L’immagine ha troppi punti: rimpiccioliscila."), "image")
    if picture.format in {"PNG", "WEBP"} and getattr(picture, "is_animated", False):
        raise Refused(_("L’immagine si muove: manda una fotografia ferma."), "image")
    if _CODE.search(body):
        raise Refused(_("Dentro questo file c’è altro oltre all’immagine: salvala di nuovo e riprova."), "image")
    return picture


def _plain(picture: Pillow.Image) -> Pillow.Image:
    """Upright sRGB pixels on white, and nothing else: no place, no camera, no thumbnail, no second frame."""
    profile = picture.info.get("icc_profile")
    enough = 2 * WIDTHS[-1]
    if picture.format in {"JPEG", "MPO"}:
        picture.draft(picture.mode, (enough, enough))  # decode no more than is needed
    picture.load()
    picture = _upright(picture)
    if picture.mode in DEEP:
        picture = _shallow(picture)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif profile and picture.mode in {"RGB", "CMYK"}:
        picture = _as_srgb(picture, profile)
    if picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGB")
    if picture.width > enough:
        picture = picture.reduce(picture.width // enough)
    if picture.mode == "RGBA":
        ground = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(ground, picture).convert("RGB")
    clean = Pillow.new("RGB", picture.size)
    clean.paste(picture)
    return clean


def _upright(picture: Pillow.Image) -> Pillow.Image:
    """Turned as the camera was held; what it wrote is ignored when it cannot be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except (*_BROKEN, AttributeError, ZeroDivisionError):
        return picture


def _shallow(picture: Pillow.Image) -> Pillow.Image:
    """Grey of 16 bits and more as grey of 8; Pillow would cut it off instead."""
    _dark, bright = picture.getextrema()
    scale = 1 / 256 if isinstance(bright, float | int) and bright > 255 else 1
    return picture.convert("F").point(lambda value: value * scale).convert("L")


def _as_srgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """Colours as they were meant; a profile that cannot be read is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return turned or picture


def _resized(picture: Pillow.Image, width: int) -> Pillow.Image:
    if picture.width == width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Pillow.Resampling.LANCZOS)


def _encoded(picture: Pillow.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _tint(picture: Pillow.Image) -> str:
    """The ground shown while a picture loads, by its mean colour."""
    red, green, blue = picture.resize((1, 1), Pillow.Resampling.BOX).tobytes()
    if 299 * red + 587 * green + 114 * blue < 1000 * DARK_BELOW:
        return "dark"
    return "cool" if blue > red else "warm"


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Prepare one picture after the other, until there are no more.

    An order is a line of JSON (name, locale, size) and `size` bytes. An answer is a line of JSON, with `refused`, the
    sentence, or with the facts of the picture and its files' sizes; then the files.
    """
    while line := orders.readline():
        order = json.loads(line)
        body = orders.read(order["size"])
        with speaking(order["locale"]):
            answer, files = _answer(body, order["name"])
        answers.write(json.dumps(answer).encode() + b"\n" + b"".join(files))
        answers.flush()


def _answer(body: bytes, name: str) -> tuple[dict[str, Any], list[bytes]]:
    try:
        made = prepare(body, name)
    except Refused as no:
        return {"refused": no.message}, []
    except MemoryError:
        return {"refused": _("L’immagine ha troppi punti: rimpiccioliscila.")}, []
    about = {"key": made.key, "width": made.width, "height": made.height, "color": made.color}
    return {**about, "files": {file: len(made.files[file]) for file in made.files}}, list(made.files.values())


def main() -> None:
    """No more memory than a picture within the limits needs; no file may be written."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
