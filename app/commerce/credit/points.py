"""Points: earned when an order is delivered, made into credit, taken back in proportion when it is refunded.

Off unless the shop's settings say otherwise (credit/terms.py). Rules and examples: docs/algorithms/credit.md.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, terms
from app.commerce.credit.book import NotEnough, Part, Why
from app.commerce.credit.models import PointsEarned, ValueEntry, ValueLot
from app.commerce.credit.terms import PointTerms
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import ledger
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import divided
from app.kernel.tenancy import ShopFacts


def earned(goods_minor: int, every_minor: int) -> int:
    """Points for goods: one for every so many minor units that are full. The delivery earns nothing."""
    return goods_minor // every_minor


def due_back(points: int, refunded_minor: int, total_minor: int) -> int:
    """Of an order's points, those that refunds so far come to, half up; all of them when everything went back."""
    if total_minor <= 0 or refunded_minor >= total_minor:
        return points
    return divided(points * refunded_minor, total_minor)


async def earn(db: AsyncSession, shop: ShopFacts, order_id: int) -> int:
    """The points of a delivered order, once. Within a transaction. Returns how many there are after its refunds."""
    rule = terms.of(shop).points
    order = await db.get(Order, order_id)
    if rule is None or order is None or order.state not in {"delivered", "partially_refunded"}:
        return 0
    row = await _row(db, order.id)
    if row.earned_at is not None or (await db.get_one(OrderGroup, order.group_id)).paid_at is None:
        return 0  # by weight: what it comes to is known once it is charged, which asks again
    row.earned_at, row.points = clock.now(), earned(order.goods_minor, rule.every_minor)
    row.taken_back = due_back(row.points, sum(row.refunds.values()), order.total_minor)
    net = row.points - row.taken_back
    if net:
        group = await db.get_one(OrderGroup, order.group_id)
        account = await book.points(db, user_id=group.user_id, email=group.email)
        row.account_id = account.id
        why, end = Why("earned", order.number), terms.ending(rule.months, shop.time_zone)
        await book.put_in(db, account, net, why, expires_at=end, worth_minor=rule.value_minor)
    return net


async def take_points_back(db: AsyncSession, order: Order, refunded_minor: int, reference: str) -> int:
    """A refund of an order takes its points back in proportion to the order's total. Within a transaction.

    refunded_minor: of this refund, delivery included, whatever it was paid with. Idempotent by reference. An order that
    has not been delivered earns less later. Points that have been spent are let go: a balance is never below zero.
    Returns how many points went.
    """
    row = await _row(db, order.id)
    if reference in row.refunds:
        return 0
    row.refunds = {**row.refunds, reference: refunded_minor}
    if row.earned_at is None or row.account_id is None:
        return 0
    due = due_back(row.points, sum(row.refunds.values()), order.total_minor)
    wanted, row.taken_back = due - row.taken_back, due
    account = (await book.lock(db, [row.account_id]))[row.account_id]
    there = sum(lot.left_minor for lot in await book.usable_lots(db, account.id))
    taken = min(wanted, there)
    if taken > 0:
        await book.take_out(db, account, taken, Why("points_back", f"{order.number}:{reference}"[:80]))
    return max(0, taken)


async def into_credit(db: AsyncSession, shop: ShopFacts, user_id: int, points: int, key: str) -> int:
    """Make points into money of the wallet, each at the rate of its day. Within a transaction; one form's key, once.

    Returns the minor units. Raises Refused, beside `points`, for more than there are.
    """
    rule = _must_have(shop)
    wallet = await book.wallet(db, shop.currency, user_id=user_id, email=None)
    account = await book.points(db, user_id=user_id, email=None)
    reference = f"points:{user_id}:{key}"[:80]
    known = select(ValueEntry.id).where(ValueEntry.kind == "converted", ValueEntry.reference == reference)
    if await db.scalar(known.limit(1)) is not None:
        return 0
    try:
        parts = await book.take_out(db, account, points, Why("converted", reference))
    except NotEnough:
        raise Refused(_("Non hai così tanti punti."), "points") from None
    amount = worth(await _lots_of(db, parts), rule.value_minor)
    lines = [
        ledger.Line(ledger.LOYALTY_COST, amount, shop.currency),
        ledger.Line(ledger.CREDIT_OWED, -amount, shop.currency),
    ]
    await ledger.post(db, "points_converted", reference, lines, None)
    end = terms.lasting(terms.of(shop).credit_months, shop.time_zone)
    await book.put_in(db, wallet, amount, Why("converted", reference), expires_at=end)
    return amount


def worth(points: Iterable[tuple[int, int | None]], now_minor: int) -> int:
    """Minor units that points become. points: (how many, what each was worth when it was given or none).

    now_minor: of those of which nobody said. A shop that changes the value changes it for points to come.
    """
    return sum(count * (now_minor if each is None else each) for count, each in points)


async def _lots_of(db: AsyncSession, parts: Sequence[Part]) -> list[tuple[int, int | None]]:
    found = await db.scalars(select(ValueLot).where(ValueLot.id.in_([part.lot_id for part in parts])))
    each = {lot.id: lot.worth_minor for lot in found}
    return [(part.amount_minor, each[part.lot_id]) for part in parts]


def _must_have(shop: ShopFacts) -> PointTerms:
    rule = terms.of(shop).points
    if rule is None:
        raise Refused(_("Questo negozio non ha una raccolta punti."), "points")
    return rule


async def _row(db: AsyncSession, order_id: int) -> PointsEarned:
    """What is known of an order's points, begun if there is nothing yet; locked."""
    found = select(PointsEarned).where(PointsEarned.order_id == order_id).with_for_update(key_share=True)
    found = found.execution_options(populate_existing=True)
    row = await db.scalar(found)
    if row is None:
        row = PointsEarned(order_id=order_id, points=0, refunds={}, taken_back=0)
        try:
            async with db.begin_nested():
                db.add(row)
        except IntegrityError:  # somebody else has just begun it
            row = (await db.scalars(found)).one()
    return row
