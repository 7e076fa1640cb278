"""Static files under hashed, immutable names, and the stylesheets put together from their parts.

A list `<name>.txt` of parts, in order, makes `<name>.css` or `<name>.js` beside it, or where a part is a theme's
`<name>-<theme>.css`. The critical sheet (with the theme's tokens) stands in the page, with the sheet of its opening if
it has one (OPENINGS), and is allowed by its hash. `css/rest-<theme>.css` is linked at the end of the body, but in the
head of pages that nobody sees first (basket, checkout, desk); it names the fonts, so that the first paint, which has
fallbacks of the same measures, asks for none. `css/counter.css` is what only desks need. Scripts are one file
(`js/page.js`; with streams `js/live-page.js`): on a slow phone each further request of a page costs about a hundredth
of its first paint.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import brotli
import rcssmin
from markupsafe import Markup

STATIC = Path(__file__).parents[2] / "static"
TEXT_TYPES = (
    *("text/", "application/javascript", "application/json", "application/manifest+json"),
    *("image/svg+xml", "application/xml", "application/rss+xml"),
)
OPENINGS = {  # what some pages show at once, and others never -> its sheets css/<name>.css
    "hero": ("hero",),
    "product": ("product",),
    "prose": ("prose", "table"),
    "season": ("season",),
}
_HASHED = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{10})(?P<suffix>\.[a-z0-9]+)$")
_CSS_URL = re.compile(r"""url\(\s*["']?/static/([^"')]+)["']?\s*\)""")
_COMMENT = re.compile(r"(?:^|\s+)//.*$", re.MULTILINE)
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/webp", ".webp")


def bare(script: str) -> str:
    """A script of ours without comments and indentation, which nobody needs on the way."""
    lines = _COMMENT.sub("", script).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


@dataclass
class Asset:
    """One static file in memory, with its compressed forms made at first use."""

    body: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:10]

    @property
    def is_text(self) -> bool:
        return self.media_type.startswith(TEXT_TYPES)

    @cached_property
    def brotli(self) -> bytes:
        return bytes(brotli.compress(self.body, quality=9))

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.body, 9, mtime=0)


class Assets:
    """All static files. With `reload`, files are read anew when they change (local work)."""

    def __init__(self, root: Path = STATIC, *, reload: bool = False) -> None:
        self.root = root
        self.reload = reload
        self._files: dict[str, tuple[float, Asset]] = {}

    def file(self, path: str) -> Asset | None:
        """The file at a path below static/, without a hash in its name. None if there is none."""
        if path in self._files and not self.reload:
            return self._files[path][1]
        if path.endswith((".css", ".js")) and (listed := self._list_of(path)):
            return self._keep(path, 0.0, self._bundle(*listed).encode())
        real = (self.root / path).resolve()
        if not real.is_relative_to(self.root.resolve()) or not real.is_file():
            return None
        stamp = real.stat().st_mtime
        if path in self._files and self._files[path][0] == stamp:
            return self._files[path][1]
        body = real.read_bytes()
        if path.endswith(".css"):
            body = self._link(body.decode()).encode()
        return self._keep(path, stamp, body)

    def find(self, hashed: str) -> Asset | None:
        """The file of a hashed name; None unless the hash is that of the present content."""
        match = _HASHED.match(hashed)
        if match is None:
            return None
        asset = self.file(match["stem"] + match["suffix"])
        return asset if asset is not None and asset.digest == match["hash"] else None

    def url(self, path: str) -> str:
        """The address of a static file. Raises FileNotFoundError for one that is not there."""
        asset = self.file(path)
        if asset is None:
            raise FileNotFoundError(path)
        stem, dot, suffix = path.rpartition(".")
        return f"/static/{stem}.{asset.digest}{dot}{suffix}"

    def critical_css(self, theme: str, opening: str = "") -> Markup:
        """The critical stylesheet of a theme, minified. opening: one of OPENINGS, or nothing more. Else KeyError."""
        return Markup(self._critical(theme)[opening])  # noqa: S704  (our own file)

    def critical_hashes(self, theme: str) -> str:
        """The CSP sources of all of them: 'sha256-…' with spaces between."""
        sheets = self._critical(theme).values()
        digests = (base64.b64encode(hashlib.sha256(css.encode()).digest()).decode() for css in sheets)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    def _critical(self, theme: str) -> dict[str, str]:
        return self._critical_fresh(theme) if self.reload else self._critical_kept(theme)

    @lru_cache(maxsize=16)  # noqa: B019  (one Assets per process)
    def _critical_kept(self, theme: str) -> dict[str, str]:
        return self._critical_fresh(theme)

    def _critical_fresh(self, theme: str) -> dict[str, str]:
        """Opening -> sheet."""
        css = self._bundle("css/critical.css", theme)
        own = {
            name: "\n".join((self.root / f"css/{sheet}.css").read_text() for sheet in sheets)
            for name, sheets in OPENINGS.items()
        }
        return {"": css} | {name: css + str(rcssmin.cssmin(self._link(text))) for name, text in own.items()}

    def _list_of(self, path: str) -> tuple[str, str] | None:
        """The sheet or script whose list makes this file, and its theme or ""; None if no list does."""
        name, _, theme = path.removesuffix(".css").rpartition("-")
        is_themed = (self.root / f"css/themes/{theme}.css").is_file()
        sheet = f"{name}.css" if is_themed else path
        listed = (self.root / sheet).with_suffix(".txt")
        if not listed.is_file() or ("{theme}" in listed.read_text()) != is_themed:
            return None
        return sheet, theme if is_themed else ""

    def _bundle(self, path: str, theme: str = "") -> str:
        """The parts of a stylesheet or script, as its list names them, relative to the list."""
        listed = (self.root / path).with_suffix(".txt")
        names = listed.read_text().replace("{theme}", theme).split()
        parts = [(listed.parent / name).read_text() for name in names]
        if path.endswith(".js"):
            ready = (part if "/vendor/" in name else bare(part) for name, part in zip(names, parts, strict=True))
            return ";\n".join(ready)
        return str(rcssmin.cssmin(self._link("\n".join(parts))))

    def _link(self, css: str) -> str:
        """Point url(/static/…) at the hashed names."""
        return _CSS_URL.sub(lambda m: f"url({self.url(m[1])})", css)

    def _keep(self, path: str, stamp: float, body: bytes) -> Asset:
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        self._files[path] = (stamp, Asset(body, media_type))
        return self._files[path][1]
