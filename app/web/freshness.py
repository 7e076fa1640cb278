"""Answers that anybody may keep for a while: feeds, sitemaps, the manifest. With an ETag, and 304 when nothing is new.

Only the tag decides. Last-Modified is told for those who schedule their visits by it, but what was taken away leaves no
date behind, so If-Modified-Since alone is answered in full (RFC 9110, 13.1.3, lets a server choose).
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from litestar.response import Response

from app.web import visit as visits

FEED_SECONDS = 900


def http_date(at: datetime) -> str:
    """An aware moment as HTTP and RSS write it: "Sat, 21 Nov 2026 09:30:00 GMT"."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


@dataclass(frozen=True)
class Stamp:
    """One state of a resource. tag: without quotes. changed_at: the latest change that is known, if any."""

    tag: str
    changed_at: datetime | None = None

    @classmethod
    def of(cls, *parts: object, changed_at: datetime | None = None) -> "Stamp":
        """The stamp of whatever the parts say."""
        told = repr(parts).encode()
        return cls(hashlib.blake2b(told, digest_size=12).hexdigest(), changed_at)

    @property
    def is_known(self) -> bool:
        """Has the asker got this state already?"""
        sent = visits.current().headers.get("if-none-match", "")
        return f'"{self.tag}"' in sent or sent.strip() == "*"

    def headers(self, seconds: int = FEED_SECONDS) -> dict[str, str]:
        """seconds: for how long it may be kept without asking again; 0 means ask each time."""
        kept = f"public, max-age={seconds}" if seconds else "no-cache"
        sent = {"Cache-Control": kept, "ETag": f'W/"{self.tag}"', "Vary": "Accept-Encoding"}
        if self.changed_at:
            sent["Last-Modified"] = http_date(self.changed_at)
        return sent


class Fresh(Response[bytes]):
    """A whole body with its stamp, or 304."""

    def __init__(
        self,
        body: str,
        media_type: str,
        *,
        changed_at: datetime | None = None,
        seconds: int = FEED_SECONDS,
    ) -> None:
        whole = body.encode()
        stamp = Stamp(hashlib.blake2b(whole, digest_size=12).hexdigest(), changed_at)
        if stamp.is_known:
            super().__init__(b"", status_code=304, headers=stamp.headers(seconds))
        else:
            super().__init__(whole, media_type=media_type, headers=stamp.headers(seconds))
