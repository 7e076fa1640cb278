"""The gate's facts, read from the rows of products."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import designations, gate
from app.catalog.classes import PLAIN, class_of
from app.catalog.facts import CertificateFacts, Missing, ProductFacts, SellerFacts, VariantFacts
from app.catalog.models import Category, Image, NameApproval, Product, ProductImage, Variant
from app.producers import selling
from app.producers.models import Certificate, Producer


@dataclass(frozen=True)
class Case:
    """A product as the gate sees it, and its row."""

    row: Product
    product: ProductFacts
    variants: Sequence[VariantFacts]
    seller: SellerFacts
    approved: set[tuple[str, str]]
    may_be_sold: bool  # by its producer (producers/selling.py)

    def missing(self, on: date) -> list[Missing]:
        return gate.missing(self.product, self.variants, self.seller, on)


async def cases(db: AsyncSession, product_ids: Sequence[int]) -> dict[int, Case]:
    """The facts of these products, by id. Six statements."""
    found = (
        await db.execute(
            select(Product, Category.product_class, Producer, selling.may_sell())
            .join(Category, Category.id == Product.category_id)
            .join(Producer, Producer.id == Product.producer_id)
            .where(Product.id.in_(product_ids))
            .execution_options(populate_existing=True)
        )
    ).all()
    variants = await _variants(db, product_ids)
    approved, alts = await _approved(db, product_ids), await _alts(db, product_ids)
    makers = {maker.id: maker for _product, _class, maker, _may in found}
    certificates = await _certificates(db, list(makers))
    sellers = {id_: seller_facts(maker, certificates[id_]) for id_, maker in makers.items()}
    return {
        product.id: Case(
            product,
            product_facts(product, default, approved[product.id], alts[product.id]), variants[product.id],
            sellers[maker.id],
            approved[product.id],
            bool(may_sell),
        )
        for product, default, maker, may_sell in found
    }  # fmt: skip


async def _variants(db: AsyncSession, product_ids: Sequence[int]) -> Mapping[int, list[VariantFacts]]:
    rows = await db.execute(
        select(Variant.product_id, Variant.net_amount, Variant.net_unit, Variant.drained_amount)
        .where(Variant.product_id.in_(product_ids), Variant.retired_at.is_(None))
        .order_by(Variant.position, Variant.id)
    )
    found: dict[int, list[VariantFacts]] = defaultdict(list)
    for product_id, amount, unit, drained in rows:
        found[product_id].append(VariantFacts(amount, unit, drained))
    return found


async def _approved(db: AsyncSession, product_ids: Sequence[int]) -> Mapping[int, set[tuple[str, str]]]:
    """(name as approved, protected name in it) by product."""
    rows = await db.execute(
        select(NameApproval.product_id, NameApproval.name, NameApproval.designation).where(
            NameApproval.product_id.in_(product_ids), NameApproval.is_approved.is_(True)
        )
    )
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for product_id, name, designation in rows:
        found[product_id].add((name, designation))
    return found


async def _alts(db: AsyncSession, product_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """What the pictures that are shown are said to show, in every language, by product."""
    main = select(Product.id, Image.alt).join(Image, Image.id == Product.image_id).where(Product.id.in_(product_ids))
    more = (
        select(ProductImage.product_id, Image.alt)
        .join(Image, Image.id == ProductImage.image_id)
        .where(ProductImage.product_id.in_(product_ids), ProductImage.removed_at.is_(None))
    )
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for statement in (main, more):
        for product_id, alt in await db.execute(statement):
            found[product_id] |= dict.fromkeys(text for text in alt.values() if text)
    return defaultdict(list, {product_id: list(texts) for product_id, texts in found.items()})


async def _certificates(db: AsyncSession, producer_ids: Sequence[int]) -> Mapping[int, list[CertificateFacts]]:
    rows = await db.execute(
        select(
            Certificate.producer_id, Certificate.designation, Certificate.mark, Certificate.valid_until
        ).where(Certificate.producer_id.in_(producer_ids))
    )  # fmt: skip
    found: dict[int, list[CertificateFacts]] = defaultdict(list)
    for producer_id, designation, mark, valid_until in rows:
        found[producer_id].append(CertificateFacts(designation, mark, valid_until))
    return found


def seller_facts(maker: Producer, certificates: Sequence[CertificateFacts]) -> SellerFacts:
    legal: Mapping[str, Any] = maker.legal
    place = f"{maker.street}, {maker.postal_code} {maker.city}" if maker.street and maker.city else ""
    return SellerFacts(
        company=str(legal.get("company") or maker.name),
        address=place,
        email=maker.email,
        approval_mark=str(legal.get("health_mark") or ""),
        is_small=legal.get("is_small") is True,
        certificates=certificates,
    )


def product_facts(
    product: Any, of_category: str = PLAIN, approved: set[tuple[str, str]] | None = None, alts: Sequence[str] = ()
) -> ProductFacts:  # fmt: skip
    """product: a row, or anything with its columns. approved: holds for the name that staff read, not a later one."""
    kind = class_of(product.product_class, of_category, product.food)
    return ProductFacts(
        product_class=kind,
        name=product.name,
        description=product.description,
        mark=product.designation,
        sheet={**product.safety, **product.food},
        certifications=product.certifications,
        packaging=product.packaging,
        has_picture=product.image_id is not None,
        approved=frozenset(
            designation
            for seen, designation in approved or ()
            if seen == designations.bearing(product.name, designation, kind.key)
        ),
        seo=product.seo,
        alts=alts,
        proofs=product.proofs,
    )
