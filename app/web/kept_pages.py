"""Public pages kept ready: rendered once, compressed once, and answered before the router.

A page is the same for everybody but for one hole, the number in the basket; a visitor's own number comes with his
cookie `count`, so that a hit asks no database. One that says when things arrive is kept for each place apart
(delivery/days.py), and never says whose place that is. What a page shows is written on it as tags, and a change drops
the pages with its tags: at once in this process, through Redis in the others, and by reading the record of drops every
few seconds wherever a message was lost. No page is kept for longer than a minute, since time changes pages too, nor
beyond the moment at which something on it is known to change.

What many pages count alike (facets, departments) is noted in the same place, and forgotten at any drop of the shop.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import brotli

from app.kernel import clock

HOLE = b"<!--basket-->"
SECONDS = 60.0
MOST_BYTES = 64_000_000
LONGEST_QUERY = 200
MOST_NOTES = 2000

EVERYWHERE = "*"  # the place of a page that is the same wherever its reader is

Key = tuple[int, str, str, str, str]  # shop, language, path with query, host, place
Headers = list[tuple[bytes, bytes]]


@dataclass
class Kept:
    """A page with its hole. coded: (number in the basket, coding) → (etag, body)."""

    html: bytes
    tags: frozenset[str]
    headers: Headers
    until: float
    looked_at: int | None  # the product whose page this is: looking is counted
    ends: datetime | None = None  # from then on it says something else
    coded: dict[tuple[int, str], tuple[bytes, bytes]] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True)
class Note:
    """Something counted. moment: where the drops that concern it stood before it was read."""

    value: Any
    moment: int
    until: float


@dataclass(frozen=True)
class Hit:
    """An answer ready to be sent."""

    status: int
    headers: Headers
    body: bytes
    looked_at: int | None


class KeptPages:
    """The pages that this process keeps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pages: OrderedDict[Key, Kept] = OrderedDict()
        self._by_tag: dict[tuple[int, str], set[Key]] = {}
        self._drops: dict[int, int] = {}  # by shop: a page that was read before the last drop is not kept
        self._drops_of: dict[tuple[int, str], int] = {}  # likewise of those tags that notes hang on
        self._size = 0
        self._notes: OrderedDict[tuple[int, Hashable], Note] = OrderedDict()
        self.enabled = True

    def moment(self, shop_id: int, tag: str = "*") -> int:
        """Where the drops of a shop stand, of all or of one tag. Ask before reading what a page will show."""
        return self._drops.get(shop_id, 0) if tag == "*" else self._drops_of.setdefault((shop_id, tag), 0)

    def keep(self, key: Key, page: Kept, moment: int) -> None:
        """Keep a page whose contents were read at `moment`, unless something has been dropped since."""
        if not self.enabled or moment != self.moment(key[0]) or page.html.count(HOLE) != 1:
            return
        self._forget(key)
        page.size = len(page.html)
        page.until = self._clock() + SECONDS
        self._pages[key] = page
        self._size += page.size
        for tag in page.tags:
            self._by_tag.setdefault((key[0], tag), set()).add(key)
        while self._size > MOST_BYTES:
            self._forget(next(iter(self._pages)))

    def find(self, key: Key, count: int, coding: str, known_tag: bytes, basket: Callable[[int], bytes]) -> Hit | None:
        """The page for somebody with `count` pieces in the basket. basket: the hole's filling."""
        if key not in self._pages:
            key = (*key[:4], EVERYWHERE)
        page = self._pages.get(key)
        if page is None:
            return None
        if page.until < self._clock() or (page.ends is not None and page.ends <= clock.now()):
            self._forget(key)
            return None
        self._pages.move_to_end(key)
        made = page.coded.get((count, coding))
        if made is None:
            made = self._make(page, count, coding, basket)
        etag, body = made
        headers = [*page.headers, (b"etag", etag)]
        if known_tag and etag in known_tag:
            return Hit(304, headers, b"", page.looked_at)
        headers.append((b"content-length", str(len(body)).encode()))
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        return Hit(200, headers, body, page.looked_at)

    def _make(self, page: Kept, count: int, coding: str, basket: Callable[[int], bytes]) -> tuple[bytes, bytes]:
        html = page.html.replace(HOLE, basket(count))
        etag = b'W/"' + hashlib.blake2b(html, digest_size=9).hexdigest().encode() + b'"'
        body = brotli.compress(html, quality=5) if coding == "br" else html
        page.coded[count, coding] = etag, body
        page.size += len(body)
        self._size += len(body)
        return etag, body

    def note(self, shop_id: int, key: Hashable, tag: str = "*") -> Note | None:
        """What is noted under a key, if nothing of the shop has been dropped since; with a tag, nothing of that tag."""
        note = self._notes.get((shop_id, key)) if self.enabled else None
        if note is None or note.until < self._clock() or note.moment != self.moment(shop_id, tag):
            return None
        return note

    def write_note(self, shop_id: int, key: Hashable, value: Any, moment: int) -> None:
        """Note something whose reading began at `moment`."""
        if self.enabled:
            self._notes[shop_id, key] = Note(value, moment, self._clock() + SECONDS)
            self._notes.move_to_end((shop_id, key))
            if len(self._notes) > MOST_NOTES:
                self._notes.popitem(last=False)

    def drop(self, shop_id: int, tags: Iterable[str]) -> None:
        """Forget the pages of a shop that show any of these; the tag "*" is on every page."""
        self._drops[shop_id] = self._drops.get(shop_id, 0) + 1
        for tag in tags:
            for noted in [of for of in self._drops_of if of[0] == shop_id and tag in {of[1], "*"}]:
                self._drops_of[noted] += 1
            if tag == "*":
                for key in [key for key in self._pages if key[0] == shop_id]:
                    self._forget(key)
            for key in list(self._by_tag.get((shop_id, tag), ())):
                self._forget(key)

    def clear(self) -> None:
        for shop_id in self.shops():
            self.drop(shop_id, ["*"])

    def shops(self) -> set[int]:
        """Shops that have pages or notes here."""
        return {key[0] for key in self._pages} | {key[0] for key in self._notes}

    def __len__(self) -> int:
        return len(self._pages)

    def _forget(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is None:
            return
        self._size -= page.size
        for tag in page.tags:
            keys = self._by_tag.get((key[0], tag))
            if keys:
                keys.discard(key)
                if not keys:
                    del self._by_tag[key[0], tag]


@dataclass(frozen=True)
class Asked:
    """What of a request decides whether and how a kept page answers it. From raw headers: it must be quick."""

    host: str
    coding: str
    known_tag: bytes
    count: int
    cap: str  # as the cookie has it (delivery/remembered.py)
    may: bool  # may be answered by a kept page

    @classmethod
    def of(cls, raw: Iterable[tuple[bytes, bytes]], query: bytes, cookie_name: Callable[[str], str]) -> "Asked":
        host, cookie, accepts, known, may = b"", b"", b"", b"", len(query) <= LONGEST_QUERY
        for name, value in raw:
            if name == b"host":
                host = value
            elif name == b"cookie":
                cookie = cookie + b"; " + value if cookie else value
            elif name == b"accept-encoding":
                accepts = value
            elif name == b"if-none-match":
                known = value
            elif name in {b"hx-request", b"range", b"authorization"}:
                may = False
        jar = _jar(cookie.decode("latin-1")) if cookie else {}
        count, cap = _count(jar, cookie_name), jar.get(cookie_name("cap"), "")
        coding = "br" if b"br" in accepts else ""
        return cls(host.decode("latin-1").lower(), coding, known, max(count, 0), cap, may and count >= 0)


def _jar(cookie: str) -> Mapping[str, str]:
    return dict(part.strip().partition("=")[::2] for part in cookie.split(";"))


def _count(jar: Mapping[str, str], cookie_name: Callable[[str], str]) -> int:
    """The number in the basket by the cookies; -1: only the router can tell, as of a hundred and more."""
    if cookie_name("notice") in jar:
        return -1
    if cookie_name("cart") not in jar and cookie_name("session") not in jar:
        return 0
    text = jar.get(cookie_name("count"), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else -1
