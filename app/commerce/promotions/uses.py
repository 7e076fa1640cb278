"""Taking a use when an order is placed, giving it back when it ends unpaid or unsent. In the transaction of that deed.

Counts are taken by one conditional statement each, in the order of ids: of a hundred buyers for ten uses, ten get one.
What a promotion counts in all is the first that is taken, and its row stays locked until the transaction ends, so that
the others cannot disagree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderEvent, OrderGroup
from app.commerce.promotions import buyers, limits, people
from app.commerce.promotions.engine import Applied
from app.commerce.promotions.models import PromotionCode, PromotionCount, PromotionUse
from app.commerce.promotions.sale import No
from app.commerce.promotions.words import title, why
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Taker:
    """Who takes, for which group, on which day of the shop."""

    group_id: int
    buyer: str
    day: date


async def take(db: AsyncSession, shop: ShopFacts, taker: Taker, applied: Sequence[Applied]) -> None:
    """Count one use of each. Raises Conflict, with a sentence, when somebody else was quicker for the last."""
    for each in sorted(applied, key=lambda each: each.promotion.id):
        promotion = each.promotion
        bounds = zip(
            buyers.scopes(taker.buyer, taker.day.isoformat()),
            (promotion.limit_total, limits.per_buyer(promotion), promotion.limit_day),
            ("used_up", "used_by_you", "used_today"),
            strict=True,
        )
        for scope, limit, reason in bounds:
            is_over = (
                reason == "used_by_you" and limit is not None and await _has_used(db, promotion.id, taker) >= limit
            )
            if is_over or not await _count(db, promotion.id, scope, limit):
                raise _too_late(each, reason, shop)
        code_id = await _take_code(db, each, shop)
        db.add(
            PromotionUse(
                promotion_id=promotion.id,
                code_id=code_id,
                group_id=taker.group_id,
                buyer=taker.buyer,
                day=taker.day,
                discount_minor=each.total_minor,
                shop_funded_minor=each.shop_minor,
                at=clock.now(),
            )
        )
    await db.flush()


async def _has_used(db: AsyncSession, promotion_id: int, taker: Taker) -> int:
    """How often this person has used it before, signed in or not.

    What it counts in all is ours until the transaction ends, so that nobody takes another use meanwhile.
    """
    user_id, email = (
        await db.execute(select(OrderGroup.user_id, OrderGroup.email).where(OrderGroup.id == taker.group_id))
    ).one()
    return await db.scalar(people.uses_of(promotion_id, user_id or 0, [email.strip().lower()])) or 0


async def restate(db: AsyncSession, group: OrderGroup) -> None:
    """Uses say what the orders of a group say: discounts follow the weights of goods (orders/reckoning.py)."""
    entries = [entry for order in group.orders for entry in order.discounts]
    for use in await of_group(db, group.id) if any(_is_by_weight(order) for order in group.orders) else ():
        mine = [entry for entry in entries if entry["promotion"] == use.promotion_id]
        use.discount_minor = sum(entry["goods_minor"] + entry["delivery_minor"] for entry in mine)
        use.shop_funded_minor = sum(entry["shop_funded_minor"] for entry in mine)


def _is_by_weight(order: Order) -> bool:
    return any(line.kg_price_minor is not None for line in order.lines)


async def give_back(db: AsyncSession, group: OrderGroup) -> None:
    """The group ended unpaid: its uses are free again. A second time does nothing."""
    await _turn(db, group, "taken", "given_back", -1)


async def give_back_unsent(db: AsyncSession, group: OrderGroup) -> None:
    """A paid group was given back whole: its uses are free again if nothing of it had left its producers."""
    gone = select(OrderEvent.id).where(
        OrderEvent.group_id == group.id, OrderEvent.to_state.in_(("shipped", "delivered"))
    )
    if await db.scalar(gone.limit(1)) is None:
        await give_back(db, group)


async def take_again(db: AsyncSession, group: OrderGroup) -> None:
    """It was paid after all, at the price agreed: its uses count again, even beyond a limit reached meanwhile."""
    await _turn(db, group, "given_back", "taken", 1)


async def _turn(db: AsyncSession, group: OrderGroup, before: str, after: str, step: int) -> None:
    turned = await db.execute(
        update(PromotionUse)
        .where(PromotionUse.group_id == group.id, PromotionUse.state == before)
        .values(state=after)
        .returning(PromotionUse.promotion_id, PromotionUse.code_id, PromotionUse.buyer, PromotionUse.day)
        .execution_options(synchronize_session=False)
    )
    for promotion_id, code_id, buyer, day in sorted(turned, key=lambda row: row.promotion_id):
        for scope in buyers.scopes(buyer, day.isoformat()):
            await db.execute(
                update(PromotionCount)
                .where(PromotionCount.promotion_id == promotion_id, PromotionCount.scope == scope)
                .values(used=PromotionCount.used + step)
                .execution_options(synchronize_session=False)
            )
        if code_id is not None:
            await db.execute(
                update(PromotionCode)
                .where(PromotionCode.id == code_id)
                .values(used=PromotionCode.used + step)
                .execution_options(synchronize_session=False)
            )


async def _count(db: AsyncSession, promotion_id: int, scope: str, limit: int | None) -> bool:
    """Count one more, unless the limit is reached: the WHERE is the lock."""
    if limit is not None and limit < 1:
        return False
    insert: Any = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = insert(PromotionCount).values(shop_id=db.info["shop_id"], promotion_id=promotion_id, scope=scope, used=1)
    one_more = first.on_conflict_do_update(
        index_elements=["promotion_id", "scope"],
        set_={"used": PromotionCount.used + 1},
        where=None if limit is None else PromotionCount.used < limit,
    )
    return await db.scalar(one_more.returning(PromotionCount.id)) is not None


async def _take_code(db: AsyncSession, each: Applied, shop: ShopFacts) -> int | None:
    if each.code is None:
        return None
    folded = buyers.folded(each.code)
    taken = await db.scalar(
        update(PromotionCode)
        .where(
            PromotionCode.folded == folded,
            PromotionCode.promotion_id == each.promotion.id,
            PromotionCode.limit_uses.is_(None) | (PromotionCode.used < PromotionCode.limit_uses),
        )
        .values(used=PromotionCode.used + 1)
        .returning(PromotionCode.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        raise _too_late(each, "code_used", shop)
    return taken


def _too_late(each: Applied, reason: str, shop: ShopFacts) -> Conflict:
    return Conflict(
        _(
            "«%(title)s» non vale più. %(why)s Guarda il totale nuovo e conferma di nuovo.",
            title=title(each.promotion),
            why=why(No(reason), shop, each.promotion.kind),
        )
    )


async def of_group(db: AsyncSession, group_id: int) -> Sequence[PromotionUse]:
    """What a group used."""
    return list(await db.scalars(select(PromotionUse).where(PromotionUse.group_id == group_id)))
