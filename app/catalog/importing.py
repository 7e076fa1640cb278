"""Load products from our own CSV into a shop: judge every line first, then write all of them or none.

Safe to repeat: a line is known by its SKU, and only what differs is changed. What is on the shelf is counted by people:
the stock of a product that is there already is never touched.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.csv_rows import MOST_BYTES, Row, RowError, read_rows
from app.catalog.models import Category, Image, Product, StockItem, Variant
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.producers.models import Producer
from app.settings import Settings
from app.shops.queries import shop_by_slug
from app.system import audit

ITALIAN_RATES = frozenset({"0", "4", "5", "10", "22"})


@dataclass
class Report:
    """What an import did, or would do. kept_stock: lines whose stock differs from the shelf, which was left alone."""

    created: int = 0
    changed: int = 0
    same: int = 0
    kept_stock: int = 0
    unpublished: int = 0
    errors: list[RowError] = field(default_factory=list)


@dataclass(frozen=True)
class Shelves:
    """What the shop has, as far as lines refer to it."""

    producers: Mapping[str, Producer]
    categories: Mapping[str, Category]
    pictures: Mapping[str, int]  # file stem → image id
    variants: Mapping[str, tuple[Variant, Product, StockItem]]  # by SKU
    owners: Mapping[str, tuple[int, int]]  # slug → product id, producer id

    @classmethod
    async def of(cls, db: AsyncSession) -> "Shelves":
        found = await db.execute(
            select(Variant, Product, StockItem)
            .join(Product, Product.id == Variant.product_id)
            .join(StockItem, StockItem.id == Variant.stock_item_id)
        )
        goods = await db.execute(select(Product.slug, Product.id, Product.producer_id))
        pictures = await db.execute(select(Image.key, Image.id).order_by(Image.id))
        return cls(
            producers={row.slug: row for row in await db.scalars(select(Producer))},
            categories={row.slug: row for row in await db.scalars(select(Category))},
            pictures={key.rpartition("-")[0]: image_id for key, image_id in pictures},
            variants={variant.sku: (variant, product, item) for variant, product, item in found},
            owners={slug: (product_id, maker_id) for slug, product_id, maker_id in goods},
        )


def judge(rows: Sequence[Row], shelves: Shelves, *, country: str) -> list[RowError]:
    """What only the shop can tell: unknown names, places outside a protected origin (law.md L16), taken addresses."""
    errors = []
    for row in rows:
        maker = shelves.producers.get(row.producer)
        if maker is None:
            errors.append(RowError(row.line, "producer", _("Il negozio non ha questo produttore.")))
        elif row.designation and row.food["provinces"] and maker.province not in row.food["provinces"]:
            said = _("%(name)s è in provincia di %(province)s: fuori dalla zona di questa denominazione.",
                     name=maker.name, province=maker.province)  # fmt: skip
            errors.append(RowError(row.line, "designation", said))
        if row.category not in shelves.categories:
            errors.append(RowError(row.line, "category", _("Il negozio non ha questo reparto.")))
        if country == "IT" and row.vat_rate not in ITALIAN_RATES:
            errors.append(RowError(row.line, "vat_rate", _("In Italia l’IVA è 0, 4, 5, 10 o 22 per cento.")))
        if _is_taken(row, shelves):
            errors.append(RowError(row.line, "slug", _("Questo indirizzo è già di un altro prodotto.")))
    return errors


def _is_taken(row: Row, shelves: Shelves) -> bool:
    """Is the slug another product's? A new SKU may join a product of its own producer."""
    owner = shelves.owners.get(row.slug)
    if owner is None:
        return False
    mine, maker = shelves.variants.get(row.sku), shelves.producers.get(row.producer)
    return mine[1].id != owner[0] if mine else maker is not None and maker.id != owner[1]


async def apply(db: AsyncSession, rows: Sequence[Row], shelves: Shelves, *, actor_id: int | None) -> Report:
    """Write well-judged rows. Within a transaction; new products are published if their food sheet is complete."""
    report = Report()
    fresh: list[products.Draft] = []
    touched: set[int] = set()
    now = clock.now()
    for row in rows:
        if row.sku in shelves.variants:
            if _amend(db, row, shelves, report, actor_id):
                touched.add(shelves.variants[row.sku][1].id)
            continue
        is_complete = not products.missing_particulars(row.food)
        report.created += 1
        report.unpublished += not is_complete
        facts = _product_facts(row, shelves) | {"published_at": now if is_complete else None}
        fresh.append(products.Draft(facts, _variant_facts(row), row.stock, row.low_at))
    slugs = {draft.product["slug"] for draft in fresh}
    there = {slug: owner[0] for slug, owner in shelves.owners.items() if slug in slugs}
    await products.create(db, fresh, known=there, actor_id=actor_id)
    await db.flush()  # `touch` goes past the loaded rows
    await products.touch(db, [*touched, *there.values()])
    return report


def _amend(db: AsyncSession, row: Row, shelves: Shelves, report: Report, actor_id: int | None) -> bool:
    """Change what differs in a variant that is there, and in its product; whether anything did."""
    variant, product, item = shelves.variants[row.sku]
    price = variant.price_minor
    goods, article = _product_facts(row, shelves, product), _variant_facts(row, variant)
    differs = any([products.change(product, goods), products.change(variant, article)])
    report.changed += differs
    report.same += not differs
    report.kept_stock += "stock" in row.given and item.on_hand != row.stock
    if variant.price_minor != price:
        products.log_price(db, variant, "import", actor_id, clock.now())
    return differs


def _product_facts(row: Row, shelves: Shelves, there: Product | None = None) -> dict[str, Any]:
    """Columns of the product. What the file has no column for stays as it is `there`."""
    maker, category = shelves.producers[row.producer], shelves.categories[row.category]
    name = _texts(row, "name", row.name, there.name if there else {})
    food = {key: value for key, value in row.food.items() if not there or _has_column(row, key)}
    for key in ("ingredients", "storage", "origin"):
        food[key] = _texts(row, key, row.food[key], there.food.get(key, {}) if there else {})
    facts: dict[str, Any] = {
        "slug": row.slug,
        "producer_id": maker.id,
        "category_id": category.id,
        "name": name,
        "sort_name": products.sort_name(name),
        "description": _texts(row, "description", row.description, there.description if there else {}),
        "food": {**_kept_food(row, there), **food},
        "search_text": products.search_text(
            name, maker.name, maker.city, category.name, row.designation or (there.designation if there else None)
        ),
    }
    optional = {"designation": row.designation, "season_months": row.season_mask, "featured": row.is_featured}
    columns = {"designation": "designation", "season_months": "season_mask", "featured": "is_featured"}
    facts |= {columns[name]: value for name, value in optional.items() if not there or name in row.given}
    if not there or row.image in shelves.pictures:
        facts["image_id"] = shelves.pictures.get(row.image)
    return facts


def _kept_food(row: Row, there: Product | None) -> dict[str, Any]:
    """What the food sheet says already and the file does not speak about."""
    return {key: value for key, value in there.food.items() if not _has_column(row, key)} if there else {}


def _has_column(row: Row, key: str) -> bool:
    return key in row.given or f"{key}_it" in row.given


def _texts(row: Row, stem: str, new: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    """The file's texts, and those in languages for which it has no column."""
    kept = {locale: text for locale, text in old.items() if f"{stem}_{locale}" not in row.given}
    return {**kept, **new}


def _variant_facts(row: Row, there: Variant | None = None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "sku": row.sku,
        "format": _texts(row, "format", row.format, there.format if there else {}),
        "net_amount": row.net_amount,
        "net_unit": row.net_unit,
        "weight_g": row.weight_g,
        "price_minor": row.price_minor,
        "vat_rate": row.vat_rate,
    }
    if not there or "drained_quantity" in row.given:
        facts["drained_amount"] = row.drained_amount
    return facts


async def load(db: AsyncSession, body: bytes, *, country: str, partial: bool, actor_id: int | None = None) -> Report:
    """Read, judge and write a file. Within a transaction, which the caller undoes after a dry run.

    With mistakes nothing is written, unless `partial`: then the good lines are.
    """
    rows, errors = read_rows(body)
    shelves = await Shelves.of(db)
    errors = sorted([*errors, *judge(rows, shelves, country=country)], key=lambda error: error.line)
    if errors and not partial:
        return Report(errors=errors)
    bad = {error.line for error in errors}
    report = await apply(db, [row for row in rows if row.line not in bad], shelves, actor_id=actor_id)
    report.errors = errors
    audit.record(
        db,
        action="products.import",
        entity="shop",
        entity_id=db.info["shop_id"],
        actor_id=actor_id,
        actor_role="command" if actor_id is None else "staff",
        after={"created": report.created, "changed": report.changed, "refused": len(errors)},
    )
    return report


class _DryRun(Exception):
    pass


async def run(settings: Settings, file: Path, shop_slug: str, *, dry_run: bool, partial: bool) -> int:
    """The command `tavola import`: prints what happened; 0 if all is well, 1 if anything was refused."""
    database = Database(settings.database_url)
    report = Report()
    try:
        async with database.session(None) as db:
            shop = await shop_by_slug(db, shop_slug)
        body = _read(file)
        if shop is None or body is None:
            _say(_("Il negozio non c’è.") if shop is None else _("Il file non si può leggere."))
            return 1
        if shop.currency != "EUR":
            _say(_("La colonna price_eur è in euro: questo negozio ha un’altra moneta."))
            return 1
        with contextlib.suppress(_DryRun):
            async with database.session(shop.id) as db, transaction(db):
                report = await load(db, body, country=shop.country, partial=partial)
                if dry_run:
                    raise _DryRun
    finally:
        await database.close()
    _say(*told(report, dry_run=dry_run, partial=partial))
    return 1 if report.errors else 0


def _read(file: Path) -> bytes | None:
    """The file's bytes; one too many where it is too large, so that a wrong file does not fill the memory."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError:
        return None


def _say(*lines: str) -> None:
    print(*lines, sep="\n")  # noqa: T201  (a command's answer)


def told(report: Report, *, dry_run: bool, partial: bool) -> list[str]:
    """The report in words."""
    lines = []
    for error in report.errors:
        where = f"{error.column}: " if error.column else ""
        lines.append(_("riga %(line)s", line=error.line) + f", {where}{error.sentence}")
    if report.errors and not partial:
        said = ngettext("%(num)s errore: non abbiamo scritto niente.", "%(num)s errori: non abbiamo scritto niente.",
                        len(report.errors))  # fmt: skip
        return [*lines, said]
    if dry_run:
        lines.append(_("Prova: non abbiamo scritto niente. Con questo file:"))
    lines.append(
        _(
            "%(created)s nuovi, %(changed)s cambiati, %(same)s già uguali, %(refused)s rifiutati.",
            created=report.created,
            changed=report.changed,
            same=report.same,
            refused=len({error.line for error in report.errors}),
        )
    )
    if report.kept_stock:
        lines.append(_("%(num)s giacenze diverse dal file: restano quelle contate a magazzino.", num=report.kept_stock))
    if report.unpublished:
        lines.append(_("%(num)s non ancora in vendita: manca qualcosa nella scheda.", num=report.unpublished))
    return lines
