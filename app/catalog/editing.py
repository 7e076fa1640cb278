"""Making, changing and dropping products at the desk. Each deed is in the audit trail, and the gate judges after it.

owner: the producer whose products may be changed, None for staff. Within a transaction, all of them.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import packs, products, slugs, tagging
from app.catalog.facts import Missing
from app.catalog.models import Category, Product, Variant
from app.catalog.products import Draft
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.producers.models import Producer
from app.system import audit

MOST_VARIANTS = 30
# What each section of the editor writes; what else a product has is not its business.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "testi": ("name", "description"),
    "vendita": (
        *("category_id", "product_class", "designation", "certifications", "tag_mask"),
        *("season_mask", "is_featured", "deposit_percent", "making_days"),
    ),
    "etichetta": ("food", "safety"),
    "confezione": ("packaging",),
    "ricerca": ("seo",),
    "prove": ("proofs",),
}
_ELSEWHERE = frozenset({"designation_name", "omnibus_perishable"})  # of food, and not written by its section
Make = Callable[[Product], Mapping[str, Any]]
_COPIED = (
    *("producer_id", "category_id", "image_id", "description", "designation", "food", "safety", "product_class"),
    *("packaging", "certifications", "tag_mask", "season_mask", "deposit_percent", "making_days"),
)
_COPIED_OF_VARIANT = (
    *("format", "net_amount", "net_unit", "drained_amount", "weight_g", "price_minor", "vat_rate"),
    *("kg_price_minor", "weight_tolerance"),
)


class Changed(Refused):
    """Somebody else has saved the same section meanwhile; what was typed is kept."""

    def __init__(self) -> None:
        super().__init__(_("Nel frattempo questa parte l’ha cambiata qualcun altro: controlla e salva di nuovo."))


@dataclass(frozen=True)
class Saved:
    """stopped: it was on sale and is not any more. missing: what the gate wants still."""

    stopped: bool
    missing: Sequence[Missing]


def digest(product: Product, section: str) -> str:
    """Which state of a section a form was made from: stock and prices may move meanwhile, its columns may not."""
    kept = {column: getattr(product, column) for column in COLUMNS[section]}
    if section == "etichetta":
        kept["food"] = {key: value for key, value in product.food.items() if key not in _ELSEWHERE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()[:16]


async def own(db: AsyncSession, product_id: int, owner: int | None) -> Product:
    """A product that may be edited, locked. Raises NotFound for another's, or one that was thrown away."""
    mine = [] if owner is None else [Product.producer_id == owner]
    found: Product | None = await db.scalar(
        select(Product)
        .where(Product.id == product_id, Product.deleted_at.is_(None), *mine)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def seen(db: AsyncSession, product_id: int, owner: int | None) -> None:
    """Raises NotFound for a product that may not be edited."""
    mine = [] if owner is None else [Product.producer_id == owner]
    there = select(Product.id).where(Product.id == product_id, Product.deleted_at.is_(None), *mine)
    if await db.scalar(there) is None:
        raise NotFound


async def start(db: AsyncSession, person: Person, producer_id: int, name: str, category_id: int) -> Product:
    """A new product, not on sale. Raises Refused for a department that is not there."""
    if await db.scalar(select(Category.id).where(Category.id == category_id)) is None:
        raise Refused(_("Scegli una delle voci proposte"), "category_id")
    now = clock.now()
    product = Product(
        slug=await slugs.free(db, Product.slug, name, "prodotto", 100),
        producer_id=producer_id,
        category_id=category_id,
        name={"it": name},
        sort_name=products.sort_name({"it": name}),
        description={},
        food={"allergens": [], "ship_temp": "ambiente"},
        search_text="",
        created_at=now,
        updated_at=now,
    )
    db.add(product)
    await db.flush()  # the audit trail names its id
    product.search_text = await search_text(db, product)
    await products.judge(db, [product.id])
    await products.touch(db, [product.id])
    audit.by(db, person, "product.create", ("product", product.id), {}, {"product": name})
    return product


async def search_text(db: AsyncSession, product: Product) -> str:
    """What search finds a product by, its producer and department included."""
    maker = await db.get_one(Producer, product.producer_id)
    category = await db.get_one(Category, product.category_id)
    return products.search_text(product.name, maker.name, maker.city, category.name, product.designation)


async def save(
    db: AsyncSession, person: Person, product_id: int, owner: int | None, *, section: str, was: str, make: Make
) -> Saved:
    """Write a section. was: the digest that the form was made from; Changed is raised if it is not so any more.

    make: the new values of columns, from the product as it is.
    """
    product = await own(db, product_id, owner)
    if was != digest(product, section):
        raise Changed
    facts = make(product)
    before = {column: getattr(product, column) for column in facts}
    was_sold = product.published_at is not None
    if products.change(product, facts):
        product.sort_name = products.sort_name(product.name)
        product.search_text = await search_text(db, product)
        await products.touch(db, [product.id])
        changed = [key for key in before if before[key] != getattr(product, key)]
        after = {key: getattr(product, key) for key in changed}
        told = await _tagged(db, _named(before, changed)), await _tagged(db, _named(after))
        audit.by(db, person, f"product.{section}", ("product", product.id), *told)
    missing = (await products.judge(db, [product.id]))[product.id]
    return Saved(was_sold and bool(missing), missing)


def _named(values: Mapping[str, Any], keys: Sequence[str] = ()) -> dict[str, Any]:
    """For the audit trail, which would take a product's name for a person's."""
    return {("product" if key == "name" else key): values[key] for key in keys or values}


async def _tagged(db: AsyncSession, values: dict[str, Any]) -> dict[str, Any]:
    """With tags by their names, for whoever reads the trail."""
    if "tag_mask" in values:
        found = tagging.of(values.pop("tag_mask"), await tagging.kept(db))
        values["tags"] = [tag.name["it"] for tag in found]
    return values


async def publish(
    db: AsyncSession,
    person: Person,
    product_id: int,
    owner: int | None,
    at: datetime | None,
    *,
    announced: bool = False,
) -> bool:
    """On sale since `at`, which may be to come; None: off sale. Whether that changed anything. Raises Incomplete.

    announced: what is to come is shown before, so that people can wait for it (coming.py).
    """
    product = await own(db, product_id, owner)
    before, was_announced = product.published_at, product.is_announced
    now = clock.now()
    if before is not None and at is not None and before <= now and at <= now:
        return False
    product.is_announced = announced and at is not None and at > now
    if before == at and product.is_announced == was_announced:
        return False
    if at is None:
        product.published_at = None
        await products.touch(db, [product.id])
    elif missing := (await products.judge(db, [product.id], publish={product.id: at}))[product.id]:
        raise products.Incomplete(missing)
    else:
        if before == at:  # the day is the same, only the announcement is not
            await products.touch(db, [product.id])
        add_job(db, "engagement.released", run_at=max(at, now), product_id=product.id)
    was, becomes = (before, was_announced), (at, product.is_announced)
    audit.by(db, person, "product.published", ("product", product.id), _sold(*was), _sold(*becomes))
    return True


def _sold(at: datetime | None, announced: bool) -> dict[str, Any]:
    return {"at": _iso(at), "announced": announced}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


async def throw_away(db: AsyncSession, person: Person, product_id: int, owner: int | None) -> None:
    """Off sale and out of sight; `restore` brings it back. Orders and reviews keep what they know of it."""
    product = await own(db, product_id, owner)
    product.published_at, product.deleted_at = None, clock.now()
    await products.touch(db, [product.id])
    audit.by(db, person, "product.delete", ("product", product.id), {"product": product.name}, {})


async def restore(db: AsyncSession, person: Person, product_id: int, owner: int | None) -> None:
    """Back at the desk, not on sale. Doing it twice is harmless. Raises NotFound for another's."""
    mine = [] if owner is None else [Product.producer_id == owner]
    product = await db.scalar(select(Product).where(Product.id == product_id, *mine).with_for_update(key_share=True))
    if product is None:
        raise NotFound
    if product.deleted_at is None:
        return
    product.deleted_at = None
    await products.touch(db, [product.id])
    await products.judge(db, [product.id])
    audit.by(db, person, "product.restore", ("product", product.id), {}, {"product": product.name})


async def copy(db: AsyncSession, person: Person, product_id: int, owner: int | None) -> int:
    """The same again under another name, with its formats and without stock, not on sale. Returns its id."""
    source = await own(db, product_id, owner)
    variants = list(
        await db.scalars(
            select(Variant)
            .where(Variant.product_id == source.id, Variant.retired_at.is_(None))
            .order_by(Variant.position, Variant.id)
        )
    )  # fmt: skip
    product = await start(db, person, source.producer_id, _("%(name)s (copia)", name=source.name["it"])[:120],
                          source.category_id)  # fmt: skip
    products.change(product, {column: getattr(source, column) for column in _COPIED})
    others = {locale: text for locale, text in source.name.items() if locale != "it"}
    product.name = {**others, **product.name}
    product.search_text = await search_text(db, product)
    await db.flush()  # what is made next reads it
    drafts = [
        Draft(
            {"slug": product.slug},
            {
                **{column: getattr(variant, column) for column in _COPIED_OF_VARIANT},
                "sku": await free_sku(db, product.id, number),
            },
            0,
        )
        for number, variant in enumerate(variants, start=1)
    ]
    if drafts:
        await products.create(db, drafts, known={product.slug: product.id}, actor_id=person.id)
    await products.judge(db, [product.id])
    await products.touch(db, [product.id])
    return product.id


async def free_sku(db: AsyncSession, product_id: int, number: int) -> str:
    """A code that no variant has."""
    while True:
        sku = f"P{product_id}-{number}"
        if await db.scalar(select(Variant.id).where(Variant.sku == sku)) is None:
            return sku
        number += 1


async def add_variant(
    db: AsyncSession, person: Person, product_id: int, owner: int | None, facts: Mapping[str, Any], stock: int
) -> Saved:
    """A further format with its first stock. Raises Refused when there are too many."""
    product = await own(db, product_id, owner)
    _no_weight_with_deposit(product, facts)
    there = list(await db.scalars(select(Variant.id).where(Variant.product_id == product.id)))
    if len(there) >= MOST_VARIANTS:
        raise Refused(_("Un prodotto può avere al massimo %(most)s formati.", most=MOST_VARIANTS), "format_it")
    sku = await free_sku(db, product.id, len(there) + 1)
    draft = Draft({"slug": product.slug}, {**facts, "sku": sku}, stock)
    await products.create(db, [draft], known={product.slug: product.id}, actor_id=person.id)
    await products.touch(db, [product.id])
    audit.by(db, person, "variant.create", ("product", product.id), {}, {**facts, "sku": sku, "stock": stock})
    return Saved(stopped=False, missing=(await products.judge(db, [product.id]))[product.id])


async def save_variant(
    db: AsyncSession,
    person: Person,
    product_id: int,
    owner: int | None,
    variant_id: int,
    *,
    facts: Mapping[str, Any],
    was_minor: int,
) -> Saved:
    """Change a format; its price goes through the price log. Raises Refused if the price has changed meanwhile."""
    product = await own(db, product_id, owner)
    _no_weight_with_deposit(product, facts)
    variant = await db.scalar(
        select(Variant)
        .where(Variant.id == variant_id, Variant.product_id == product.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if variant is None:
        raise NotFound
    was_sold = product.published_at is not None
    others = {key: value for key, value in facts.items() if key != "price_minor"}
    before, was = {key: getattr(variant, key) for key in facts}, packs.pack(variant)
    await products.set_price(
        db, variant.id, product.producer_id, facts["price_minor"], was=was_minor, actor_id=person.id
    )  # fmt: skip
    is_other = products.change(variant, others)
    packs.keep(variant, was)
    if is_other:
        await products.touch(db, [product.id])
    changed = [key for key in facts if before[key] != getattr(variant, key)]
    if changed:
        after = {key: getattr(variant, key) for key in changed}
        audit.by(db, person, "variant.change", ("variant", variant.id), {key: before[key] for key in changed}, after)
    missing = (await products.judge(db, [product.id]))[product.id]
    return Saved(was_sold and bool(missing), missing)


def _no_weight_with_deposit(product: Product, facts: Mapping[str, Any]) -> None:
    """A deposit is a part of a price that is known."""
    if product.deposit_percent is not None and facts.get("weight_tolerance") is not None:
        raise Refused(
            _("Questo prodotto si ordina con un acconto: per venderlo a peso, prima togli l’acconto."), "by_weight"
        )
