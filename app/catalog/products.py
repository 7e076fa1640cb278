"""Products and their variants: make them, change them, price them.

Every change that a page could show raises `Product.version`; every price a variant ever had is in the price log.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import index, judging, perishable, prices
from app.catalog.facts import Missing
from app.catalog.models import Product, StockItem, StockMovement, Variant
from app.catalog.search import fold, text_of
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.shops import rules
from app.shops.models import Shop
from app.system import page_drops

BATCH = 200
TIME_ZONE = "Europe/Rome"  # the rules are of Italian law


class Incomplete(Refused):
    """The gate found something: `missing`, all of it."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__(_("Non si può ancora vendere: %(first)s", first=missing[0].sentence), "published")
        self.missing = list(missing)


@dataclass(frozen=True)
class Draft:
    """A product with one variant, before it has ids. Fields are those of the models; price in minor units.

    low_at: None for the shop's default.
    """

    product: Mapping[str, Any]
    variant: Mapping[str, Any]
    stock: int
    low_at: int | None = None


def sort_name(name: Mapping[str, str]) -> str:
    """What listings are sorted by: the Italian name, folded."""
    return fold(name["it"])[:200]


def search_text(*parts: Mapping[str, str] | str | None) -> str:
    """What search finds a product by: names in all languages, producer, place, category, designation."""
    return text_of(*(text for part in parts if part for text in ([part] if isinstance(part, str) else part.values())))


async def create(
    db: AsyncSession, drafts: Sequence[Draft], *, known: Mapping[str, int], actor_id: int | None
) -> list[Variant]:
    """New products; drafts of one slug become variants of one. Within a transaction; a few bulk statements.

    Those that are to be published are only if the gate finds nothing missing.

    known: slug → id of products that are there already and get further variants.
    """
    now = clock.now()
    goods: dict[str, Product] = {}
    for draft in drafts:
        slug = draft.product["slug"]
        if slug not in goods and slug not in known:
            facts = {**draft.product, "published_at": None}  # judged once it is whole: below
            goods[slug] = Product(version=1, created_at=now, updated_at=now, **facts)
    usual = rules.LOW_AT.of(await db.get_one(Shop, db.info["shop_id"]))
    marks = [usual if draft.low_at is None else draft.low_at for draft in drafts]
    shelves = [
        StockItem(on_hand=draft.stock, reserved=0, low_at=mark) for draft, mark in zip(drafts, marks, strict=True)
    ]
    db.add_all([*shelves, *goods.values()])
    await db.flush()  # the variants need their ids
    ids = {**known, **{slug: product.id for slug, product in goods.items()}}
    places = Counter(await db.scalars(select(Variant.product_id).where(Variant.product_id.in_(known.values()))))
    made: list[Variant] = []
    for draft, shelf in zip(drafts, shelves, strict=True):
        product_id = ids[draft.product["slug"]]
        made.append(
            Variant(product_id=product_id, stock_item_id=shelf.id, position=places[product_id], **draft.variant)
        )
        places[product_id] += 1
    db.add_all(made)
    await db.flush()  # the price log needs their ids
    for variant, shelf in zip(made, shelves, strict=True):
        prices.log(db, variant, "initial", actor_id, now)
        if shelf.on_hand:
            db.add(_first_count(shelf, actor_id, now))
    wanted = {ids[draft.product["slug"]]: draft.product.get("published_at") for draft in drafts}
    await _settle(db, list(wanted), {id_: at for id_, at in wanted.items() if at})
    await db.flush()  # the index reads rows
    await index.refresh(db, [variant.product_id for variant in made])
    await page_drops.drop(db, "products", *(f"p{product_id}" for product_id in set(ids.values())))
    return made


def _first_count(shelf: StockItem, actor_id: int | None, at: datetime) -> StockMovement:
    return StockMovement(
        stock_item_id=shelf.id,
        kind="initial",
        on_hand_change=shelf.on_hand,
        reserved_change=0,
        reference="",
        actor_id=actor_id,
        at=at,
    )


def change(row: Product | Variant, facts: Mapping[str, Any]) -> bool:
    """Set what differs; whether anything did. The caller raises the version (`touch`) and logs prices."""
    different = {name: value for name, value in facts.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


async def touch(db: AsyncSession, product_ids: Sequence[int]) -> None:
    """These products look different now, on cards and in lists. Within a transaction; rows in id order."""
    await db.flush()  # what is changed but not written yet
    for product_id in sorted(set(product_ids)):
        await db.execute(
            update(Product)
            .where(Product.id == product_id)
            .values(version=Product.version + 1, updated_at=clock.now())
            .execution_options(synchronize_session=False)
        )
    await index.refresh(db, product_ids)
    await page_drops.drop(db, "products", *(f"p{product_id}" for product_id in set(product_ids)))


async def judge(
    db: AsyncSession, product_ids: Sequence[int], *, publish: Mapping[int, datetime] | None = None
) -> dict[int, list[Missing]]:
    """Ask the gate what these miss, by id, and keep its answer. Whoever changes what it looks at calls this.

    What misses something is taken off sale. publish: since when to sell those that are to be sold and miss nothing; it
    is no use for a producer who may not sell.
    Within a transaction.
    """
    answers, changed = await _settle(db, product_ids, publish or {})
    if changed:
        await touch(db, changed)
    return answers


async def _settle(
    db: AsyncSession, product_ids: Sequence[int], publish: Mapping[int, datetime]
) -> tuple[dict[int, list[Missing]], list[int]]:
    """(what each misses, ids of those that the answer changes)."""
    await db.flush()  # the gate reads rows
    today = clock.today(TIME_ZONE)
    answers: dict[int, list[Missing]] = {}
    changed: list[int] = []
    for start in range(0, len(product_ids), BATCH):
        batch = list(product_ids[start : start + BATCH])
        for id_, case in (await judging.cases(db, batch)).items():
            answers[id_] = case.missing(today)
            spoils = perishable.is_perishable(case.product.product_class, case.row.name, case.product.sheet)
            if bool(case.row.food.get("omnibus_perishable")) != spoils:  # what may be announced depends on it
                case.row.food = {**case.row.food, "omnibus_perishable": spoils}
                changed.append(id_)
            at, is_complete = publish.get(id_, case.row.published_at), not answers[id_]
            if id_ in publish and case.row.published_at is None and not case.may_be_sold:
                answers[id_].append(_no_account())
            if answers[id_]:
                at = None
            if change(case.row, {"is_complete": is_complete, "published_at": at}):
                changed.append(id_)
            if case.row.first_published_at is None or case.row.first_published_at > clock.now():
                case.row.first_published_at = at
    return answers, changed


def _no_account() -> Missing:
    """What is on sale already stays so, and cannot be ordered: it is there again with the account."""
    said = _("Prima serve il conto su cui ricevere i pagamenti: lo apre il titolare, in Incassi.")
    return Missing("", said, "published")


async def rated(db: AsyncSession, product_id: int, count: int, total: int) -> None:
    """How many published reviews a product has, and the sum of their stars. Within the deed's transaction."""
    await db.execute(
        update(Product)
        .where(Product.id == product_id)
        .values(rating_count=count, rating_sum=total)
        .execution_options(synchronize_session=False)
    )
    await touch(db, [product_id])


async def set_price(
    db: AsyncSession, variant_id: int, producer_id: int, price_minor: int, *, was: int, actor_id: int
) -> int | None:
    """A producer's new price; returns the one before, None if it has that price already. Within a transaction.

    A price set by hand ends what a campaign had made of it.

    was: the price that the person saw. Raises Refused if it has changed meanwhile, NotFound if it is another's variant.
    """
    variant = await _own_variant(db, variant_id, producer_id)
    before = variant.price_minor
    if before == price_minor:
        return None
    if before != was:
        raise Refused(_("Nel frattempo il prezzo è cambiato: ricontrolla."), "price")
    variant.price_minor = price_minor
    prices.log(db, variant, "changed", actor_id, clock.now())
    if price_minor < before:
        add_job(db, "engagement.price_changed", variant_id=variant.id)
    await touch(db, [variant.product_id])
    return before


async def set_published(db: AsyncSession, product_id: int, producer_id: int, published: bool) -> bool:
    """Put a product up for sale or take it off; whether that changed anything. Within a transaction.

    Raises Incomplete while something is missing, NotFound if it is another's product.
    """
    product = await db.scalar(
        select(Product)
        .where(Product.id == product_id, Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise NotFound
    if (product.published_at is not None) == published:
        return False
    if not published:
        product.published_at = None
        await touch(db, [product.id])
    elif missing := (await judge(db, [product.id], publish={product.id: clock.now()}))[product.id]:
        raise Incomplete(missing)
    else:
        add_job(db, "engagement.released", product_id=product.id)
    return True


async def _own_variant(db: AsyncSession, variant_id: int, producer_id: int) -> Variant:
    variant = await db.scalar(
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == variant_id, Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .with_for_update(of=Variant, key_share=True)
        .execution_options(populate_existing=True)
    )
    if variant is None:
        raise NotFound
    return variant
