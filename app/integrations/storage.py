"""Where pictures and papers lie: a folder of ours (file://…) or a bucket that speaks S3 (s3://…).

Names are hashes, so a file never changes under its name, and whoever holds a picture may keep it for ever. Papers of
people (`private_name`) are for pages that know who asks: /media has none of them.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

import structlog

from app.integrations.breaker import Breaker

if TYPE_CHECKING:
    pass

log = structlog.get_logger()
FOR_EVER = "public, max-age=31536000, immutable"
PRIVATE = "private, no-store"
TYPES = {"webp": "image/webp", "jpg": "image/jpeg", "private": "application/octet-stream"}
CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
RETRY_SECONDS = 6
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,100}\.(webp|jpg|private)")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
T = TypeVar("T")


class StorageDown(Exception):
    """The storage does not answer, or cannot write: the file may be there or not. Try again later."""


class Storage(Protocol):
    """Files by shop and name; for `read`, a name that is not one of ours is absent. Raises StorageDown.

    exists, write and remove block: under async, call them in a thread.
    """

    def exists(self, shop_slug: str, name: str) -> bool: ...

    def write(self, shop_slug: str, name: str, body: bytes) -> None:
        """The whole file or nothing. Writing it twice is harmless."""

    def remove(self, shop_slug: str, names: Sequence[str]) -> None:
        """Those that are absent already are passed over."""

    async def read(self, shop_slug: str, name: str) -> bytes | None:
        """The file, or None if there is none."""


def open_storage(url: str, key_id: str | None = None, secret: str | None = None) -> Storage:
    """The storage at `url`. Raises ValueError for an address that is none.

    key_id, secret: of S3; without them the machine's own role is asked for.
    """
    if urlsplit(url).scheme == "s3":
        return S3Storage(url, key_id, secret)
    return FileStorage(url)


def key_of(shop_slug: str, name: str) -> str:
    """shop/name, as it lies in any storage. Raises ValueError for a name that is not one of ours."""
    if not _NAME.fullmatch(name) or not _SHOP.fullmatch(shop_slug):
        raise ValueError(f"{name!r:.80} is not a name of ours")
    return f"{shop_slug}/{name}"


def private_name(stem: str) -> str:
    """A new name for a file that is not for everybody."""
    return f"{stem}-{secrets.token_hex(20)}.private"


def is_private(name: str) -> bool:
    return name.endswith(".private")


def media_type(name: str) -> str:
    return TYPES[name.rpartition(".")[2]]


class FileStorage:
    """Files in one folder per shop."""

    def __init__(self, url: str) -> None:
        """url: file:///absolute/folder. Raises ValueError for another scheme."""
        parts = urlsplit(url)
        if parts.scheme != "file":
            raise ValueError(f"STORAGE_URL {parts.scheme}:// is not supported; use file:// or s3://")
        self.root = Path(parts.path)

    def path(self, shop_slug: str, name: str) -> Path:
        """Where a file lies. Raises ValueError for a name that is not one of ours."""
        return self.root / key_of(shop_slug, name)

    def exists(self, shop_slug: str, name: str) -> bool:
        return self.path(shop_slug, name).is_file()

    def write(self, shop_slug: str, name: str, body: bytes) -> None:
        """Write whole or not at all: first beside, then renamed."""
        target = self.path(shop_slug, name)
        beside = target.with_suffix(target.suffix + ".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(body)
            beside.replace(target)
        except OSError as fault:
            self._forget(beside)
            log.warning("storage.refused", error=str(fault))
            raise StorageDown from fault

    def remove(self, shop_slug: str, names: Sequence[str]) -> None:
        for name in names:
            try:
                self.path(shop_slug, name).unlink(missing_ok=True)
            except OSError as fault:
                raise StorageDown from fault

    async def read(self, shop_slug: str, name: str) -> bytes | None:
        try:
            return await asyncio.to_thread(self.path(shop_slug, name).read_bytes)
        except (FileNotFoundError, ValueError):
            return None
        except OSError as fault:
            log.warning("storage.refused", error=str(fault))
            raise StorageDown from fault

    @staticmethod
    def _forget(beside: Path) -> None:
        try:
            beside.unlink(missing_ok=True)
        except OSError:
            log.warning("storage.left_behind", file=beside.name)


class S3Storage:
    """Files in a bucket: prefix/shop/name, each with its type and leave to be kept for ever.

    After several failures in a row the bucket is left alone for a while: who waits for it would wait in vain.
    """

    def __init__(self, url: str, key_id: str | None = None, secret: str | None = None) -> None:
        """url: s3://bucket/prefix?endpoint=https://…&region=…; without endpoint it is Amazon's of that region.

        Raises ValueError for an address without a bucket.
        """
        from obstore.store import S3Store  # noqa: PLC0415  (a folder needs no client)

        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError("STORAGE_URL must look like s3://bucket/prefix?endpoint=https://…&region=…")
        asked = dict(parse_qsl(parts.query))
        endpoint = asked.get("endpoint", "").rstrip("/")
        config: dict[str, str] = {"region": asked.get("region", "us-east-1")}
        if endpoint:
            config["endpoint"] = endpoint
        if key_id and secret:
            config |= {"access_key_id": key_id, "secret_access_key": secret}
        self.breaker = Breaker()
        self.store: S3Store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=config,  # type: ignore[arg-type]  # a TypedDict of the same names
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=ANSWER_SECONDS),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )

    def exists(self, shop_slug: str, name: str) -> bool:
        import obstore  # noqa: PLC0415

        key = key_of(shop_slug, name)
        return self._ask(lambda: obstore.head(self.store, key)) is not None

    def write(self, shop_slug: str, name: str, body: bytes) -> None:
        import obstore  # noqa: PLC0415

        key = key_of(shop_slug, name)
        about = {"Content-Type": media_type(name), "Cache-Control": PRIVATE if is_private(name) else FOR_EVER}
        if self._ask(lambda: obstore.put(self.store, key, body, attributes=about, use_multipart=False)) is None:
            raise StorageDown  # there is no such bucket

    def remove(self, shop_slug: str, names: Sequence[str]) -> None:
        import obstore  # noqa: PLC0415

        keys = [key_of(shop_slug, name) for name in names]
        self._ask(lambda: obstore.delete(self.store, keys))

    async def read(self, shop_slug: str, name: str) -> bytes | None:
        import obstore  # noqa: PLC0415

        try:
            key = key_of(shop_slug, name)
            with self._trying():
                found = await obstore.get_async(self.store, key)
                return bytes(await found.bytes_async())
        except (FileNotFoundError, ValueError):
            return None

    def _ask(self, call: Callable[[], T]) -> T | None:
        """The answer; None when there is no such file. delete answers None too."""
        try:
            with self._trying():
                return call()
        except FileNotFoundError:
            return None

    @contextmanager
    def _trying(self) -> Iterator[None]:
        from obstore.exceptions import BaseError  # noqa: PLC0415

        if self.breaker.is_open:
            raise StorageDown
        try:
            yield
        except FileNotFoundError:
            self.breaker.worked()
            raise
        except (BaseError, OSError) as fault:
            self.breaker.failed()
            log.warning("storage.unreachable", error=str(fault).partition("\n")[0][:300])
            raise StorageDown from fault
        self.breaker.worked()
