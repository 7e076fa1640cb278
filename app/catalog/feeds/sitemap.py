"""Which addresses there are, for search engines, in files cut by ranges of row ids.

A range is read by itself, so that the last of a million products costs as much as the first, and a product never moves
from one file to another. The index finds the ranges that hold something by stepping from each to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from markupsafe import escape
from sqlalchemy import BindParameter, Integer, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import queries
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW, visible
from app.catalog.models import Product
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.tenancy import ShopFacts
from app.producers.models import Producer
from app.system import pages

MOST_URLS = 10_000  # in a file; the protocol allows 50,000 and 50 MB (sitemaps.org)
PAGES, CATEGORIES, PRODUCERS, PRODUCTS = "pagine", "reparti", "produttori", "prodotti"
_SINGLE = (PAGES, CATEGORIES)
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)
_ALTERNATE = '<xhtml:link rel="alternate" hreflang="%s" href="%s"/>'
_FIRST: BindParameter[int] = bindparam("first", type_=Integer)
_BEYOND: BindParameter[int] = bindparam("beyond", type_=Integer)


@dataclass(frozen=True, slots=True)
class Entry:
    """path: without language prefix. changed_at: None where nobody knows."""

    path: str
    changed_at: datetime | None = None


def span(languages: int) -> int:
    """How many ids a file covers, when each has an address in that many languages."""
    return MOST_URLS // languages


async def files(db: AsyncSession, languages: int) -> list[str]:
    """The names of all files, as `/sitemaps/<name>.xml`."""
    values = {NOW.key: clock.now(), "span": span(languages)}
    found = [f"{kind}-0" for kind in _SINGLE]
    for kind, ranges in ((PRODUCERS, _producer_ranges()), (PRODUCTS, _product_ranges())):
        found += [f"{kind}-{number}" for number in await db.scalars(ranges, values) if number is not None]
    return found


async def entries(db: AsyncSession, name: str, languages: int) -> Sequence[Entry]:
    """What a file lists. Raises NotFound for a name that is none, or a range that holds nothing."""
    kind, _, text = name.rpartition("-")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and str(int(text)) == text):
        raise NotFound
    number = int(text)
    if kind in _SINGLE and number == 0:
        found = _pages() if kind == PAGES else [Entry(one.url) for one in await queries.categories(db)]
    elif kind in {PRODUCERS, PRODUCTS}:
        statement, folder = (_producers(), "produttori") if kind == PRODUCERS else (_products(), "prodotti")
        first = number * span(languages)
        values = {NOW.key: clock.now(), "first": first, "beyond": first + span(languages)}
        found = [Entry(f"/{folder}/{slug}", at) for slug, at in await db.execute(statement, values)]
    else:
        raise NotFound
    if not found and kind not in _SINGLE:
        raise NotFound
    return found


def document(entries: Sequence[Entry], base: str, shop: ShopFacts, languages: Sequence[str]) -> str:
    """A file as XML: each entry in every language, with all the others beside it. base: scheme and host.

    Not a template: ten thousand addresses with five alternates each would hold everybody up for 0.3 s, and so 0.03 s.
    """
    base = str(escape(base))
    parts = [_HEAD]
    for entry in entries:
        path = quote(entry.path)
        places = {code: base + shop.href(path, code) for code in languages}
        links = "".join(_ALTERNATE % pair for pair in (*places.items(), ("x-default", base + path)))
        changed = f"<lastmod>{entry.changed_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if entry.changed_at else ""
        parts += [f"<url><loc>{place}</loc>{changed}{links}</url>\n" for place in places.values()]
    return "".join([*parts, "</urlset>\n"])


def _pages() -> list[Entry]:
    own = ("/", "/prodotti", "/produttori", "/stagioni", "/in-arrivo", "/recensioni/come-funzionano")
    return [Entry(path) for path in (*own, *(f"/{slug}" for slug in pages.slugs()))]


@cache
def _products() -> Select[str, datetime]:
    return (
        select(Product.slug, Product.updated_at)
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible(), Product.id >= _FIRST, Product.id < _BEYOND)
        .order_by(Product.id)
    )


@cache
def _producers() -> Select[str, datetime]:
    return (
        select(Producer.slug, Producer.created_at)
        .where(Producer.hidden_at.is_(None), Producer.id >= _FIRST, Producer.id < _BEYOND)
        .order_by(Producer.id)
    )


@cache
def _product_ranges() -> Select[Any]:
    return _ranges(IndexedProduct.product_id, IndexedProduct.published_at <= NOW)


@cache
def _producer_ranges() -> Select[Any]:
    return _ranges(Producer.id, Producer.hidden_at.is_(None))


def _ranges(key: Any, shown: Any) -> Select[Any]:
    """The numbers of the ranges that hold a row, each found from the one before; the last is null."""
    width: BindParameter[int] = bindparam("span", type_=Integer)
    found = select((func.min(key) // width).label("number")).where(shown).cte("ranges", recursive=True)
    following = select(func.min(key)).where(shown, key >= (found.c.number + 1) * width).scalar_subquery()
    found = found.union_all(select(following // width).where(found.c.number.is_not(None)))
    return select(found.c.number)
