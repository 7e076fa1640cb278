"""What the shop has, as far as some rows refer to it, and what rows would make of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import tagging
from app.catalog.imports.models import ImportPicture
from app.catalog.imports.rows import Row, RowError
from app.catalog.models import Category, Image, Product, ProductImage, StockItem, Variant
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.producers.vat import modes

ITALIAN_RATES = frozenset({"0", "4", "5", "10", "22"})
_HASH = 17  # of a picture's key: a hyphen and 16 digits


@dataclass(frozen=True)
class Shelves:
    """tags: slug → bit. pictures: key or file stem → image id. owners: slug → product id, producer id. shown: product
    id → images in its gallery. fetched: product id → sources of pictures that were taken or are waited for. files: of
    the ZIP, name → source; by name, by stem and in lower case.
    """

    producers: Mapping[str, Producer]
    categories: Mapping[str, Category]
    tags: Mapping[str, int]
    pictures: Mapping[str, int]
    variants: Mapping[str, tuple[Variant, Product, StockItem]]
    owners: Mapping[str, tuple[int, int]]
    shown: Mapping[int, frozenset[int]]
    fetched: Mapping[int, frozenset[str]]
    files: Mapping[str, str]

    @classmethod
    async def of(
        cls, db: AsyncSession, rows: Sequence[Row], files: Mapping[str, str] | None = None, *, lock: bool = False
    ) -> "Shelves":
        """A handful of statements, whatever the number of rows. lock: they are going to be changed."""
        makers = {row.slug: row for row in await db.scalars(select(Producer))}
        goods = (
            select(Variant, Product, StockItem)
            .join(Product, Product.id == Variant.product_id)
            .join(StockItem, StockItem.id == Variant.stock_item_id)
            .where(Variant.sku.in_([row.sku for row in rows]))
            .order_by(Variant.id)
            .execution_options(populate_existing=True)
        )
        found = (
            await db.execute(goods.with_for_update(of=(Variant, Product), key_share=True) if lock else goods)
        ).all()
        slugs = {row.slug for row in rows} | {elsewhere(row) for row in rows if not row.is_ours}
        owners = await db.execute(select(Product.slug, Product.id, Product.producer_id).where(Product.slug.in_(slugs)))
        taken = {slug: (product_id, maker_id) for slug, product_id, maker_id in owners}
        ids = {product.id for _variant, product, _item in found} | {product_id for product_id, _ in taken.values()}
        return cls(
            producers=makers,
            categories={row.slug: row for row in await db.scalars(select(Category))},
            tags={tag.slug: tag.bit for tag in await tagging.kept(db)},
            pictures=await _pictures(db, rows),
            variants={variant.sku: (variant, product, item) for variant, product, item in found},
            owners=taken,
            shown=await _shown(db, ids),
            fetched=await _fetched(db, ids),
            files=files or {},
        )


async def _pictures(db: AsyncSession, rows: Iterable[Row]) -> dict[str, int]:
    named = {each.source for row in rows for each in row.pictures if not _is_address(each.source)}
    if not named:
        return {}
    stem = func.substr(Image.key, 1, func.length(Image.key) - _HASH)
    found = list(
        await db.execute(
            select(Image.key, Image.id).where(Image.key.in_(named) | stem.in_(named)).order_by(Image.id)
        )
    )  # fmt: skip
    return {key[:-_HASH]: image_id for key, image_id in found} | dict(found)


async def _shown(db: AsyncSession, product_ids: set[int]) -> Mapping[int, frozenset[int]]:
    rows = await db.execute(
        select(ProductImage.product_id, ProductImage.image_id).where(
            ProductImage.product_id.in_(product_ids), ProductImage.removed_at.is_(None)
        )
    )
    found: dict[int, set[int]] = defaultdict(set)
    for product_id, image_id in rows:
        found[product_id].add(image_id)
    return {product_id: frozenset(images) for product_id, images in found.items()}


async def _fetched(db: AsyncSession, product_ids: set[int]) -> Mapping[int, frozenset[str]]:
    rows = await db.execute(
        select(ImportPicture.product_id, ImportPicture.source).where(
            ImportPicture.product_id.in_(product_ids), ImportPicture.state != "failed"
        )
    )
    found: dict[int, set[str]] = defaultdict(set)
    for product_id, source in rows:
        found[product_id].add(source)
    return {product_id: frozenset(sources) for product_id, sources in found.items()}


def _is_address(source: str) -> bool:
    return source.lower().startswith("https://")


def elsewhere(row: Row) -> str:
    """The address of goods of another shop, where their own is taken by another producer's."""
    return f"{row.slug[: 119 - len(row.producer)]}-{row.producer}"


def placed(rows: Sequence[Row], shelves: Shelves) -> list[Row]:
    """Rows of other shops with the addresses that their products have here, or may have."""
    known = {row.slug: shelves.variants[row.sku][1].slug for row in rows if row.sku in shelves.variants}
    settled = []
    for row in rows:
        slug = row.slug
        if not row.is_ours:
            owner, maker = shelves.owners.get(slug), shelves.producers.get(row.producer)
            is_taken = owner is not None and maker is not None and owner[1] != maker.id
            slug = known.get(slug) or (elsewhere(row) if is_taken else slug)
        settled.append(row if slug == row.slug else replace(row, slug=slug))
    return settled


def unfeatured(rows: Sequence[Row], shelves: Shelves) -> tuple[list[Row], int]:
    """Rows of a producer's own file, and how many of them ask for it: what is featured is the shop's to choose."""
    asked = 0
    for row in rows:
        there = shelves.variants.get(row.sku)
        is_featured = there is not None and there[1].is_featured
        is_other = there is not None or row.slug not in shelves.owners
        asked += "featured" in row.given and is_other and row.is_featured != is_featured
    return [replace(row, is_featured=False, given=row.given - {"featured"}) for row in rows], asked


def judge(
    rows: Sequence[Row], shelves: Shelves, *, country: str, owner: int | None = None, is_net: bool = False
) -> list[RowError]:
    """What only the shop can tell: unknown names, places outside a protected origin (law.md L16), taken addresses.

    owner: the producer whose goods these must be, None for any.
    """
    weighed = [row.wrong("by_weight", modes.no_weights()) for row in rows if is_net and row.by_weight]
    return weighed + [error for row in rows for error in _faults(row, shelves, country, owner)]


def _faults(row: Row, shelves: Shelves, country: str, owner: int | None) -> list[RowError]:
    errors = []
    maker = shelves.producers.get(row.producer)
    there = shelves.variants.get(row.sku)
    if maker is None:
        errors.append(row.wrong("producer", _("Il negozio non ha questo produttore.")))
    elif owner is not None and maker.id != owner:
        errors.append(row.wrong("producer", _("Puoi importare solo i prodotti del tuo banco.")))
    elif row.designation and row.food["provinces"] and maker.province not in row.food["provinces"]:
        said = _("%(name)s è in provincia di %(province)s: fuori dalla zona di questa denominazione.",
                 name=maker.name, province=maker.province)  # fmt: skip
        errors.append(row.wrong("designation", said))
    if (there is not None and owner is not None and there[1].producer_id != owner) or (
        there is not None and not row.is_ours and maker is not None and there[1].producer_id != maker.id
    ):
        errors.append(row.wrong("sku", _("Questo codice è già di un altro produttore.")))
    elif _is_taken(row, shelves, maker):
        errors.append(row.wrong("slug", _("Questo indirizzo è già di un altro prodotto.")))
    if row.category not in shelves.categories:
        errors.append(row.wrong("category", _("Il negozio non ha questo reparto.")))
    if unknown := [slug for slug in row.tags if slug not in shelves.tags]:
        said = _("Il negozio non ha questa etichetta: %(name)s.", name=", ".join(unknown))
        errors.append(row.wrong("tags", said))
    if country == "IT" and row.vat_rate not in ITALIAN_RATES:
        errors.append(row.wrong("vat_rate", _("In Italia l’IVA è 0, 4, 5, 10 o 22 per cento.")))
    if (terms := row.by_weight) and terms.estimate_minor != row.price_minor and not _is_price_of(row, there):
        locale = current_locale()
        said = _("A %(kg)s al chilo un pezzo di %(weight)s costa circa %(price)s: scrivilo, o lascia vuota la cella.",
                 kg=formats.money(terms.kg_price_minor, "EUR", locale),
                 weight=formats.quantity(terms.estimated_g, "g", locale),
                 price=formats.money(terms.estimate_minor, "EUR", locale))  # fmt: skip
        errors.append(row.wrong("price_eur", said))
    return errors


def _is_price_of(row: Row, there: tuple[Variant, Product, StockItem] | None) -> bool:
    """It is the price that the variant has: made by a campaign, or to follow the one of a kilogram (facts.py)."""
    return there is not None and row.price_minor == there[0].price_minor


def _is_taken(row: Row, shelves: Shelves, maker: Producer | None) -> bool:
    """Is the slug another product's? A new SKU may join a product of its own producer."""
    owner = shelves.owners.get(row.slug)
    if owner is None:
        return False
    mine = shelves.variants.get(row.sku)
    return mine[1].id != owner[0] if mine else maker is not None and maker.id != owner[1]


def sources(row: Row, shelves: Shelves) -> tuple[list[tuple[str, str]], list[int], int]:
    """(what is to be fetched, with what it shows; images that the shop has; how many are found nowhere)."""
    wanted: list[tuple[str, str]] = []
    there: list[int] = []
    unknown = 0
    for each in row.pictures:
        if _is_address(each.source):
            wanted.append((each.source, each.alt))
        elif file := shelves.files.get(each.source.casefold()):
            wanted.append((file, each.alt))
        elif each.source in shelves.pictures:
            there.append(shelves.pictures[each.source])
        else:
            unknown += 1
    if not row.pictures and shelves.files:
        stem = row.sku.casefold()
        numbered = (f"{stem}{mark}{number}" for mark in "-_" for number in range(1, 10))
        found = [shelves.files[name] for name in (stem, *numbered) if name in shelves.files]
        wanted = [(file, "") for file in dict.fromkeys(found)]
    return wanted, there, unknown


def texts(row: Row, stem: str, new: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    """The file's texts, and those in languages for which it has no column."""
    kept = {locale: text for locale, text in old.items() if f"{stem}_{locale}" not in row.given}
    return {**kept, **new}
