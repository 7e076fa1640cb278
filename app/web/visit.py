"""One request as our code sees it: the shop, the reader's language, who asks, and the database session."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from itsdangerous import BadSignature, URLSafeSerializer
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.db import Database
from app.kernel.errors import Forbidden
from app.kernel.i18n import LOCALES, NATIVE_NAMES
from app.kernel.tenancy import Person, ShopFacts
from app.settings import Settings
from app.web.kept_pages import EVERYWHERE, LONGEST_QUERY, Kept, KeptPages

T = TypeVar("T")
Tone = Literal["good", "bad"]


@dataclass(frozen=True)
class Alternate:
    """The same page in another language."""

    locale: str
    name: str
    url: str


@dataclass(frozen=True)
class Guest:
    """Somebody else's script that one page lets in, a payment form: the origins that it may use there."""

    scripts: str
    frames: str
    connects: str


@dataclass
class Visit:
    """Everything about one request that is not the request itself. Made by the edge, one per request."""

    shop: ShopFacts
    locale: str
    request_id: str
    method: str
    raw_path: str  # path without the language prefix
    query_string: str
    headers: Mapping[str, str]  # lower-case names
    cookies: Mapping[str, str]
    client_ip: str
    base_url: str  # https://host
    settings: Settings
    database: Database
    person: Person | None = None
    cart_count: int = 0
    cart_known: bool = False  # cart_count was looked up
    cart_id: int | None = None
    loaded: bool = False
    wants_cart: bool = True
    outgoing_cookies: list[str] = field(default_factory=list)
    extra_headers: list[tuple[str, str]] = field(default_factory=list)
    also_allowed: str = ""  # what this one page needs besides the content policy of all pages
    leads_to: str = ""  # likewise, origins that a form of it may end in
    guest: Guest | None = None  # likewise, whose script it runs
    shown: set[str] = field(default_factory=set)  # what this answer shows, as tags of kept pages
    place: str = EVERYWHERE  # for which place this answer is true, and until when
    ends: datetime | None = None
    postal_code: str = ""  # that was typed in this request (delivery/remembered.py)
    kept: Kept | None = None  # this answer, to be kept for everybody
    notes: KeptPages | None = None
    labels: dict[str, str] = field(default_factory=dict)  # of the fields with a mistake, by the field's name
    _db: AsyncSession | None = None

    @property
    def db(self) -> AsyncSession:
        """The session of this request, opened at its first use, closed by the edge."""
        if self._db is None:
            self._db = self.database.session(self.shop.id, reads_alone=True)
            self._db.info["request_id"] = self.request_id
        return self._db

    async def noted(self, key: Hashable, read: Callable[[], Awaitable[T]], tag: str = "*") -> T:
        """What `read` finds, or found less than a minute ago if nothing of the shop has changed since.

        For what many pages count alike. key: all that the answer depends on; nobody may change what is returned.
        tag: that of the only drops that change it; "*" for all.
        """
        if self.notes is None:
            return await read()
        known = self.notes.note(self.shop.id, key, tag)
        if known is not None:
            found: T = known.value
            return found
        moment = self.notes.moment(self.shop.id, tag)
        found = await read()
        self.notes.write_note(self.shop.id, key, found, moment)
        return found

    async def close_db(self) -> None:
        """Give the connection back, e.g. before a long stream."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    @property
    def who(self) -> Person:
        """Who asks, in a handler whose `access=` lets in nobody else. Raises Forbidden."""
        if self.person is None:
            raise Forbidden
        return self.person

    @property
    def producer_id(self) -> int:
        """At whose desk they work; likewise."""
        if self.who.producer_id is None:
            raise Forbidden
        return self.who.producer_id

    @property
    def is_staffs(self) -> bool:
        """Is this a page of staff, of those that producers have at their desk as well?"""
        return self.raw_path.startswith("/amministrazione/")

    @property
    def owner_id(self) -> int | None:
        """Of those pages: whose things it is about; None, anybody's, for staff. Raises Forbidden."""
        return None if self.is_staffs else self.producer_id

    @property
    def page(self) -> int:
        """Which page of a list is asked for, from 1; the first for what is no number."""
        asked = dict(parse_qsl(self.query_string)).get("pagina", "")
        return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1

    @property
    def path(self) -> str:
        """Path and query without the language prefix, as links to other languages repeat it."""
        return self.raw_path + (f"?{self.query_string}" if self.query_string else "")

    @property
    def canonical_path(self) -> str:
        """The path whose content this is: without the query, except the page number."""
        page = dict(parse_qsl(self.query_string)).get("pagina", "")
        is_later = page.isascii() and page.isdigit() and int(page[:6]) > 1
        return self.raw_path + (f"?pagina={page}" if is_later else "")

    def href(self, path: str, locale: str | None = None) -> str:
        """A path of ours in the reader's (or another) language."""
        return self.shop.href(path, locale or self.locale)

    @property
    def alternates(self) -> list[Alternate]:
        return [Alternate(code, NATIVE_NAMES[code], self.href(self.path, code)) for code in self.locales]

    @property
    def locales(self) -> tuple[str, ...]:
        return tuple(code for code in self.shop.locales if code in LOCALES)

    @property
    def may_be_kept(self) -> bool:
        """May the answer be kept for everybody? Not what tells this visitor something, nor a piece for htmx."""
        return (
            self.method in {"GET", "HEAD"}
            and not self.is_htmx
            and not self.notice
            and len(self.query_string) <= LONGEST_QUERY
        )

    @property
    def is_fragment(self) -> bool:
        """True for an htmx swap; false for a navigation, a boosted link or Back, which need the whole page."""
        sent = self.headers
        return (
            sent.get("hx-request") == "true"
            and sent.get("hx-request-type") == "partial"
            and sent.get("hx-history-restore-request") != "true"
        )

    @property
    def is_htmx(self) -> bool:
        return self.headers.get("hx-request") == "true"

    def cookie_name(self, name: str) -> str:
        return f"__Host-{name}" if self.settings.https else name

    def cookie(self, name: str) -> str | None:
        return self.cookies.get(self.cookie_name(name))

    def set_cookie(self, name: str, value: str, *, max_age: int | None = None, for_scripts: bool = False) -> None:
        """Set a cookie of ours: HttpOnly, SameSite=Lax, Secure over HTTPS. max_age in seconds; None: until closed.

        for_scripts: without HttpOnly, for what our own script puts into a page that is kept alike for everybody.
        """
        parts = [f"{self.cookie_name(name)}={value}", "Path=/", "SameSite=Lax"]
        if not for_scripts:
            parts.insert(2, "HttpOnly")
        if max_age is not None:
            parts.append(f"Max-Age={max_age}")
        if self.settings.https:
            parts.append("Secure")
        self.outgoing_cookies.append("; ".join(parts))

    def forget_cookie(self, name: str) -> None:
        self.set_cookie(name, "", max_age=0)

    def count_cart(self, pieces: int) -> None:
        """So many pieces are in the basket now."""
        self.cart_count, self.cart_known = pieces, True

    def remember_count(self) -> None:
        """Tell the browser what is in the basket, for the pages that are kept. Only where there is one."""
        known = self.cookie("count")
        if self.cart_known and (self.person or self.cart_id) and known != str(self.cart_count):
            self.set_cookie("count", str(self.cart_count))
        elif known is not None and self.loaded and not self.person and not self.cookie("cart"):
            self.forget_cookie("count")

    def tell(self, sentence: str, tone: Tone = "good") -> None:
        """Say something on the next page (after a redirect). tone: bad where it was not done."""
        self.set_cookie("notice", self._signer.dumps([sentence, tone]), max_age=60)

    @cached_property
    def notice(self) -> tuple[str, Tone] | None:
        """What the last request wanted said, once, and in which tone."""
        sealed = self.cookie("notice")
        if not sealed:
            return None
        self.forget_cookie("notice")
        try:
            sentence, tone = self._signer.loads(sealed)
        except (BadSignature, ValueError):
            return None
        return str(sentence), "bad" if tone == "bad" else "good"

    @property
    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.settings.secret_key, salt="notice")

    @staticmethod
    def query_of(**values: Any) -> str:
        """Values as `?a=b`; those that are None are left out."""
        text = urlencode({name: value for name, value in values.items() if value is not None})
        return f"?{text}" if text else ""


CurrentVisit = NamedDependency[Visit]

_current: ContextVar[Visit] = ContextVar("visit")


def current() -> Visit:
    """The visit of this request. Raises LookupError outside of one."""
    return _current.get()


def shows(*tags: str) -> None:
    """The answer of this request, if there is one, shows these: tags of kept pages."""
    visit = _current.get(None)
    if visit is not None:
        visit.shown.update(tags)


def depends(tag: str, *, place: str, until: datetime | None) -> None:
    """The answer of this request shows this, and is true for one place alone, until something on it changes."""
    shows(tag)
    visit = _current.get(None)
    if visit is not None:
        visit.place = place
        visit.ends = min(filter(None, (visit.ends, until)), default=None)


async def noted(db: AsyncSession, key: Hashable, read: Callable[[], Awaitable[T]], tag: str = "*") -> T:
    """As `Visit.noted`, for what may also be asked outside of a request."""
    visit = _current.get(None)
    if visit is None or visit.shop.id != db.info["shop_id"]:
        return await read()
    return await visit.noted(key, read, tag)


def begin(visit: Visit) -> None:
    _current.set(visit)


async def provide_visit() -> Visit:
    return current()
