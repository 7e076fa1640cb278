"""What the product editor shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import by_weight, designations, gate, judging, packs, tagging, weight_words
from app.catalog.by_weight import ByWeight
from app.catalog.classes import CLASSES, ProductClass, class_of
from app.catalog.facts import Missing
from app.catalog.judging import Case
from app.catalog.models import Category, NameApproval, Product, StockItem, Variant
from app.catalog.products import TIME_ZONE
from app.catalog.vocabulary import Tag
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.money import exponent
from app.kernel.tenancy import in_language
from app.producers.models import Certificate, Producer
from app.producers.vat import rates
from app.producers.vat.rates import Rates

THROWN_SHOWN = 50


@dataclass(frozen=True)
class VariantRow:
    """A format as its form shows it. name: as in packs.named. typed_price: as an input has it. weight: what buyers read
    of a price by weight.
    """

    id: int
    sku: str
    name: str
    facts: Mapping[str, Any]
    price_minor: int
    typed_price: str
    on_hand: int
    weight: str = ""
    is_retired: bool = False


@dataclass(frozen=True)
class NameAsked:
    """A protected name in the product's name. state: needed | asked | approved | refused. note: staff's reason."""

    designation: str
    mark: str
    state: str
    note: str


@dataclass(frozen=True)
class Editor:
    """A product with all that its forms need."""

    product: Product
    producer_name: str
    fee_rate: str | None  # the producer's own, and of what; none for the shop's
    fee_base: str | None
    case: Case
    missing: Sequence[Missing]
    hints: Sequence[Missing]
    variants: Sequence[VariantRow]
    categories: Sequence[tuple[str, str]]
    tags: Sequence[Tag]
    of_category: ProductClass
    marks: Sequence[tuple[str, str]]
    names: Sequence[NameAsked]
    rates: Rates

    @property
    def product_class(self) -> ProductClass:
        return self.case.product.product_class

    @property
    def state(self) -> str:
        """off | now | at."""
        if self.product.published_at is None:
            return "off"
        return "at" if self.product.published_at > clock.now() else "now"

    def typed_at(self, time_zone: str) -> str:
        """The moment to come at which it goes on sale, as an input has it; "" where there is none."""
        at = self.product.published_at
        return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%dT%H:%M}" if at and self.state == "at" else ""

    @property
    def notes(self) -> Mapping[str, list[str]]:
        """What to read beside each input."""
        return notes_of([*self.missing, *self.hints])


def notes_of(found: Sequence[Missing]) -> Mapping[str, list[str]]:
    """Sentences by input."""
    beside: dict[str, list[str]] = defaultdict(list)
    for each in found:
        beside[each.field].append(each.sentence)
    return beside


async def editor(db: AsyncSession, product_id: int, owner: int | None, currency: str, country: str) -> Editor:
    """country: the shop's. Raises NotFound for another's product, or one that was thrown away."""
    cases = await judging.cases(db, [product_id])
    case = cases.get(product_id)
    if case is None or case.row.deleted_at is not None or owner not in {None, case.row.producer_id}:
        raise NotFound
    today = clock.today(TIME_ZONE)
    selling = select(Producer.name, Producer.fee_rate, Producer.fee_base).where(Producer.id == case.row.producer_id)
    maker, fee_rate, fee_base = (await db.execute(selling)).one()
    categories = (
        await db.execute(select(Category.id, Category.name, Category.product_class).order_by(Category.position))
    ).all()
    default = next(kind for id_, _name, kind in categories if id_ == case.row.category_id)
    locale = current_locale()
    return Editor(
        product=case.row,
        producer_name=maker,
        fee_rate=fee_rate,
        fee_base=fee_base,
        case=case,
        missing=case.missing(today),
        hints=gate.hints(case.product, today),
        variants=await _variants(db, product_id, currency),
        categories=[(str(id_), in_language(name, locale)) for id_, name, _kind in categories],
        tags=await tagging.shown(db),
        of_category=class_of(None, default, case.row.food),
        marks=[
            (f"{each.mark}|{each.designation}", f"{each.designation} {each.mark}")
            for each in case.seller.certificates
            if each.mark in designations.EUROPEAN and each.valid_until >= today
        ],
        names=await _names(db, case),
        rates=await rates.of_countries(db, country),
    )


async def _variants(db: AsyncSession, product_id: int, currency: str) -> list[VariantRow]:
    rows = await db.execute(
        select(Variant, StockItem.on_hand)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(Variant.product_id == product_id)
        .order_by(Variant.retired_at.is_not(None), Variant.position, Variant.id)
    )
    return [
        VariantRow(
            variant.id,
            variant.sku,
            packs.name_of(variant),
            {
                **{f"format_{locale}": text for locale, text in variant.format.items()},
                **{key: getattr(variant, key) for key in ("net_amount", "net_unit", "weight_g", "vat_rate")},
                "drained_amount": variant.drained_amount or "",
                "by_weight": "1" if variant.weight_tolerance is not None else "",
                "kg_price": _typed(_kilogram(variant), currency),
                "tolerance": variant.weight_tolerance or "",
            },
            variant.price_minor,
            _typed(variant.price_minor, currency),
            on_hand,
            _said(variant, currency),
            variant.retired_at is not None,
        )
        for variant, on_hand in rows
    ]


def _typed(minor: int | None, currency: str) -> str:
    """An amount as an input has it."""
    return "" if minor is None else f"{Decimal(minor).scaleb(-exponent(currency))}".replace(".", ",")


def _terms(variant: Variant) -> ByWeight | None:
    return by_weight.of(
        variant.price_minor, variant.net_amount, variant.net_unit, variant.kg_price_minor, variant.weight_tolerance
    )


def _kilogram(variant: Variant) -> int | None:
    """What a kilogram costs now, of goods by weight."""
    terms = _terms(variant)
    return terms.kg_price_minor if terms else None


def _said(variant: Variant, currency: str) -> str:
    """What its buyers read of the price; "" for a fixed one."""
    terms = _terms(variant)
    return f"{weight_words.kilogram(terms, currency)}. {weight_words.pieces(terms, 1, currency)}" if terms else ""


async def _names(db: AsyncSession, case: Case) -> list[NameAsked]:
    """The protected names in its name for which its producer has no certificate."""
    names, kind, today = case.product.name, case.product.product_class.key, clock.today(TIME_ZONE)
    rows = await db.scalars(select(NameApproval).where(NameApproval.product_id == case.row.id))
    asked = {(row.designation, row.name): row for row in rows}
    borne = dict.fromkeys(each for name in names.values() for each in designations.named_in(name, kind))
    found = []
    for each in borne:
        if case.seller.holds(each.name, each.mark, today):
            continue
        row = asked.get((each.name, designations.bearing(names, each.name, kind)))
        answer = {None: "asked", True: "approved", False: "refused"}[row.is_approved] if row else "needed"
        found.append(NameAsked(each.name, each.mark, answer, row.note if row else ""))
    return found


@dataclass(frozen=True)
class Thrown:
    """A product that was thrown away."""

    id: int
    name: str
    at: datetime


async def thrown_away(db: AsyncSession, producer_id: int | None) -> list[Thrown]:
    """A producer's, or all for staff; the latest first."""
    mine = [] if producer_id is None else [Product.producer_id == producer_id]
    rows = await db.execute(
        select(Product.id, Product.name, Product.deleted_at)
        .where(Product.deleted_at.is_not(None), *mine)
        .order_by(Product.deleted_at.desc())
        .limit(THROWN_SHOWN)
    )
    return [Thrown(id_, in_language(name, current_locale()), at) for id_, name, at in rows if at]


@dataclass(frozen=True)
class IncompleteRow:
    """A product that misses something. first: the sentence; count: of all."""

    id: int
    name: str
    producer: str
    first: Missing
    count: int


async def incomplete(db: AsyncSession, most: int) -> tuple[list[IncompleteRow], int]:
    """(the first `most` by producer, how many there are)."""
    which = (Product.is_complete.is_(False), Product.deleted_at.is_(None))
    total = await db.scalar(select(func.count()).select_from(Product).where(*which)) or 0
    rows = (
        await db.execute(
            select(Product.id, Product.name, Producer.name)
            .join(Producer, Producer.id == Product.producer_id)
            .where(*which)
            .order_by(Producer.name, Product.sort_name)
            .limit(most)
        )
    ).all()
    cases = await judging.cases(db, [id_ for id_, _name, _maker in rows])
    today, found = clock.today(TIME_ZONE), []
    for id_, name, maker in rows:
        missing = cases[id_].missing(today)
        if missing:
            found.append(IncompleteRow(id_, in_language(name, current_locale()), maker, missing[0], len(missing)))
    return found, total


@dataclass(frozen=True)
class Asked:
    """A protected name that waits for staff."""

    id: int
    product_id: int
    product: str
    producer: str
    designation: str
    reason: str
    at: datetime


async def asked_names(db: AsyncSession) -> list[Asked]:
    """What nobody has decided yet, the oldest first."""
    rows = await db.execute(
        select(NameApproval, Product.name, Producer.name)
        .join(Product, Product.id == NameApproval.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(NameApproval.decided_at.is_(None), Product.deleted_at.is_(None))
        .order_by(NameApproval.asked_at, NameApproval.id)
    )
    locale = current_locale()
    return [
        Asked(row.id, row.product_id, in_language(name, locale), maker, row.designation, row.reason, row.asked_at)
        for row, name, maker in rows
    ]


@dataclass(frozen=True)
class CertificateRow:
    """A certificate; state: valid | soon (30 days) | over."""

    certificate: Certificate
    producer: str
    state: str


async def certificates(db: AsyncSession) -> list[CertificateRow]:
    """All, those that run out first at the top."""
    rows = await db.execute(
        select(Certificate, Producer.name)
        .join(Producer, Producer.id == Certificate.producer_id)
        .order_by(Certificate.valid_until, Producer.name, Certificate.designation)
    )
    today = clock.today(TIME_ZONE)
    found = []
    for row, maker in rows:
        left = (row.valid_until - today).days
        found.append(CertificateRow(row, maker, "over" if left < 0 else "soon" if left < 30 else "valid"))
    return found


async def producers(db: AsyncSession) -> list[tuple[str, str]]:
    """(id, name) for a choice."""
    rows = await db.execute(select(Producer.id, Producer.name).order_by(Producer.name))
    return [(str(id_), name) for id_, name in rows]


CLASS_CHOICES = tuple((key, each.name) for key, each in CLASSES.items())
