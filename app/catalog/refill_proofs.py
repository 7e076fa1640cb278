"""What must be true of kitchen refills at any moment: proven with the ledger (commerce/payments/proofs.py)."""

from collections import defaultdict
from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import RefillException, RefillRun, StockItem, StockMovement

REFILL, EXPIRED, SALE = "refill", "expired", "sale"
BY_HAND = ("count", "initial", "return")


async def every_run_is_on_the_shelf(db: AsyncSession) -> AsyncIterator[str]:
    """A refill that was done is one movement of its pieces, and one of what expired with it; no other is such."""
    moved: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    rows = await db.execute(
        select(
            StockMovement.stock_item_id, StockMovement.reference, StockMovement.kind, StockMovement.on_hand_change
        ).where(StockMovement.kind.in_((REFILL, EXPIRED)))
    )  # fmt: skip
    for item_id, reference, kind, change in rows:
        moved[item_id, reference, kind].append(change)
    runs = await db.scalars(select(RefillRun).order_by(RefillRun.stock_item_id, RefillRun.day))
    for run in runs:
        of_day = run.stock_item_id, run.day.isoformat()
        came, went = (moved.pop((*of_day, kind), []) for kind in (REFILL, EXPIRED))
        if came != [run.pieces] or went != ([-run.expired] if run.expired else []):
            said = f"{run.pieces} more and {run.expired} expired, its movements {came} and {went}"
            yield f"the refill of stock item {of_day[0]} on {of_day[1]} says {said}"
    for (item_id, reference, kind), changes in sorted(moved.items()):
        yield f"stock item {item_id} has movements {kind} of {changes} on {reference}, and no refill was done"


async def planned_sold_and_left_add_up(db: AsyncSession) -> AsyncIterator[str]:
    """What the kitchen made and what came by hand is what was sold, what expired and what is left."""
    made = (
        select(
            RefillRun.stock_item_id,
            func.sum(RefillRun.pieces).label("pieces"),
            func.sum(RefillRun.expired).label("expired"),
        )
        .group_by(RefillRun.stock_item_id)
        .subquery()
    )
    by_hand, sold = (
        select(func.coalesce(func.sum(StockMovement.on_hand_change), 0))
        .where(StockMovement.stock_item_id == StockItem.id, StockMovement.kind.in_(kinds))
        .scalar_subquery()
        for kinds in (BY_HAND, (SALE,))
    )
    found = await db.execute(
        select(StockItem.id, StockItem.on_hand, made.c.pieces, made.c.expired, by_hand, -sold)
        .join(made, made.c.stock_item_id == StockItem.id)
        .order_by(StockItem.id)
    )
    for item_id, left, pieces, expired, brought, sales in found:
        if pieces + brought != sales + expired + left:
            ways = f"{pieces} made and {brought} by hand, {sales} sold, {expired} expired and {left} left"
            yield f"the kitchen's stock item {item_id} does not add up: {ways}"


async def what_expires_leaves_the_new_pieces(db: AsyncSession) -> AsyncIterator[str]:
    """Where a refill took off what was left, just its own pieces could be bought right after it."""
    free = StockMovement.on_hand_change - StockMovement.reserved_change
    running = select(
        StockMovement.stock_item_id,
        StockMovement.reference,
        StockMovement.kind,
        func.sum(free).over(partition_by=StockMovement.stock_item_id, order_by=StockMovement.id).label("available"),
    ).subquery()
    found = await db.execute(
        select(RefillRun.stock_item_id, RefillRun.day, RefillRun.pieces, running.c.reference, running.c.available)
        .join(running, running.c.stock_item_id == RefillRun.stock_item_id)
        .where(RefillRun.expired > 0, running.c.kind == REFILL)
        .order_by(RefillRun.stock_item_id, RefillRun.day)
    )
    for item_id, day, pieces, reference, available in found:
        if reference == day.isoformat() and available != pieces:
            yield f"after the refill of stock item {item_id} on {reference} {available} could be bought, not {pieces}"


async def other_days_are_done_as_agreed(db: AsyncSession) -> AsyncIterator[str]:
    """A day with other pieces than the week's was refilled with these; one without any was not refilled."""
    found = await db.execute(
        select(RefillRun.stock_item_id, RefillRun.day, RefillRun.pieces, RefillException.pieces)
        .join(
            RefillException,
            (RefillException.stock_item_id == RefillRun.stock_item_id) & (RefillException.day == RefillRun.day),
        )
        .where(RefillException.pieces != RefillRun.pieces)
        .order_by(RefillRun.stock_item_id, RefillRun.day)
    )
    for item_id, day, done, agreed in found:
        yield f"stock item {item_id} was refilled with {done} on {day.isoformat()}, {agreed} were agreed"


ALL = (
    every_run_is_on_the_shelf,
    planned_sold_and_left_add_up,
    what_expires_leaves_the_new_pieces,
    other_days_are_done_as_agreed,
)
