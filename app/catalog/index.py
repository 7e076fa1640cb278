"""Keeps what listings and searches read (catalog/indexed.py) in step with products, within each change."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, Row, Select, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import facets, lexicon, seasons, tagging
from app.catalog.indexed import IndexedProduct, Posting, Spelling, Word
from app.catalog.models import Category, Product, StockItem, Variant
from app.catalog.vocabulary import Tag
from app.kernel import clock, money
from app.producers import selling
from app.producers.models import Producer

BATCH = 200
COLD = frozenset({"fresco", "refrigerato", "surgelato"})


async def refresh(db: AsyncSession, product_ids: Iterable[int]) -> None:
    """Make the rows and the words of these products anew. Within the transaction that changed them."""
    wanted = sorted(set(product_ids))
    month = clock.now().month
    tags = await tagging.shown(db) if wanted else []
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        facts = {row.id: row for row in await db.execute(_facts(), {"ids": batch})}
        known = dict((await db.execute(_hashes(), {"ids": batch})).all())
        await _drop(db, [product_id for product_id in known if product_id not in facts])
        texts = {product_id: _texts(row, tags) for product_id, row in facts.items()}
        rows = {product_id: _row(row, month, texts[product_id]) for product_id, row in facts.items()}
        await _write(db, IndexedProduct, list(rows.values()), replace=True)
        changed = [product_id for product_id in rows if known.get(product_id) != rows[product_id]["words_hash"]]
        await _write_words(db, {product_id: texts[product_id] for product_id in changed})


async def restock(db: AsyncSession, product_ids: Iterable[int]) -> None:
    """Whether these can be had and for how much, which is all that a change of stock can change.

    Whoever changes them holds the rows of these products, so that the order in which one statement goes does no harm.
    """
    ids = sorted(set(product_ids))
    if ids:
        await db.execute(_restock(), {"ids": ids})


async def renew_seasons(db: AsyncSession) -> None:
    """A new month has begun: what is in season comes first."""
    now = seasons.bit(clock.now().month)
    rank = case(
        (IndexedProduct.season_mask == seasons.ALWAYS, 1), (IndexedProduct.season_mask.op("&")(now) != 0, 0), else_=2
    )
    await db.execute(
        update(IndexedProduct)
        .where(IndexedProduct.season_rank != rank)
        .values(season_rank=rank)
        .execution_options(synchronize_session=False)
    )


async def recount_words(db: AsyncSession) -> None:
    """In how many products each word is, by its stem; words that are in none any more are forgotten."""
    for start in "abcdefghijklmnopqrstuvwxyz0123456789":
        words = list(await db.scalars(select(Word.word).where(Word.word.startswith(start))))
        for place in range(0, len(words), BATCH):
            batch = words[place : place + BATCH]
            stems = {word: lexicon.stems(word)[0] for word in batch}
            rows = await db.execute(
                select(Posting.stem, func.count()).where(Posting.stem.in_(stems.values())).group_by(Posting.stem)
            )
            uses = dict(rows.all())
            gone = [word for word in batch if not uses.get(stems[word])]
            await _write(db, Word, [{"word": w, "uses": uses[stems[w]]} for w in batch if w not in gone], replace=True)
            for table in (Word, Spelling):
                await db.execute(delete(table).where(table.word.in_(gone)).execution_options(synchronize_session=False))


@cache
def _facts() -> Select[Any]:
    return (
        select(
            Product,
            Product.id,
            Category.name.label("category_name"),
            Producer.name.label("producer_name"),
            Producer.city,
            Producer.province,
            _shown(Product.id, Variant.price_minor).label("price_minor"),
            _shown(Product.id, _PER_UNIT).label("per_unit"),
            _shown(Product.id, _LEFT).label("left"),
        )
        .join(Producer, Producer.id == Product.producer_id)
        .join(Category, Category.id == Product.category_id)
        .where(
            Product.id.in_(bindparam("ids", expanding=True)),
            Product.deleted_at.is_(None),
            Product.published_at.is_not(None),
            Producer.hidden_at.is_(None),
            selling.may_sell(),
        )
        .execution_options(populate_existing=True)
    )


_LEFT = StockItem.on_hand - StockItem.reserved
_PER_UNIT = Variant.price_minor * 1000 / func.coalesce(Variant.drained_amount, Variant.net_amount)


def _shown(product: Any, column: Any) -> Any:
    """Something of the format that a card shows: the cheapest that can be had, else the cheapest (cards.shown)."""
    return (
        select(column)
        .select_from(Variant)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(Variant.product_id == product, Variant.retired_at.is_(None))
        .order_by((_LEFT > 0).desc(), Variant.price_minor, Variant.position, Variant.id)
        .limit(1)
        .correlate_except(Variant, StockItem)
        .scalar_subquery()
    )


@cache
def _hashes() -> Select[int, str]:
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    return select(IndexedProduct.product_id, IndexedProduct.words_hash).where(IndexedProduct.product_id.in_(ids))


@cache
def _restock() -> Executable:
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    of_it = IndexedProduct.product_id
    now = {
        "is_available": func.coalesce(_shown(of_it, _LEFT), 0) > 0,
        "price_minor": func.coalesce(_shown(of_it, Variant.price_minor), 0),
        "unit_price_minor": func.coalesce(_shown(of_it, _PER_UNIT), 0),
    }
    change = update(IndexedProduct).where(IndexedProduct.product_id.in_(ids)).values(now)
    return change.execution_options(synchronize_session=False)


def _row(row: Row[Any], month: int, texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    product: Product = row[0]
    food: Mapping[str, Any] = product.food
    now = bool(product.season_mask & seasons.bit(month))
    return {
        "product_id": product.id,
        "category_id": product.category_id,
        "producer_id": product.producer_id,
        "province": row.province,
        "mark": product.designation or "",
        "certification_mask": facets.certification_mask(product),
        "allergen_mask": facets.allergen_mask(food.get("allergens") or ()),
        "tag_mask": product.tag_mask,
        "travels": (1 if food.get("ship_temp") in COLD else 0) | (2 if food.get("min_age") else 0),
        "season_mask": product.season_mask,
        "season_rank": 1 if not seasons.is_seasonal(product.season_mask) else (0 if now else 2),
        "featured_rank": 0 if product.is_featured else 1,
        "price_minor": row.price_minor or 0,
        "unit_price_minor": int(row.per_unit or 0),
        "is_available": (row.left or 0) > 0,
        "rating": money.divided(product.rating_sum * 100, product.rating_count) if product.rating_count else 0,
        "sort_name": product.sort_name[:200],
        "published_at": product.published_at,
        "words_hash": _hash(texts),
    }


def _texts(row: Row[Any], tags: Sequence[Tag]) -> dict[str, Sequence[str]]:
    """What a product is found by, by the names of lexicon.WEIGHTS. tags: those that the public sees."""
    product: Product = row[0]
    ingredients = product.food.get("ingredients") or {}
    return {
        "name": [*product.name.values()],
        "mark": [product.designation or ""],
        "producer": [row.producer_name],
        "category": [*row.category_name.values()],
        "place": [row.city],
        "tag": [text for tag in tagging.of(product.tag_mask, tags) for text in tag.name.values()],
        "ingredients": [*ingredients.values()],
        "description": [*product.description.values()],
    }


def _hash(texts: Mapping[str, Sequence[str]]) -> str:
    return hashlib.blake2b(repr(sorted(texts.items())).encode(), digest_size=8).hexdigest()


async def _write_words(db: AsyncSession, texts: Mapping[int, Mapping[str, Sequence[str]]]) -> None:
    if not texts:
        return
    await db.execute(delete(Posting).where(Posting.product_id.in_(texts)).execution_options(synchronize_session=False))
    postings = [
        {"stem": stem, "product_id": product_id, "weight": weight}
        for product_id, places in texts.items()
        for stem, weight in lexicon.weighed(places).items()
    ]
    await _write(db, Posting, postings)
    # The words of descriptions are found, but not offered: they say little, and there are many.
    said = {
        word
        for places in texts.values()
        for place, parts in places.items()
        if place != "description"
        for part in parts
        for word in lexicon.words_of(part)
    }
    fresh = sorted(said - set(await db.scalars(select(Word.word).where(Word.word.in_(said)))))
    await _write(db, Word, [{"word": word, "uses": 1} for word in fresh])
    await _write(
        db, Spelling, [{"word": word, "spelling": spelling} for word in fresh for spelling in lexicon.spellings(word)]
    )


async def _drop(db: AsyncSession, product_ids: Sequence[int]) -> None:
    for table in (IndexedProduct, Posting):
        if product_ids:
            gone = delete(table).where(table.product_id.in_(product_ids))
            await db.execute(gone.execution_options(synchronize_session=False))


async def _write(db: AsyncSession, table: Any, rows: Sequence[dict[str, Any]], *, replace: bool = False) -> None:
    """Insert rows; those that are there already stay, or are replaced. Two at once do not meet: keys in order."""
    statement = _insert(table, db.get_bind().dialect.name, replace=replace)
    keys = [column.name for column in table.__table__.primary_key]
    shop = {"shop_id": db.info["shop_id"]}
    ordered = sorted((shop | row for row in rows), key=lambda row: [row[key] for key in keys])
    for start in range(0, len(ordered), 1000):
        await db.execute(statement, ordered[start : start + 1000])


@cache
def _insert(table: Any, dialect: str, *, replace: bool) -> Executable:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table.__table__)
    keys = [column.name for column in table.__table__.primary_key]
    if not replace:
        return statement.on_conflict_do_nothing(index_elements=keys)
    others = {c.name: statement.excluded[c.name] for c in table.__table__.columns if c.name not in {*keys, "shop_id"}}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
