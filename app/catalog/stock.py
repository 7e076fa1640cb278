"""Stock: what is on the shelf, what is held for open payments, and the record of every change.

Scarce things are taken by one conditional update each, in the order of their ids, so that two shoppers who race for the
last piece cannot both have it and never wait for each other in a circle. A hold leaves the state `held` once; whoever
makes it leave (payment, expiry, cancel) does the rest. Source: docs/algorithms/holds.md.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import index
from app.catalog.models import Hold, Product, StockItem, StockMovement, Variant
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.system import page_drops


class OutOfStock(Refused):
    """Fewer pieces are left than were asked for. short: stock item id → pieces that may still be had."""

    def __init__(self, short: Mapping[int, int]) -> None:
        super().__init__(_("Nel frattempo qualcosa è andato esaurito."))
        self.short = dict(short)


async def hold(db: AsyncSession, reference: str, demand: Mapping[int, int], expires_at: datetime) -> None:
    """Hold pieces (stock item id → quantity ≥ 1) for a payment, until it ends. Within a transaction.

    Raises OutOfStock, naming every item that is short; the caller's transaction then takes nothing.
    """
    short: dict[int, int] = {}
    for item_id, quantity in sorted(demand.items()):
        taken = await db.execute(
            update(StockItem)
            .where(StockItem.id == item_id, StockItem.on_hand - StockItem.reserved >= quantity)
            .values(reserved=StockItem.reserved + quantity)
            .execution_options(synchronize_session=False)
            .returning(StockItem.id)
        )
        if taken.first() is None:
            left = await db.scalar(select(StockItem.on_hand - StockItem.reserved).where(StockItem.id == item_id))
            short[item_id] = max(0, left or 0)
    if short:
        raise OutOfStock(short)
    now = clock.now()
    for item_id, quantity in sorted(demand.items()):  # all at once: each would be written before the next update
        db.add(
            Hold(stock_item_id=item_id, reference=reference, quantity=quantity, expires_at=expires_at, created_at=now)
        )
        _move(db, item_id, "hold", 0, quantity, reference)
    await _touch_products(db, demand)


async def release(db: AsyncSession, reference: str) -> bool:
    """Give back what is held under a reference. False if nothing is (any more). Within a transaction."""
    return await _end(db, reference, "released")


async def sell(db: AsyncSession, reference: str) -> bool:
    """The payment came: held pieces leave the shelf. False if nothing is held (any more). Within a transaction."""
    return await _end(db, reference, "sold")


async def extend(db: AsyncSession, reference: str, until: datetime) -> None:
    """Hold longer what is held under a reference: the payment takes its time. Within a transaction."""
    await db.execute(
        update(Hold)
        .where(Hold.reference == reference, Hold.state == "held", Hold.expires_at < until)
        .values(expires_at=until)
        .execution_options(synchronize_session=False)
    )


async def take_late(db: AsyncSession, reference: str, demand: Mapping[int, int]) -> None:
    """The payment came after the hold had been given back: take the pieces again, at once.

    Raises OutOfStock if they are gone; then the money must go back.
    """
    late = f"{reference}/late"
    await hold(db, late, demand, clock.now())
    await sell(db, late)


async def _end(db: AsyncSession, reference: str, state: str) -> bool:
    ended = await db.execute(
        update(Hold)
        .where(Hold.reference == reference, Hold.state == "held")
        .values(state=state)
        .execution_options(synchronize_session=False)
        .returning(Hold.stock_item_id, Hold.quantity)
    )
    rows = sorted((item_id, quantity) for item_id, quantity in ended)
    for item_id, quantity in rows:
        leaves = quantity if state == "sold" else 0
        await db.execute(
            update(StockItem)
            .where(StockItem.id == item_id)
            .values(reserved=StockItem.reserved - quantity, on_hand=StockItem.on_hand - leaves)
            .execution_options(synchronize_session=False)
        )
    for item_id, quantity in rows:
        leaves = quantity if state == "sold" else 0
        _move(db, item_id, "sale" if leaves else "release", -leaves, -quantity, reference)
    if rows:
        await _touch_products(db, dict(rows))
        if state == "sold":
            await _warn_if_low(db, [item_id for item_id, _ in rows])
        else:
            await _tell_if_back(db, dict(rows))
    return bool(rows)


async def count(db: AsyncSession, item_id: int, on_hand: int, *, actor_id: int | None, reference: str = "") -> int:
    """Set what is on the shelf after counting it; returns the change. Within a transaction.

    Raises Refused when open payments hold more than was counted: those pieces are promised.
    """
    item = await db.scalar(
        select(StockItem)
        .where(StockItem.id == item_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if item is None or on_hand < item.reserved:
        held = item.reserved if item else 0
        raise Refused(_("%(held)s pezzi sono già promessi a chi sta pagando: non puoi scendere sotto.", held=held))
    change = on_hand - item.on_hand
    if change:
        item.on_hand = on_hand
        _move(db, item_id, "count", change, 0, reference, actor_id=actor_id)
        await _touch_products(db, {item_id: 1})
        if item.available > 0 >= item.available - change:
            add_job(db, "engagement.restocked", stock_item_id=item_id)
        if change < 0:
            await _warn_if_low(db, [item_id])
    return change


async def put_back(db: AsyncSession, reference: str, pieces: Mapping[int, int], *, actor_id: int | None) -> None:
    """Goods that were sold can be sold again (stock item id → quantity ≥ 1). Within a transaction."""
    for item_id, quantity in sorted(pieces.items()):
        await db.execute(
            update(StockItem)
            .where(StockItem.id == item_id)
            .values(on_hand=StockItem.on_hand + quantity)
            .execution_options(synchronize_session=False)
        )
        _move(db, item_id, "return", quantity, 0, reference, actor_id=actor_id)
    if pieces:
        await _touch_products(db, pieces)
        await _tell_if_back(db, pieces)


async def refill(db: AsyncSession, item_id: int, pieces: int, *, expire: bool, reference: str) -> int:
    """The kitchen has so many more; with `expire`, what was left before goes off sale. Returns how much that was.

    Pieces that are held for open payments stay. Within a transaction that has locked the item.
    """
    item = await db.get_one(StockItem, item_id)
    before = item.available
    lost = before if expire else 0
    if lost:
        _move(db, item_id, "expired", -lost, 0, reference)
    item.on_hand += pieces - lost
    _move(db, item_id, "refill", pieces, 0, reference)
    await db.flush()  # what follows reads the row
    await _touch_products(db, {item_id: 1})
    if before <= 0:
        add_job(db, "engagement.restocked", stock_item_id=item_id)
    if pieces < lost:
        await _warn_if_low(db, [item_id])
    return lost


async def expect(db: AsyncSession, item_id: int, at: datetime | None) -> None:
    """When more of it comes; its pages say so. Within a transaction."""
    item = await db.get_one(StockItem, item_id)
    if item.refills_at != at:
        item.refills_at = at
        await db.flush()  # what follows reads the row
        await _touch_products(db, {item_id: 1})


def _move(
    db: AsyncSession,
    item_id: int,
    kind: str,
    on_hand: int,
    reserved: int,
    reference: str,
    *,
    actor_id: int | None = None,
) -> None:
    db.add(
        StockMovement(
            stock_item_id=item_id,
            kind=kind,
            on_hand_change=on_hand,
            reserved_change=reserved,
            reference=reference,
            actor_id=actor_id,
            at=clock.now(),
        )
    )


async def _touch_products(db: AsyncSession, items: Mapping[int, int]) -> None:
    """Raise the version of the products behind these items, in id order: their ready cards are out of date."""
    products = select(Variant.product_id).where(Variant.stock_item_id.in_(items))
    ids = sorted(set(await db.scalars(products)))
    for product_id in ids:
        await db.execute(
            update(Product)
            .where(Product.id == product_id)
            .values(version=Product.version + 1)
            .execution_options(synchronize_session=False)
        )
    await index.restock(db, ids)
    await page_drops.drop(db, "products", *(f"p{product_id}" for product_id in ids))


async def _tell_if_back(db: AsyncSession, freed: Mapping[int, int]) -> None:
    """Whoever waits is told, where the pieces just given back (stock item id → quantity) are the only ones."""
    left = await db.execute(
        select(StockItem.id, StockItem.on_hand - StockItem.reserved)
        .where(StockItem.id.in_(freed))
        .order_by(StockItem.id)
    )
    for item_id, available in left:
        if 0 < available <= freed[item_id]:
            add_job(db, "engagement.restocked", stock_item_id=item_id)


async def _warn_if_low(db: AsyncSession, item_ids: list[int]) -> None:
    """Tell producers whose stock has come down to the mark or below; once for each fall, as catalog/alerts.py sees to.

    To be called by whatever takes pieces off a shelf, after it has.
    """
    low = await db.execute(
        select(Variant.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(StockItem.id.in_(item_ids), StockItem.on_hand - StockItem.reserved <= StockItem.low_at)
        .order_by(Variant.id)
    )
    for (variant_id,) in low:
        add_job(db, "catalog.warn_low_stock", variant_id=variant_id)
