"""What is often searched for: offered where the search field is empty, and where a search has found nothing.

Counted without knowing who asks: a text, a day, a number. A text counts when it has found something and is made of
letters only, so that no address, telephone or order number gets in; it is shown when it was asked on several days of a
month and each of its words is one of the shop's own. Nobody makes a text popular by asking it a hundred times today.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import alike, lexicon, seeking
from app.catalog.indexed import IndexedProduct, Posting
from app.catalog.models import PopularSearch, SearchCount
from app.catalog.search import fold
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.i18n import current_locale
from app.system.schedules import HOME

DAYS = 30  # looked back
LEAST_DAYS = 3  # on which it was asked
SHOWN = 6
LONGEST, MOST_WORDS, FEWEST_LETTERS = 40, 4, 3
KEPT_DAYS = 60
MOST_KEPT = 20_000  # different (shop, language, text, day) between two writings
_LOOKED_AT = 24  # candidates of a language
_AT_ONCE = 500
_BETWEEN = frozenset(" '’-")

Key = tuple[int, str, str, date]  # shop, language, text, day
_counted: Counter[Key] = Counter()


def plain(query: str) -> str:
    """The text as it is counted and shown: lower case, letters and what joins them; "" for what is no plain words."""
    text = " ".join(unicodedata.normalize("NFC", query).lower().replace("'", "’").split())
    letters = sum(sign.isalpha() for sign in text)
    if len(text) > LONGEST or letters < FEWEST_LETTERS or len(fold(text).split()) > MOST_WORDS:
        return ""
    return text if all(sign.isalpha() or sign in _BETWEEN for sign in text) else ""


def asked(shop_id: int, query: str) -> None:
    """Somebody searched, and something was found. Costs a dictionary entry."""
    text = plain(query)
    key = (shop_id, current_locale(), text, clock.now().astimezone(HOME).date())
    if text and (key in _counted or len(_counted) < MOST_KEPT):
        _counted[key] += 1


async def write_down(database: Database) -> int:
    """Add what was counted to the table; how many rows. What cannot be written is kept, and raises."""
    written = 0
    for shop_id in sorted({key[0] for key in _counted}):
        mine = {key: _counted.pop(key) for key in [key for key in _counted if key[0] == shop_id]}
        try:
            async with database.session(shop_id) as db, transaction(db):
                written += await _add(db, mine)
        except BaseException:
            _counted.update(mine)
            raise
    return written


async def _add(db: AsyncSession, counts: Mapping[Key, int]) -> int:
    """Rows in the order of their keys, so that no two processes wait for each other."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [
        {"shop_id": shop_id, "locale": locale, "query": text, "day": day, "times": n}
        for (shop_id, locale, text, day), n in sorted(counts.items())
    ]
    for start in range(0, len(rows), _AT_ONCE):
        new = insert(SearchCount).values(rows[start : start + _AT_ONCE])
        await db.execute(
            new.on_conflict_do_update(
                index_elements=["shop_id", "locale", "query", "day"],
                set_={"times": SearchCount.times + new.excluded.times},
            )
        )
    return len(rows)


async def choose(db: AsyncSession) -> None:
    """Write down anew which are popular in each language, and forget old counts. Within a transaction."""
    today = clock.now().astimezone(HOME).date()
    await db.execute(delete(SearchCount).where(SearchCount.day < today - timedelta(days=KEPT_DAYS)))
    days, times = func.count(SearchCount.id), func.sum(SearchCount.times)
    rows = await db.execute(
        select(SearchCount.locale, SearchCount.query)
        .where(SearchCount.day > today - timedelta(days=DAYS))
        .group_by(SearchCount.locale, SearchCount.query)
        .having(days >= LEAST_DAYS)
        .order_by(days.desc(), times.desc(), SearchCount.query)
    )
    candidates: dict[str, list[str]] = defaultdict(list)
    for locale, text in rows:
        if len(candidates[locale]) < _LOOKED_AT:
            candidates[locale].append(text)
    await db.execute(delete(PopularSearch))
    for locale, texts in sorted(candidates.items()):
        chosen = await _good(db, texts)
        db.add_all(PopularSearch(locale=locale, place=place, query=text) for place, text in enumerate(chosen))


async def _good(db: AsyncSession, texts: Sequence[str]) -> list[str]:
    """The first few that still find something, all of their words being the shop's; one of each meaning."""
    found: dict[frozenset[str], str] = {}
    same = await alike.alike(db)
    for text in texts:
        meaning = frozenset(lexicon.stems(word)[0] for word in lexicon.asked(text))
        if meaning not in found and await _finds(db, text, same):
            found[meaning] = text
        if len(found) == SHOWN:
            break
    return list(found.values())


async def _finds(db: AsyncSession, text: str, same: alike.Alike) -> bool:
    for word in lexicon.asked(text):
        own = select(Posting.product_id).where(Posting.stem.in_(same.stems(word))).limit(1)
        if await db.scalar(own) is None:
            return False  # a word that was only begun, or not of this shop
    sought = await seeking.sought(db, text, same)
    if sought.nothing or sought.instead:
        return False
    few = seeking.candidates(sought.shape)
    for_sale = select(few.c.product_id).join(IndexedProduct, IndexedProduct.product_id == few.c.product_id)
    for_sale = for_sale.where(IndexedProduct.published_at <= clock.now()).limit(1)
    return await db.scalar(for_sale, sought.values) is not None


async def shown(db: AsyncSession) -> list[str]:
    """The popular searches of the reader's language, the most popular first; one statement."""
    rows = await db.scalars(
        select(PopularSearch.query).where(PopularSearch.locale == current_locale()).order_by(PopularSearch.place)
    )
    return list(rows)
