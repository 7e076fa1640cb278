"""The promotions that may concern a basket, with all that the engine has to know: one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog.models import Hold, Product, StockItem, Variant
from app.commerce.orders.models import OrderGroup
from app.commerce.promotions import buyers, models, people
from app.commerce.promotions.engine import Offer
from app.commerce.promotions.models import (
    CustomerGroupMember,
    Promotion,
    PromotionCode,
    PromotionCount,
    PromotionUse,
)
from app.commerce.promotions.sale import Buyer, Gift, Uses
from app.identity.models import User
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.producers import selling
from app.producers.models import Producer

_CART: BindParameter[int] = bindparam("cart")
_NOW: BindParameter[datetime] = bindparam("now")
_USER: BindParameter[int] = bindparam("user")
_NOBODY = 0  # no row has this id
MOST = 200


@dataclass(frozen=True)
class Asked:
    """For whom and for what. email: "" while it is unknown. cart_id: whose own open payment takes nothing away.

    producers: of the goods in the basket. at: None for now. every: also what cannot apply, to be told why.
    """

    user_id: int | None = None
    email: str = ""
    code: str | None = None
    cart_id: int | None = None
    producers: Sequence[int] = ()
    at: datetime | None = None
    every: bool = False


async def of(db: AsyncSession, shop: ShopFacts, asked: Asked) -> tuple[list[Offer], Buyer]:
    """What applies by itself in these producers' goods and in all, what the code belongs to, and who buys."""
    at, buyer = asked.at or clock.now(), buyers.key(asked.user_id, asked.email)
    day = at.astimezone(ZoneInfo(shop.time_zone)).date().isoformat()
    values = {
        "cart": asked.cart_id or _NOBODY,
        "user": asked.user_id or _NOBODY,
        "emails": sorted({asked.email, asked.email.lower()}),
        "folded": [asked.email.strip().lower()] if asked.email.strip() else [],
        "producers": list(asked.producers) or [_NOBODY],
        "code": buyers.folded(asked.code or ""),
        "buyer": f"buyer:{buyer or ''}",
        "day": f"day:{day}",
        "now": at,
    }
    rows = (await db.execute(_statement(every=asked.every), values)).all()
    found: dict[int, Offer] = {}
    groups: set[int] = set()
    for row in rows:
        found.setdefault(row.Promotion.id, _offer(row, buyer, day))
        if row.is_member:
            groups.add(row.Promotion.customer_group_id)
    has_bought = any(row.has_bought for row in rows)
    return list(found.values()), Buyer(buyer, asked.user_id is not None, has_bought, frozenset(groups))


def _offer(row: Row[Any], buyer: str | None, day: str) -> Offer:
    """What this shopper's own open payment has taken counts as not taken: it is this very order."""
    promotion: Promotion = row.Promotion
    is_own = row.own_buyer is not None
    uses = Uses(
        (row.total or 0) - is_own,
        (row.today or 0) - (is_own and row.own_day.isoformat() == day),
        max((row.by_buyer or 0) - (is_own and row.own_buyer == buyer), row.by_person or 0),
        (row.code_used or 0) - (is_own and row.own_code == row.code_id),
        row.code_limit,
    )
    gift = None
    if promotion.kind == models.GIFT and row.gift_item is not None:
        gift = Gift(
            promotion.gift_variant_id or _NOBODY,
            row.gift_item,
            row.gift_producer,
            promotion.gift_quantity,
            row.gift_price,
            Decimal(row.gift_vat),
            int(row.gift_left),
            bool(row.gift_sold),
        )
    return Offer(promotion, uses, row.code if row.code_id is not None else None, gift)


def _own() -> Subquery:
    """What the open payment of this cart has taken."""
    return (
        select(
            PromotionUse.promotion_id,
            PromotionUse.buyer.label("own_buyer"),
            PromotionUse.day.label("own_day"),
            PromotionUse.code_id.label("own_code"),
        )
        .join(OrderGroup, OrderGroup.id == PromotionUse.group_id)
        .where(OrderGroup.cart_id == _CART, OrderGroup.state == "awaiting_payment", PromotionUse.state == "taken")
        .subquery("own")
    )


def _by_person() -> ColumnElement[int]:
    """What this shopper has taken, with an account or without. Looked for only where it matters."""
    is_his_own = and_(OrderGroup.cart_id == _CART, OrderGroup.state == "awaiting_payment")
    taken = people.uses_of(Promotion.id, _USER, bindparam("folded", expanding=True)).where(
        or_(OrderGroup.cart_id.is_(None), not_(is_his_own))
    )
    is_limited = or_(Promotion.limit_buyer.is_not(None), Promotion.customers == models.FIRST)
    return case((is_limited, taken.correlate(Promotion).scalar_subquery()), else_=0)


def _gift_left() -> ColumnElement[int]:
    """Pieces of the gift's shelf that are free, or held for this cart's own open payment."""
    own = (
        select(func.coalesce(func.sum(Hold.quantity), 0))
        .join(OrderGroup, OrderGroup.number == Hold.reference)
        .where(
            Hold.stock_item_id == StockItem.id,
            Hold.state == "held",
            OrderGroup.cart_id == _CART,
            OrderGroup.state == "awaiting_payment",
        )
        .correlate(StockItem)
        .scalar_subquery()
    )
    return StockItem.on_hand - StockItem.reserved + own


def _is_member() -> ColumnElement[bool]:
    return exists(
        select(literal_column("1"))
        .select_from(CustomerGroupMember)
        .join(User, func.lower(User.email) == CustomerGroupMember.email)
        .where(
            CustomerGroupMember.group_id == Promotion.customer_group_id,
            User.id == _USER,
            User.verified_at.is_not(None),
        )
        .correlate(Promotion)
    )


def _has_bought() -> ColumnElement[bool]:
    """Orders that were paid, of the account or under the address. Looked for only where it matters."""
    paid: Select[Any] = (
        select(literal_column("1"))
        .select_from(OrderGroup)
        .where(
            OrderGroup.state.not_in(("awaiting_payment", "cancelled")),
            or_(OrderGroup.user_id == _USER, OrderGroup.email.in_(bindparam("emails", expanding=True))),
        )
    )
    return and_(Promotion.customers == models.FIRST, exists(paid))


@cache
def _statement(*, every: bool) -> Select[Any]:
    """Made once: that takes longer than sending it. every: the latest, whatever their state."""
    total, today, by_buyer = (aliased(PromotionCount, name=name) for name in ("total", "today", "by_buyer"))
    own = _own()
    live = and_(
        Promotion.needs_code.is_(False),
        Promotion.stopped_at.is_(None),
        or_(Promotion.starts_at.is_(None), Promotion.starts_at <= _NOW),
        or_(Promotion.ends_at.is_(None), Promotion.ends_at > _NOW),
        or_(Promotion.producer_id.is_(None), Promotion.producer_id.in_(bindparam("producers", expanding=True))),
    )
    is_sold = and_(
        Variant.retired_at.is_(None), Product.deleted_at.is_(None), Product.published_at <= _NOW,
        Producer.hidden_at.is_(None), selling.may_sell(),
    )  # fmt: skip
    found = (
        select(
            Promotion,
            PromotionCode.id.label("code_id"),
            PromotionCode.code,
            PromotionCode.used.label("code_used"),
            PromotionCode.limit_uses.label("code_limit"),
            total.used.label("total"),
            today.used.label("today"),
            by_buyer.used.label("by_buyer"),
            _by_person().label("by_person"),
            own.c.own_buyer,
            own.c.own_day,
            own.c.own_code,
            Variant.stock_item_id.label("gift_item"),
            Variant.price_minor.label("gift_price"),
            Variant.vat_rate.label("gift_vat"),
            Product.producer_id.label("gift_producer"),
            _gift_left().label("gift_left"),
            is_sold.label("gift_sold"),
            _is_member().label("is_member"),
            _has_bought().label("has_bought"),
        )
        .outerjoin(
            PromotionCode,
            and_(PromotionCode.promotion_id == Promotion.id, PromotionCode.folded == bindparam("code")),
        )
        .outerjoin(total, and_(total.promotion_id == Promotion.id, total.scope == "all"))
        .outerjoin(today, and_(today.promotion_id == Promotion.id, today.scope == bindparam("day")))
        .outerjoin(by_buyer, and_(by_buyer.promotion_id == Promotion.id, by_buyer.scope == bindparam("buyer")))
        .outerjoin(own, own.c.promotion_id == Promotion.id)
        .outerjoin(Variant, Variant.id == Promotion.gift_variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .outerjoin(StockItem, StockItem.id == Variant.stock_item_id)
    )
    if every:
        return found.order_by(Promotion.id.desc()).limit(MOST)
    return found.where(or_(live, PromotionCode.id.is_not(None))).order_by(Promotion.id)
