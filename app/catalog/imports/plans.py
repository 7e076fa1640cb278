"""What is to be done with one row: the same answer for the trial and for the import itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.imports import facts
from app.catalog.imports.report import Report
from app.catalog.imports.rows import Row
from app.catalog.imports.shelves import Shelves, sources
from app.catalog.models import Product, Variant


@dataclass(frozen=True)
class Plan:
    """product, variant: columns to set; of a new one all of them. publish: None leaves it as it is.

    images: of the shop, to be put into the gallery. wanted: (source, what it shows) of pictures to be fetched.
    """

    row: Row
    there: tuple[Variant, Product] | None
    product: Mapping[str, Any]
    variant: Mapping[str, Any]
    publish: bool | None
    is_restored: bool
    images: Sequence[int]
    wanted: Sequence[tuple[str, str]]
    is_other_stock: bool
    unknown_pictures: int

    @property
    def is_change(self) -> bool:
        return bool(
            self.product or self.variant or self.publish is not None or self.is_restored or self.images or self.wanted
        )

    def count(self, report: Report) -> None:
        if self.there is None:
            report.created += 1
        else:
            report.changed += self.is_change
            report.same += not self.is_change
        report.restored += self.is_restored
        report.kept_stock += self.is_other_stock
        report.pictures += len(self.wanted)
        report.unknown_pictures += self.unknown_pictures
        report.pieces += self.there is None and not self.row.is_ours and self.row.net_unit == "piece"


def of(row: Row, shelves: Shelves, seen: set[int]) -> Plan:
    """seen: products that an earlier row has changed already; what they agree on is not counted again."""
    wanted, images, unknown = sources(row, shelves)
    if row.sku not in shelves.variants:
        owner = shelves.owners.get(row.slug)
        there = shelves.fetched.get(owner[0], frozenset()) if owner else frozenset()
        return Plan(
            row, None, facts.of_product(row, shelves), facts.of_variant(row), row.is_published, False,
            images[1:], _fresh(wanted, there), False, unknown,
        )  # fmt: skip
    variant, product, item = shelves.variants[row.sku]
    is_first = product.id not in seen
    seen.add(product.id)
    shown = shelves.shown.get(product.id, frozenset()) | {product.image_id} | set(images[:1])
    return Plan(
        row=row,
        there=(variant, product),
        product=facts.differences(product, facts.of_product(row, shelves, product)) if is_first else {},
        variant=facts.differences(variant, facts.of_variant(row, variant)),
        publish=_publication(row, product) if is_first else None,
        is_restored=is_first and product.deleted_at is not None,
        images=[image for image in images if image not in shown] if is_first else [],
        wanted=_fresh(wanted, shelves.fetched.get(product.id, frozenset())),
        is_other_stock=row.is_ours and "stock" in row.given and item.on_hand != row.stock,
        unknown_pictures=unknown,
    )


def _fresh(wanted: Sequence[tuple[str, str]], there: frozenset[str]) -> list[tuple[str, str]]:
    return [(source, alt) for source, alt in wanted if source not in there]


def _publication(row: Row, product: Product) -> bool | None:
    """What the file wants to change about being on sale; what is not complete cannot be sold anyway."""
    if not row.is_ours or "published" not in row.given or row.is_published == (product.published_at is not None):
        return None
    return row.is_published if not row.is_published or product.is_complete else None
