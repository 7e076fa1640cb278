"""What must be true of discounts at any moment. Each proof yields a sentence for whatever is not so."""

from collections.abc import AsyncIterator

from sqlalchemy import case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.promotions.models import PromotionCode, PromotionCount, PromotionUse


async def orders_are_their_lines(db: AsyncSession) -> AsyncIterator[str]:
    """Goods, discounts and the shop's part of an order are those of its lines, the delivery's beside them."""
    # what is called off before it is charged leaves amounts as they are until then (docs/algorithms/catch-weight.md)
    pieces = OrderLine.quantity + case((OrderGroup.paid_at.is_(None), OrderLine.called_off), else_=0)
    added = case((Order.prices_net, OrderLine.vat_minor), else_=0)
    of_pieces = pieces * OrderLine.unit_price_minor - OrderLine.discount_minor + added
    nothing = (Order.state == "cancelled") & (Order.total_minor == 0)  # called off before it was charged
    by_weight = OrderLine.kg_price_minor.is_not(None) | nothing  # weighing/proofs.py looks at these
    lines = (
        select(
            OrderLine.order_id,
            func.sum(OrderLine.gross_minor).label("gross"),
            func.sum(case((by_weight, OrderLine.gross_minor), else_=of_pieces)).label("priced"),
            func.sum(OrderLine.discount_minor).label("discount"),
            func.sum(OrderLine.shop_funded_minor).label("shop"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .group_by(OrderLine.order_id)
        .subquery()
    )
    found = await db.execute(
        select(Order, lines.c.gross, lines.c.priced, lines.c.discount, lines.c.shop).outerjoin(
            lines, lines.c.order_id == Order.id
        )
    )
    for order, gross, priced, discount, shop in found:
        number = order.number
        if not order.goods_minor == gross == priced:
            yield f"order {number} has goods of {order.goods_minor}, its lines come to {gross}, priced {priced}"
        if order.discount_minor != (discount or 0) + order.delivery_discount_minor:
            yield f"order {number} is discounted by {order.discount_minor}, its lines by {discount}"
        on_delivery = order.shop_funded_minor - (shop or 0)
        if not 0 <= on_delivery <= order.delivery_discount_minor:
            yield f"the shop pays {order.shop_funded_minor} of order {number}, of its lines {shop}"
        named = sum(entry["goods_minor"] + entry["delivery_minor"] for entry in order.discounts)
        funded = sum(entry["shop_funded_minor"] for entry in order.discounts)
        if order.discounts and (named, funded) != (order.discount_minor, order.shop_funded_minor):
            yield f"order {number} names discounts of {named} and {funded}"


async def groups_are_their_orders(db: AsyncSession) -> AsyncIterator[str]:
    """The amounts of a group are those of its orders, and its discount is what its uses say."""
    columns = ("goods_minor", "delivery_minor", "total_minor", "discount_minor")
    orders = (
        select(
            Order.group_id,
            *(func.sum(getattr(Order, name)).label(name) for name in columns),
            func.sum(Order.shop_funded_minor).label("shop"),
        )
        .group_by(Order.group_id)
        .subquery()
    )
    uses = (
        select(
            PromotionUse.group_id,
            func.sum(PromotionUse.discount_minor).label("discount"),
            func.sum(PromotionUse.shop_funded_minor).label("shop"),
        )
        .group_by(PromotionUse.group_id)
        .subquery()
    )
    found = await db.execute(
        select(OrderGroup, orders, uses.c.discount.label("used"), uses.c.shop.label("used_shop"))
        .join(orders, orders.c.group_id == OrderGroup.id)
        .outerjoin(uses, uses.c.group_id == OrderGroup.id)
    )
    for row in found:
        group = row.OrderGroup
        for name in columns:
            if getattr(group, name) != getattr(row, name):
                yield f"group {group.number} has {name} {getattr(group, name)}, its orders {getattr(row, name)}"
        if (row.used or 0, row.used_shop or 0) != (group.discount_minor, row.shop):
            yield f"group {group.number} is discounted by {group.discount_minor}, its uses come to {row.used}"


async def counts_are_uses(db: AsyncSession) -> AsyncIterator[str]:
    """How often a promotion or a code counts as used is how many uses are taken: in all, by buyer, by day."""
    taken: dict[tuple[int, str], int] = {}
    rows = await db.execute(
        select(PromotionUse.promotion_id, PromotionUse.buyer, PromotionUse.day, func.count())
        .where(PromotionUse.state == "taken")
        .group_by(PromotionUse.promotion_id, PromotionUse.buyer, PromotionUse.day)
    )
    for promotion_id, buyer, day, number in rows:
        for scope in ("all", f"buyer:{buyer}", f"day:{day.isoformat()}"):
            taken[promotion_id, scope] = taken.get((promotion_id, scope), 0) + number
    counts = await db.execute(select(PromotionCount.promotion_id, PromotionCount.scope, PromotionCount.used))
    counted = {(promotion_id, scope): used for promotion_id, scope, used in counts}
    for promotion_id, scope in sorted({*taken, *counted}):
        count, real = counted.get((promotion_id, scope), 0), taken.get((promotion_id, scope), 0)
        if count != real:
            yield f"promotion {promotion_id} counts {count} uses ({scope.partition(':')[0]}), {real} are taken"
    uses = (
        select(func.count())
        .where(PromotionUse.code_id == PromotionCode.id, PromotionUse.state == "taken")
        .correlate(PromotionCode)
        .scalar_subquery()
    )
    for id_, used, real in await db.execute(
        select(PromotionCode.id, PromotionCode.used, uses).where(PromotionCode.used != uses)
    ):
        yield f"code {id_} counts {used} uses, {real} are taken"


async def ended_groups_use_nothing(db: AsyncSession) -> AsyncIterator[str]:
    """A group that ended unpaid has given its uses back; every other has them. One that was given back whole may have
    given them back too, and is paid again while a bank has sent its refund back.
    """
    stands = exists().where(Order.group_id == OrderGroup.id, Order.state.not_in(("cancelled", "refunded")))
    found = await db.execute(
        select(OrderGroup.number, OrderGroup.state, PromotionUse.state, stands).join(
            PromotionUse, PromotionUse.group_id == OrderGroup.id
        )
    )
    taken = ("awaiting_payment", "authorized", "deposited", "paid")
    expected = {"cancelled": "given_back"} | dict.fromkeys(taken, "taken")
    for number, group, use, has_orders in found:
        is_over = group == "paid" and not has_orders
        if not is_over and expected.get(group, use) != use:
            yield f"group {number} is {group}, its promotion is {use}"


ALL = (orders_are_their_lines, groups_are_their_orders, counts_are_uses, ended_groups_use_nothing)
