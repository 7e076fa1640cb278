"""What pages of staff and of producers show of promotions. owner: whose; None for staff, who see them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Category, Product, Variant
from app.commerce.orders.models import OrderGroup
from app.commerce.promotions.models import (
    CustomerGroup,
    CustomerGroupMember,
    Promotion,
    PromotionCode,
    PromotionCount,
    PromotionUse,
)
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language
from app.producers.models import Producer

PAGE = 20
SHOWN = 50


@dataclass(frozen=True)
class Listed:
    """A promotion in the list. uses: taken in all. owner: the producer's name, "" for the shop's own."""

    promotion: Promotion
    uses: int
    owner: str


@dataclass(frozen=True)
class Used:
    number: str
    at: datetime
    code: str | None
    discount_minor: int
    shop_minor: int
    currency: str
    state: str


@dataclass(frozen=True)
class Choices:
    """What the form offers: pairs of (id, name). variants: of everything that can be a gift or stand in a basket."""

    producers: Sequence[tuple[int, str]]
    categories: Sequence[tuple[int, str]]
    products: Sequence[tuple[int, str]]
    variants: Sequence[tuple[int, str]]
    groups: Sequence[tuple[int, str]]


def _own(owner: int | None) -> ColumnElement[bool]:
    return true() if owner is None else Promotion.producer_id == owner


async def listed(db: AsyncSession, owner: int | None, page: int) -> list[Listed]:
    """A page of promotions, newest first; one more than a page when there are more."""
    rows = await db.execute(
        select(Promotion, PromotionCount.used, Producer.name)
        .outerjoin(PromotionCount, (PromotionCount.promotion_id == Promotion.id) & (PromotionCount.scope == "all"))
        .outerjoin(Producer, Producer.id == Promotion.producer_id)
        .where(_own(owner))
        .order_by(Promotion.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [Listed(promotion, used or 0, name or "") for promotion, used, name in rows]


async def one(db: AsyncSession, owner: int | None, promotion_id: int, *, lock: bool = False) -> Promotion:
    """Raises NotFound for another's."""
    wanted = select(Promotion).where(Promotion.id == promotion_id, _own(owner))
    found = await db.scalar(
        wanted.with_for_update(key_share=True).execution_options(populate_existing=True) if lock else wanted
    )
    if found is None:
        raise NotFound
    return found


async def codes(db: AsyncSession, promotion_id: int, most: int | None = SHOWN) -> Sequence[PromotionCode]:
    """Codes, those for everybody first, then the newest; all of them with most=None."""
    found = select(PromotionCode).where(PromotionCode.promotion_id == promotion_id)
    ordered = found.order_by(PromotionCode.limit_uses.is_not(None), PromotionCode.id.desc())
    return list(await db.scalars(ordered.limit(most)))


async def count_codes(db: AsyncSession, promotion_id: int) -> int:
    return await db.scalar(select(func.count()).where(PromotionCode.promotion_id == promotion_id)) or 0


async def sums(db: AsyncSession, promotion_id: int) -> tuple[int, int, int]:
    """(uses, what they gave, what of it the shop paid)."""
    row = (
        await db.execute(
            select(
                func.count(),
                func.coalesce(func.sum(PromotionUse.discount_minor), 0),
                func.coalesce(func.sum(PromotionUse.shop_funded_minor), 0),
            ).where(PromotionUse.promotion_id == promotion_id, PromotionUse.state == "taken")
        )
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


async def uses(db: AsyncSession, promotion_id: int) -> list[Used]:
    """The newest uses."""
    rows = await db.execute(
        select(PromotionUse, OrderGroup.number, OrderGroup.currency, PromotionCode.code)
        .join(OrderGroup, OrderGroup.id == PromotionUse.group_id)
        .outerjoin(PromotionCode, PromotionCode.id == PromotionUse.code_id)
        .where(PromotionUse.promotion_id == promotion_id)
        .order_by(PromotionUse.id.desc())
        .limit(SHOWN)
    )
    return [
        Used(number, use.at, code, use.discount_minor, use.shop_funded_minor, currency, use.state)
        for use, number, currency, code in rows
    ]


async def choices(db: AsyncSession, owner: int | None) -> Choices:
    """What a promotion can be restricted to and what it can give; a producer's own only."""
    of_owner = true() if owner is None else Product.producer_id == owner
    names: Sequence[Any] = []
    if owner is None:
        names = (await db.execute(select(Producer.id, Producer.name).order_by(Producer.name))).all()
    categories = await db.execute(select(Category.id, Category.name).order_by(Category.position, Category.id))
    goods = (
        await db.execute(
            select(Product.id, Product.name, Variant.id, Variant.format, Variant.sku)
            .join(Variant, Variant.product_id == Product.id)
            .where(Product.deleted_at.is_(None), Variant.retired_at.is_(None), of_owner)
            .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
        )
    ).all()
    groups = await db.execute(select(CustomerGroup.id, CustomerGroup.name).order_by(CustomerGroup.name))
    return Choices(
        [(id_, name) for id_, name in names],
        _named(categories.all()),
        list(dict(_named([(row[0], row[1]) for row in goods])).items()),
        [(row[2], f"{_text(row[1])}, {_text(row[3])} ({row[4]})") for row in goods],
        [(id_, name) for id_, name in groups] if owner is None else [],
    )


def _named(rows: Sequence[Any]) -> list[tuple[int, str]]:
    return [(row[0], _text(row[1])) for row in rows]


def _text(texts: dict[str, str]) -> str:
    return in_language(texts, current_locale())


async def groups_with_members(db: AsyncSession) -> list[tuple[CustomerGroup, list[str]]]:
    """Every customer group with its addresses."""
    groups = list(await db.scalars(select(CustomerGroup).order_by(CustomerGroup.name)))
    rows = await db.execute(
        select(CustomerGroupMember.group_id, CustomerGroupMember.email).order_by(CustomerGroupMember.email)
    )
    members: dict[int, list[str]] = {}
    for group_id, email in rows:
        members.setdefault(group_id, []).append(email)
    return [(group, members.get(group.id, [])) for group in groups]
