"""The outermost layer: host → shop, language prefix, request id, security headers, static files, compression, logs.

It wraps the whole ASGI application, because a framework's own middleware does not run for unrouted paths and errors.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import uuid4

import structlog

from app.kernel import db as database_module
from app.kernel.db import Database, QueryCount
from app.kernel.errors import TooMany
from app.kernel.i18n import set_locale
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.web import errors, frugal, metrics, pages
from app.web import visit as visits
from app.web.asgi import App, Message, Receive, Scope, Send
from app.web.assets import Assets
from app.web.bodies import BodyLimits
from app.web.compress import compress
from app.web.kept_pages import EVERYWHERE, Asked, Kept, KeptPages
from app.web.limits import Limiter
from app.web.visit import Guest, Visit

log = structlog.get_logger()
FindShop = Callable[[str], Awaitable[ShopFacts | None]]
UNCOUNTED = ("/health", "/metrics", "/media/", "/webhooks/", "/eventi/")  # not under the overall limit


class Edge:
    """ASGI application around the framework's.

    mounts: other applications by path; one that ends in / is a prefix. They are asked before a shop is looked for.
    """

    def __init__(
        self,
        app: App,
        *,
        settings: Settings,
        database: Database,
        assets: Assets,
        limiter: Limiter,
        find_shop: FindShop,
        mounts: Mapping[str, App],
        bodies: BodyLimits | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.database = database
        self.assets = assets
        self.limiter = limiter
        self.find_shop = find_shop
        self.mounts = mounts
        self.bodies = bodies or BodyLimits()
        self.kept = KeptPages()
        self.looked_at: Callable[[Visit, int], None] | None = None
        self.place_of: Callable[[KeptPages, ShopFacts, str], str | None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        for prefix, mounted in self.mounts.items():
            if path == prefix or (prefix.endswith("/") and path.startswith(prefix)):
                await mounted(scope, receive, send)
                return
        if path.startswith("/static/"):
            await self._static(scope, send)
            return
        if not (scope["method"] in {"GET", "HEAD"} and await self._kept(scope, send)):
            await self._page(scope, receive, send)

    async def _kept(self, scope: Scope, send: Send) -> bool:
        """Answer with a page that is kept ready, if there is one."""
        began = time.perf_counter()
        asked = Asked.of(scope["headers"], scope["query_string"], self._cookie_name)
        shop = await self.find_shop(asked.host.partition(":")[0]) if asked.may and len(self.kept) else None
        if shop is None:
            return False
        path, locale = _without_language(scope["path"], shop)
        query: bytes = scope["query_string"]
        place = self._place(shop, asked.cap)
        key = (shop.id, locale, path + ("?" + query.decode("latin-1") if query else ""), asked.host, place)
        hit = self.kept.find(key, asked.count, asked.coding, asked.known_tag, lambda n: self._basket(shop, locale, n))
        if hit is None:
            return False
        headers = hit.headers
        if hit.looked_at is not None and self.looked_at is not None:
            headers = [*headers, *self._look(scope, shop, hit.looked_at)]
        body = b"" if scope["method"] == "HEAD" else hit.body
        await send({"type": "http.response.start", "status": hit.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        took = time.perf_counter() - began
        metrics.observe(scope["method"], hit.status, took)
        log.info("kept", shop=shop.slug, path=path, status=hit.status, ms=round(took * 1000, 2), bytes=len(body))
        return True

    def _cookie_name(self, name: str) -> str:
        return f"__Host-{name}" if self.settings.https else name

    def _place(self, shop: ShopFacts, cap: str) -> str:
        """Where the sender of this postal code is. EVERYWHERE: nobody knows, and he gets no page that asks for it."""
        found = self.place_of(self.kept, shop, cap) if cap and self.place_of else ""
        return EVERYWHERE if found is None else found

    def _basket(self, shop: ShopFacts, locale: str, count: int) -> bytes:
        """The hole's filling for a number, in a language."""
        visit = Visit(shop, locale, "", "GET", "/", "", {}, {}, "", "", self.settings, self.database, cart_count=count)
        visits.begin(visit)
        set_locale(locale)
        return pages.basket_link().encode()

    def _look(self, scope: Scope, shop: ShopFacts, product_id: int) -> list[tuple[bytes, bytes]]:
        """Count that a product was looked at; the cookies that come of it."""
        assert self.looked_at is not None  # noqa: S101  (the caller asked)
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        jar = _cookies(headers.get("cookie", "")) if "cookie" in headers else {}
        visit = Visit(shop, "", "", scope["method"], "/", "", headers, jar, "", "", self.settings, self.database)
        self.looked_at(visit, product_id)
        return [(b"set-cookie", cookie.encode("latin-1")) for cookie in visit.outgoing_cookies]

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        host = headers.get("host", "").lower()
        shop = await self.find_shop(host.partition(":")[0])
        if shop is None:
            await _text(send, 421, b"Unknown host\n")
            return
        visit = self._visit(scope, headers, shop, host)
        if visit is None:
            await _redirect_to_default_language(scope, shop, send)
            return
        if visit.method == "HEAD":
            scope["method"] = "GET"  # answered alike, without the body
        visits.begin(visit)
        set_locale(visit.locale)
        count = QueryCount()
        database_module.counted.set(count)
        structlog.contextvars.bind_contextvars(request_id=visit.request_id, shop=shop.slug)
        answer = Answer(self, visit, count, send)
        answer.moment = self.kept.moment(shop.id)
        try:
            if int(headers.get("content-length") or 0) > self.bodies.of(visit.raw_path):
                await answer.give(errors.page(413))
            elif await self._within_limit(visit, answer):
                await self.app(scope, receive, answer.send)
        except Exception as error:
            log.exception("edge.failed", error=type(error).__name__)
            if not answer.started:
                await answer.give_last_resort()
        finally:
            await visit.close_db()
            answer.log()
            structlog.contextvars.clear_contextvars()

    def _visit(self, scope: Scope, headers: dict[str, str], shop: ShopFacts, host: str) -> Visit | None:
        """The visit of a request; its scope's path loses the language prefix. None: the prefix is the default's."""
        path: str = scope["path"]
        first = path.split("/", 2)[1] if path.startswith("/") and len(path) > 1 else ""
        locale = shop.locales[0]
        if first in shop.locales:
            if first == locale:
                return None
            locale = first
            path = path[len(first) + 1 :] or "/"
            scope["path"] = path
            scope["raw_path"] = path.encode()
        sent_id = headers.get("x-request-id", "")
        usable = 8 <= len(sent_id) <= 40 and sent_id.replace("-", "").isalnum()
        scheme = "https" if self.settings.https else scope.get("scheme", "http")
        client = scope.get("client")
        return Visit(
            shop=shop,
            locale=locale,
            request_id=sent_id if usable else uuid4().hex[:16],
            method=scope["method"],
            raw_path=path,
            query_string=scope["query_string"].decode("latin-1"),
            headers=headers,
            cookies=_cookies(headers.get("cookie", "")),
            client_ip=client[0] if client else "unknown",
            base_url=f"{scheme}://{host or shop.host}",
            settings=self.settings,
            database=self.database,
            notes=self.kept,
        )

    async def _within_limit(self, visit: Visit, answer: "Answer") -> bool:
        if visit.raw_path.startswith(UNCOUNTED):
            return True
        try:
            await self.limiter.check("overall", visit)
        except TooMany as over:
            await answer.give(errors.page(429, retry_after=over.retry_after))
            return False
        return True

    async def _static(self, scope: Scope, send: Send) -> None:
        asset = self.assets.find(scope["path"].removeprefix("/static/"))
        if asset is None:
            await _text(send, 404, b"Not found\n")
            return
        asked = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        is_font = asset.media_type.startswith("font/")
        if is_font and frugal.is_frugal(asked):
            await _text(send, 404, b"", (b"cache-control", b"no-store"), (b"vary", frugal.VARIES.encode()))
            return
        accepts = asked.get("accept-encoding", "")
        body, coding = asset.body, None
        if asset.is_text and "br" in accepts:
            body, coding = asset.brotli, "br"
        elif asset.is_text and "gzip" in accepts:
            body, coding = asset.gzip, "gzip"
        headers = [
            (b"content-type", asset.media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", frugal.SAVES.encode() if is_font else b"Accept-Encoding"),
        ]
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class Answer:
    """Sends a response with our headers, compressed when it is a complete text, and remembers how it went."""

    def __init__(self, edge: Edge, visit: Visit, count: QueryCount, send: Send) -> None:
        self.edge = edge
        self.visit = visit
        self.count = count
        self._send = send
        self.started = False
        self.status = 0
        self.bytes = 0
        self.began = time.perf_counter()
        self.moment = 0
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message  # held until the body shows whether it can be compressed
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        if self._start is not None:
            message = await self._begin(self._start, message)
            self._start = None
        if self.visit.method == "HEAD":
            message = {**message, "body": b""}
        self.bytes += len(message.get("body", b""))
        await self._send(message)

    async def _begin(self, start: Message, first: Message) -> Message:
        headers = {k.decode("latin-1").lower(): v for k, v in start["headers"]}
        body: bytes = first.get("body", b"")
        if not first.get("more_body") and "content-encoding" not in headers:
            media_type = headers.get("content-type", b"").decode("latin-1")
            body, coding = compress(body, media_type, self.visit.headers.get("accept-encoding", ""))
            if coding:
                headers["content-encoding"] = coding.encode()
            headers["content-length"] = str(len(body)).encode()
        self._add_ours(headers)
        self.visit.remember_count()
        if self.visit.kept is not None and start["status"] == 200:
            self._keep(self.visit.kept, headers)
        raw = [(k.encode("latin-1"), v) for k, v in headers.items()]
        raw += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.visit.outgoing_cookies]
        raw += [(k.lower().encode(), v.encode("latin-1")) for k, v in self.visit.extra_headers]
        self.started, self.status = True, start["status"]
        await self._send({"type": "http.response.start", "status": start["status"], "headers": raw})
        return {**first, "body": body}

    def _keep(self, page: Kept, headers: Mapping[str, bytes]) -> None:
        """Keep this page for the next visitor: without what belongs to this answer alone."""
        own = {"content-length", "content-encoding", "x-request-id", "x-queries"}
        page.headers = [(k.encode("latin-1"), v) for k, v in headers.items() if k not in own]
        page.headers.append((b"x-queries", b"0")) if "x-queries" in headers else None
        visit = self.visit
        key = (visit.shop.id, visit.locale, visit.path, visit.headers.get("host", ""), visit.place)
        self.edge.kept.keep(key, page, self.moment)

    def _add_ours(self, headers: dict[str, bytes]) -> None:
        visit, settings = self.visit, self.edge.settings
        headers["x-request-id"] = visit.request_id.encode()
        headers.setdefault("vary", b"HX-Request, HX-Request-Type, Cookie, Accept-Encoding")
        headers["x-content-type-options"] = b"nosniff"
        headers["referrer-policy"] = b"same-origin"
        headers["x-frame-options"] = b"DENY"
        if headers.get("content-type", b"").startswith(b"text/html"):
            headers["accept-ch"] = frugal.ASKS
        guest = visit.guest  # wallets open windows of their own, and ask the browser to pay
        headers["cross-origin-opener-policy"] = b"same-origin-allow-popups" if guest else b"same-origin"
        pays = f'(self "{guest.scripts}")' if guest and guest.scripts else "(self)" if guest else "()"
        headers["permissions-policy"] = f"camera=(), microphone=(), geolocation=(), payment={pays}".encode()
        headers.setdefault("content-security-policy", content_policy(self.edge.assets, visit, settings).encode())
        if settings.https:
            headers["strict-transport-security"] = b"max-age=31536000; includeSubDomains"
        if not settings.is_production:
            headers["x-queries"] = str(self.count.n).encode()

    async def give(self, response: Any) -> None:
        """Send a response of ours from outside the framework."""
        raw = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
        raw.append((b"content-type", f"{response.media_type}; charset=utf-8".encode()))
        await self.send({"type": "http.response.start", "status": response.status_code, "headers": raw})
        await self.send({"type": "http.response.body", "body": response.content})

    async def give_last_resort(self) -> None:
        self._start = None
        start: Message = {
            "type": "http.response.start",
            "status": 503,
            "headers": [(b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"30")],
        }
        await self.send(start)
        await self.send({"type": "http.response.body", "body": errors.last_resort(self.visit.request_id)})

    def log(self) -> None:
        """One line per request. The path goes without its query: it may hold what somebody typed, or a token."""
        took = time.perf_counter() - self.began
        metrics.observe(self.visit.method, self.status, took)
        log.info(
            "request",
            method=self.visit.method,
            path=self.visit.raw_path,
            status=self.status,
            ms=round(took * 1000, 1),
            bytes=self.bytes,
            queries=self.count.n,
            user=self.visit.person.id if self.visit.person else None,
        )


def content_policy(assets: Assets, visit: Visit, settings: Settings) -> str:
    """No inline script, no inline style but the critical sheet by its hash, nothing from elsewhere.

    A form that ends in a redirect to the payment page needs that page's origin in form-action.
    """
    stand_in = settings.stripe.api_base or f"http://localhost:{settings.port}"  # of all shops, whatever their host
    pay = stand_in if settings.stripe.is_sandbox else "https://checkout.stripe.com"
    origin = "/".join(pay.split("/")[:3])
    pictures = "/".join((settings.media_url or "").split("/")[:3])
    guest = visit.guest or Guest("", "", "")
    return (
        f"default-src 'none'; script-src 'self' {guest.scripts}".rstrip()
        + f"; style-src 'self' {assets.critical_hashes(visit.shop.theme)}"
        + f"; img-src 'self' data: {pictures}".rstrip()
        + f"; font-src 'self'; connect-src 'self' {guest.connects}".rstrip()
        + f"; manifest-src 'self'; form-action 'self' {origin} {visit.leads_to}".rstrip()
        + (f"; frame-src {guest.frames}" if guest.frames else "")
        + "; base-uri 'none'; frame-ancestors 'none'"
        + visit.also_allowed
    )


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _without_language(path: str, shop: ShopFacts) -> tuple[str, str]:
    """(path without its language prefix, language). The default language's own prefix stays: it is redirected."""
    first = path.split("/", 2)[1] if len(path) > 1 else ""
    if first in shop.locales and first != shop.locales[0]:
        return path[len(first) + 1 :] or "/", first
    return path, shop.locales[0]


async def _text(send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect_to_default_language(scope: Scope, shop: ShopFacts, send: Send) -> None:
    path = scope["path"][len(shop.locales[0]) + 1 :] or "/"
    path = "/" + path.lstrip("/")
    query = scope["query_string"]
    target = path.encode("utf-8") + (b"?" + query if query else b"")
    await send({"type": "http.response.start", "status": 308, "headers": [(b"location", target)]})
    await send({"type": "http.response.body", "body": b""})
