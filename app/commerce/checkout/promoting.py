"""Promotions of an order that is placed: their uses are taken, and what they took off is frozen."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Parcel, Plan
from app.commerce.orders.models import OrderGroup
from app.commerce.promotions import buyers, uses
from app.commerce.promotions.uses import Taker
from app.kernel import clock
from app.kernel.tenancy import ShopFacts


async def take_uses(db: AsyncSession, shop: ShopFacts, draft: Checkout, plan: Plan, group: OrderGroup) -> None:
    """Count one use of each promotion. Raises Conflict when somebody was quicker; then nothing is placed."""
    applied = plan.discounts.outcome.applied
    if applied:
        key = buyers.key(group.user_id, draft.email) or ""
        await uses.take(db, shop, Taker(group.id, key, clock.today(shop.time_zone)), applied)


def frozen(parcel: Parcel) -> list[dict[str, Any]]:
    """Order.discounts: what each promotion took off this parcel."""
    found = []
    for applied in parcel.outcome.applied:
        keys = [line.id for line in parcel.lines if line.id in applied.lines]
        goods = sum(applied.lines[key] for key in keys)
        delivery = applied.delivery.get(parcel.seller.id, 0)
        if goods or delivery:
            shop = sum(applied.shop_lines.get(key, 0) for key in keys)
            found.append(
                {
                    "promotion": applied.promotion.id,
                    "title": dict(applied.promotion.title),
                    "code": applied.code,
                    "is_gift": applied.gift is not None,
                    "goods_minor": goods,
                    "delivery_minor": delivery,
                    "shop_funded_minor": shop + applied.shop_delivery.get(parcel.seller.id, 0),
                }
            )
    return found
