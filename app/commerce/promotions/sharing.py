"""Promotions of the shop that producers pay a part of: each hears of it, sees it at his desk, and may leave it."""

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.promotions import editing
from app.commerce.promotions.models import Promotion
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person

ALL_BY_THE_SHOP = 100  # percent


def payers(promotion: Promotion) -> set[int]:
    """Ids of the producers who pay a part of a promotion of the shop."""
    if promotion.producer_id is not None or promotion.shop_share == ALL_BY_THE_SHOP:
        return set()
    return set(promotion.producers)


def tell(db: AsyncSession, promotion: Promotion, producer_ids: Iterable[int]) -> None:
    """Have these producers told what they pay. Within a transaction."""
    for producer_id in sorted(producer_ids):
        add_job(db, "promotions.tell_payer", promotion_id=promotion.id, producer_id=producer_id)


async def of_producer(db: AsyncSession, producer_id: int) -> list[Promotion]:
    """What he pays a part of, now or soon; newest first."""
    now = clock.now()
    rows = await db.scalars(
        select(Promotion)
        .where(
            Promotion.producer_id.is_(None),
            Promotion.shop_share < ALL_BY_THE_SHOP,
            Promotion.stopped_at.is_(None),
            or_(Promotion.ends_at.is_(None), Promotion.ends_at > now),
        )
        .order_by(Promotion.id.desc())
    )
    return [row for row in rows if producer_id in payers(row)]


async def leave(db: AsyncSession, person: Person, producer_id: int, promotion_id: int) -> None:
    """From now on it is not for his goods; the last one to leave ends it. Orders that were placed keep what they got.

    Raises NotFound for one that he does not pay. Within a transaction; in the audit trail as a change of it.
    """
    mine = {promotion.id: promotion for promotion in await of_producer(db, producer_id)}
    if promotion_id not in mine:
        raise NotFound
    others = [id_ for id_ in mine[promotion_id].producers if id_ != producer_id]
    if others:
        await editing.change(db, person, None, promotion_id, {"producers": others})
    else:
        await editing.stop(db, person, None, promotion_id)
