"""Pictures: judged by what they are, not by what they are called; made into small files without hidden data.

A picture's key is its name and a hash of its bytes, so a file never changes under its name, and the same picture
taken in twice is kept once.
"""

import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Image
from app.catalog.search import fold
from app.integrations.storage import FileStorage
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.web.pages import WIDTHS

MOST_BYTES = 15_000_000
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 12_000
FORMATS = ("JPEG", "PNG", "WEBP")
WEBP_QUALITY = 72
JPEG_QUALITY = 76
DARK_BELOW = 90  # mean brightness of 255
# What Pillow raises on broken or hostile files, by its plugins.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
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


def names_of(key: str) -> list[str]:
    """The files of a picture."""
    return [f"{key}-{width}.{suffix}" for width in WIDTHS for suffix in ("webp", "jpg")]


def prepare(body: bytes, name: str) -> Prepared:
    """Check a file that somebody sent and make all its files. Raises Refused with what is wrong; slow (a process)."""
    picture = _opened(body)
    try:
        picture = _plain(picture)
    except _BROKEN as fault:
        raise Refused(_("L’immagine è rovinata: prova a salvarla di nuovo."), "image") from fault
    key = key_of(body, name)
    files: dict[str, bytes] = {}
    for width in WIDTHS:
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
    return picture


def _plain(picture: Pillow.Image) -> Pillow.Image:
    """Upright sRGB pixels on white, and nothing else: no place, no camera, no thumbnail, no second frame."""
    profile = picture.info.get("icc_profile")
    if picture.format == "JPEG":
        picture.draft(picture.mode, (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # decode no more than is needed
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        ground = Pillow.new("RGBA", with_alpha.size, "white")
        picture = Pillow.alpha_composite(ground, with_alpha)
    elif profile and picture.mode in {"RGB", "CMYK"}:
        picture = _as_srgb(picture, profile)
    pixels = picture.convert("RGB")
    clean = Pillow.new("RGB", pixels.size)
    clean.paste(pixels)
    return clean


def _as_srgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """Colours as they were meant; a profile that cannot be read is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return turned or picture


def _resized(picture: Pillow.Image, width: int) -> Pillow.Image:
    """At most `width` wide; small pictures are not blown up."""
    if picture.width <= width:
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


def keep(storage: FileStorage, shop_slug: str, picture: Prepared) -> None:
    """Write a prepared picture's files."""
    for name, body in picture.files.items():
        storage.write(shop_slug, name, body)


def prepare_many(
    storage: FileStorage, jobs: Iterable[tuple[str, str, bytes]], *, processes: int
) -> Iterator[tuple[str, str]]:
    """Make and keep many pictures on several processors; yields (shop slug, key) as each is done.

    jobs: (shop slug, name, bytes). Pictures whose files are all there are left out.
    """
    missing = [
        (slug, name, body)
        for slug, name, body in jobs
        if not all(storage.exists(slug, file) for file in names_of(key_of(body, name)))
    ]
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:  # a fork would copy running threads
        prepared = pool.map(prepare, [body for _slug, _name, body in missing], [name for _slug, name, _body in missing])
        for (slug, _name, _body), picture in zip(missing, prepared, strict=True):
            keep(storage, slug, picture)
            yield slug, picture.key


async def record(db: AsyncSession, *, key: str, width: int, height: int, alt: Mapping[str, str], color: str) -> Image:
    """The row of a picture; one that is there already is returned. Within a transaction."""
    known = await db.scalar(select(Image).where(Image.key == key))
    if known is not None:
        return known
    picture = Image(key=key, width=width, height=height, alt=dict(alt), color=color)
    db.add(picture)
    await db.flush()  # products refer to its id
    return picture
