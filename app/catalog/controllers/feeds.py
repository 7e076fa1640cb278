"""What machines read: robots.txt, sitemaps, RSS, and the feed for Google Merchant Center.

All are public and the same for everybody; their language is that of the address. A prefix asks for another.
"""

import zlib
from collections.abc import AsyncIterator

from litestar import get
from litestar.params import FromPath
from litestar.response import Response, Stream

from app.catalog import queries
from app.catalog.feeds import merchant, plain, rss, sitemap
from app.catalog.feeds.rss import Channel
from app.kernel.db import Database
from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.web.access import anyone
from app.web.freshness import Fresh, http_date
from app.web.pages import render
from app.web.visit import CurrentVisit, Visit

XML = "application/xml"
RSS = "application/rss+xml"
GZIP = 31  # zlib: with gzip's own head
UNLISTED = (
    *("/carrello", "/cassa", "/ordini", "/profilo", "/accedi", "/registrati", "/password", "/verifica"),
    *("/banco", "/amministrazione", "/avvisi", "/eventi", "/cerca/", "/health", "/metrics", "/posta"),
)


@get("/robots.txt", access=anyone, bare=True, name="feeds.robots")
async def show_robots(visit: CurrentVisit) -> Response[bytes]:
    """Only a shop that is really open wants to be found. What is searched folds into /cerca by its canonical."""
    if not visit.settings.is_production:
        return Fresh("User-agent: *\nDisallow: /\n", "text/plain")
    closed = [visit.shop.href(path, code) for code in visit.locales for path in UNLISTED]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), "", f"Sitemap: {visit.base_url}/sitemap.xml"]
    return Fresh("\n".join(lines) + "\n", "text/plain")


@get("/sitemap.xml", access=anyone, bare=True, name="feeds.sitemap.index")
async def show_sitemaps(visit: CurrentVisit) -> Response[bytes]:
    names = await sitemap.files(visit.db, len(visit.locales))
    return Fresh(render("feeds/sitemap_index.xml", names=names), XML)


@get("/sitemaps/{name:str}", access=anyone, bare=True, name="feeds.sitemap.show")
async def show_sitemap(visit: CurrentVisit, name: FromPath[str]) -> Response[bytes]:
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix != "xml":
        raise NotFound
    entries = await sitemap.entries(visit.db, stem, len(visit.locales))
    latest = max((entry.changed_at for entry in entries if entry.changed_at), default=None)
    return Fresh(sitemap.document(entries, visit.base_url, visit.shop, visit.locales), XML, changed_at=latest)


@get("/feed.xml", access=anyone, bare=True, name="feeds.rss.shop")
async def show_news(visit: CurrentVisit) -> Response[bytes]:
    about = _("Gli ultimi prodotti messi in vendita, dai produttori.")
    items = await rss.newest(visit.db)
    return _rss(Channel(plain.text(visit.shop.name), about, "/prodotti", "/feed.xml", items))


@get("/categorie/{slug:str}/feed.xml", access=anyone, bare=True, name="feeds.rss.category")
async def show_news_of_category(visit: CurrentVisit, slug: FromPath[str]) -> Response[bytes]:
    found = await queries.department(visit.db, slug)
    items = await rss.newest(visit.db, category_id=found.id)
    about = found.intro or _("Gli ultimi prodotti messi in vendita in questo reparto.")
    return _rss(Channel(_title(visit, found.name), plain.text(about), found.url, f"{found.url}/feed.xml", items))


@get("/produttori/{slug:str}/feed.xml", access=anyone, bare=True, name="feeds.rss.producer")
async def show_news_of_producer(visit: CurrentVisit, slug: FromPath[str]) -> Response[bytes]:
    producer_id, found = await queries.maker(visit.db, slug)
    items = await rss.newest(visit.db, producer_id=producer_id)
    about = found.text or _("Gli ultimi prodotti messi in vendita da questo produttore.")
    return _rss(Channel(_title(visit, found.name), plain.text(about), found.url, f"{found.url}/feed.xml", items))


def _title(visit: Visit, name: str) -> str:
    return plain.text(f"{visit.shop.name}: {name}")


def _rss(channel: Channel) -> Response[bytes]:
    dates = [http_date(item.at) for item in channel.items]
    return Fresh(render("feeds/rss.xml", channel=channel, dates=dates), RSS, changed_at=channel.changed_at)


@get("/feeds/google.xml", access=anyone, bare=True, limit="careful", name="feeds.merchant")
async def show_merchant_feed(visit: CurrentVisit) -> Response[bytes] | Stream:
    """Written while it is sent, in batches; nothing grows with the number of products."""
    stamp = await merchant.stamp(visit.db, visit.shop)
    headers = stamp.headers()
    await visit.close_db()
    if stamp.is_known:
        return Response(b"", status_code=304, headers=headers)
    pieces = _merchant(visit.database, visit.shop)
    if "gzip" in visit.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        pieces = _zipped(pieces)
    if visit.method == "HEAD":
        return Response(b"", media_type=XML, headers=headers)
    return Stream(pieces, media_type=XML, headers=headers)


async def _merchant(database: Database, shop: ShopFacts) -> AsyncIterator[bytes]:
    yield render("feeds/merchant_head.xml").encode()
    async for items in merchant.batches(database, shop):
        yield render("feeds/merchant_items.xml", items=items, alcohol=merchant.ALCOHOL).encode()
    yield b"</channel>\n</rss>\n"


async def _zipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    async for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


ROUTES = [
    show_robots,
    show_sitemaps,
    show_sitemap,
    show_news,
    show_news_of_category,
    show_news_of_producer,
    show_merchant_feed,
]
