"""Where pictures lie: a folder of ours (file://…). Names are hashes, so a file never changes under its name."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,100}\.(webp|jpg)$")


class FileStorage:
    """Files in one folder per shop."""

    def __init__(self, url: str) -> None:
        """url: file:///absolute/folder. Raises ValueError for another scheme."""
        parts = urlsplit(url)
        if parts.scheme != "file":
            raise ValueError(f"STORAGE_URL {parts.scheme}:// is not supported; use file://")
        self.root = Path(parts.path)

    def path(self, shop_slug: str, name: str) -> Path:
        """Where a file lies. Raises ValueError for a name that is not one of ours."""
        if not _NAME.match(name):
            raise ValueError(name)
        return self.root / shop_slug / name

    def exists(self, shop_slug: str, name: str) -> bool:
        return self.path(shop_slug, name).is_file()

    def write(self, shop_slug: str, name: str, body: bytes) -> None:
        """Write whole or not at all: first beside, then renamed."""
        target = self.path(shop_slug, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_suffix(target.suffix + ".part")
        beside.write_bytes(body)
        beside.replace(target)

    async def read(self, shop_slug: str, name: str) -> bytes | None:
        """The file, or None if there is none."""
        try:
            return await asyncio.to_thread(self.path(shop_slug, name).read_bytes)
        except (FileNotFoundError, ValueError):
            return None
