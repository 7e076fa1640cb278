"""What the search field offers while somebody types: products, departments and producers, then whole queries."""

from functools import cache
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import Integer, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import queries, seeking
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW
from app.catalog.models import Product
from app.catalog.search import folded, words
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

SHORTEST = 2
PRODUCTS = 5
LOOKED_AT = 20
PLACES = 3

Suggestion = tuple[str, str, str]  # text, what it is, address


async def suggestions(db: AsyncSession, shop: ShopFacts, query: str, names: queries.Names) -> list[Suggestion]:
    """For a query that is still being typed; nothing for less than two letters."""
    asked = words(query)
    if not asked or len("".join(asked)) < SHORTEST:
        return []
    locale = current_locale()
    found: list[Suggestion] = []
    sought = await seeking.sought(db, query, names.alike, is_typed=True)
    if not sought.nothing:
        values = {**sought.values, "now": clock.now(), "rows": LOOKED_AT}
        rows = [(in_language(name, locale), slug) for name, slug in await db.execute(_products(sought.shape), values)]
        # "parmi" is a form of "Parma" too; whoever types it means what begins like that
        rows.sort(key=lambda row: not any(word.startswith(asked[-1]) for word in folded(row[0]).split()))
        found.extend((name, "", shop.href(f"/prodotti/{slug}", locale)) for name, slug in rows[:PRODUCTS])
    for kind, links in ((_("Reparto"), names.departments_with(asked)), (_("Produttore"), names.makers_with(asked))):
        found.extend((link.name, kind, shop.href(link.url, locale)) for link in links[:PLACES])
    if sought.instead:
        meant = " ".join(sought.instead.get(word, word) for word in asked)
        found.insert(0, (meant, _("Cerca"), shop.href(f"/cerca?q={quote_plus(meant)}", locale)))
    return found


@cache
def _products(shape: tuple[int, ...]) -> Select[Any]:
    row, found = IndexedProduct, seeking.candidates(shape)
    best = (
        select(row.product_id, found.c.weight)
        .join(found, found.c.product_id == row.product_id)
        .where(row.published_at <= NOW)
        .order_by(found.c.weight.desc(), row.is_available.desc(), row.season_rank, row.sort_name)
        .limit(bindparam("rows", type_=Integer))
        .subquery()
    )
    return (
        select(Product.name, Product.slug)
        .join(best, best.c.product_id == Product.id)
        .order_by(best.c.weight.desc(), Product.sort_name)
    )
