"""Write well-judged rows, with the verbs that a hand edit uses: prices are logged, first stock is counted, the gate
judges, versions are raised, and the audit trail tells each change. Within a transaction, all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editing, gallery, packs, prices, products
from app.catalog.imports import facts, plans
from app.catalog.imports.models import ImportPicture, ImportRow
from app.catalog.imports.plans import Plan
from app.catalog.imports.report import Report
from app.catalog.imports.rows import Row
from app.catalog.imports.shelves import Shelves
from app.catalog.models import Image, Product, Variant
from app.kernel import clock
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit

COMMAND = Person(id=0, name="", email="", role="command", locale="it", session_id=0)


@dataclass
class _Deed:
    """Everything while some rows are written. batch_id: None where nothing is to be undone (the demonstration).

    notes: the first row that changed a product, by its id.
    """

    db: AsyncSession
    person: Person
    batch_id: int | None
    report: Report = field(default_factory=Report)
    touched: set[int] = field(default_factory=set)
    publish: dict[int, datetime] = field(default_factory=dict)
    notes: dict[int, ImportRow] = field(default_factory=dict)

    @property
    def actor_id(self) -> int | None:
        return self.person.id or None

    def note(self, plan: Plan, before: Mapping[str, Any], after: Mapping[str, Any], ids: tuple[int, int]) -> None:
        """Keep what there was, for undoing and for the audit trail. ids: of the product and the variant."""
        if self.batch_id is None:
            return
        kind = "new" if plan.there is None else "changed"
        row = ImportRow(
            batch_id=self.batch_id, line=plan.row.line, sku=plan.row.sku, kind=kind, product_id=ids[0],
            variant_id=ids[1], before=dict(before), after=dict(after),
        )  # fmt: skip
        self.db.add(row)
        self.notes.setdefault(ids[0], row)
        audit.record(
            self.db,
            action="product.create" if kind == "new" else "product.import",
            entity="product",
            entity_id=ids[0],
            actor_id=self.actor_id,
            actor_role=self.person.role,
            before=flat(before),
            after=flat(after) | {"sku": plan.row.sku},
        )


def flat(image: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit trail, which would take a product's name for a person's."""
    told: dict[str, Any] = {}
    for part, values in image.items():
        if isinstance(values, Mapping):
            told |= {("product" if name == "name" else name): value for name, value in values.items()}
        else:
            told[part] = values
    return told


async def apply(
    db: AsyncSession,
    rows: Sequence[Row],
    shelves: Shelves,
    *,
    person: Person = COMMAND,
    batch_id: int | None = None,
    seen: set[int] | None = None,
) -> Report:
    """Write rows that were judged with these shelves. New products are sold if the file says so and nothing is missing.

    seen: products that earlier rows of the file have changed.
    """
    deed = _Deed(db, person, batch_id)
    seen = set() if seen is None else seen
    fresh: list[Plan] = []
    for row in rows:
        plan = plans.of(row, shelves, seen)
        plan.count(deed.report)
        if plan.there is None:
            fresh.append(plan)
        elif plan.is_change:
            await _amend(deed, plan, shelves)
    await _create(deed, fresh, shelves)
    await db.flush()  # `judge` and `touch` go past the loaded rows
    await products.judge(db, sorted(deed.touched), publish=deed.publish)
    await products.touch(db, sorted(deed.touched))
    await _note_stopped(deed)
    return deed.report


async def _note_stopped(deed: _Deed) -> None:
    """What was on sale before and is not any more, because the file or the gate says so."""
    before = [id_ for id_, row in deed.notes.items() if row.before.get("published_at")]
    if not before:
        return
    sold = select(Product.id).where(Product.id.in_(before), Product.published_at.is_not(None))
    for product_id in set(before) - set(await deed.db.scalars(sold)):
        row = deed.notes[product_id]
        row.after = {**row.after, "published": False}


async def _amend(deed: _Deed, plan: Plan, shelves: Shelves) -> None:
    """Change what differs in a variant that is there, and in its product."""
    assert plan.there is not None  # noqa: S101  (the caller looked)
    variant, product = plan.there
    db, now = deed.db, clock.now()
    before = {
        "product": {name: getattr(product, name) for name in plan.product},
        "variant": {name: getattr(variant, name) for name in plan.variant},
        "published_at": _iso(product.published_at),
        "was_deleted": plan.is_restored,
    }
    if plan.is_restored:
        await editing.restore(db, deed.person, product.id, None)
    price, was = variant.price_minor, packs.pack(variant)
    if products.change(product, plan.product):
        merged = {"name": product.name, "producer_id": product.producer_id, "category_id": product.category_id}
        products.change(product, facts.derived(shelves, merged, product))
    products.change(variant, plan.variant)
    packs.keep(variant, was)
    if variant.price_minor != price:
        prices.log(db, variant, "import", deed.actor_id, now)
    if variant.price_minor < price:
        add_job(db, "engagement.price_changed", variant_id=variant.id)
    if plan.publish is False:
        product.published_at = None
    elif plan.publish:
        deed.publish[product.id] = now
    after: dict[str, Any] = {"product": dict(plan.product), "variant": dict(plan.variant)}
    if plan.publish is not None:
        after["published"] = plan.publish
    if plan.product or plan.variant or plan.publish is not None or plan.is_restored or plan.images:
        deed.note(plan, before, after, (product.id, variant.id))
        deed.touched.add(product.id)
    await _pictures(deed, plan, product.id)


async def _create(deed: _Deed, fresh: Sequence[Plan], shelves: Shelves) -> None:
    if not fresh:
        return
    there = {plan.row.slug: shelves.owners[plan.row.slug][0] for plan in fresh if plan.row.slug in shelves.owners}
    now = clock.now()
    drafts = []
    for plan in fresh:
        is_sold = plan.row.is_published and plan.row.slug not in there
        column = facts.derived(shelves, plan.product) | {"published_at": now if is_sold else None}
        drafts.append(products.Draft({**plan.product, **column}, plan.variant, plan.row.stock, plan.row.low_at))
    made = await products.create(deed.db, drafts, known=there, actor_id=deed.actor_id)
    ids = {variant.product_id for variant in made}
    deed.touched |= set(there.values())
    sold = set(await deed.db.scalars(select(Product.id).where(Product.id.in_(ids), Product.published_at.is_not(None))))
    first: set[int] = set()
    for plan, variant in zip(fresh, made, strict=True):
        is_first = variant.product_id not in first and plan.row.slug not in there
        first.add(variant.product_id)
        _note_new(deed, plan, variant, is_first=is_first)
        deed.report.unpublished += is_first and plan.row.is_published and variant.product_id not in sold
        await _pictures(deed, plan, variant.product_id)


def _note_new(deed: _Deed, plan: Plan, variant: Variant, *, is_first: bool) -> None:
    after = {"variant": dict(plan.variant), "stock": plan.row.stock}
    if is_first:
        after["product"] = dict(plan.product)
    deed.note(plan, {}, after, (variant.product_id, variant.id))


async def _pictures(deed: _Deed, plan: Plan, product_id: int) -> None:
    """Show the shop's own that are named, and note those that a job is to fetch."""
    if plan.images:
        found = await deed.db.scalars(select(Image).where(Image.id.in_(plan.images)))
        by_id = {image.id: image for image in found}
        pictures = [by_id[image_id] for image_id in dict.fromkeys(plan.images) if image_id in by_id]
        await gallery.add(deed.db, deed.person, product_id, pictures, None)
    if not plan.wanted or deed.batch_id is None:
        return
    wanted = dict(plan.wanted)
    there = await deed.db.scalars(
        select(ImportPicture).where(ImportPicture.product_id == product_id, ImportPicture.source.in_(wanted))
    )
    for picture in there:  # failed before: once more
        if picture.state == "failed":
            picture.batch_id, picture.state, picture.sentence = deed.batch_id, "waiting", ""
            picture.line = plan.row.line
        wanted.pop(picture.source)
    for source, alt in wanted.items():
        deed.db.add(
            ImportPicture(
                batch_id=deed.batch_id, product_id=product_id, source=source, alt=alt[:200], line=plan.row.line
            )
        )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
