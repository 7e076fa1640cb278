"""What pages need to know of producers."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.producers.models import ProducerMember


async def membership(db: AsyncSession, user_id: int) -> tuple[int, str] | None:
    """(producer id, owner | member) of the desk at which a person works; None for nobody's."""
    row = (
        await db.execute(
            select(ProducerMember.producer_id, ProducerMember.role)
            .where(ProducerMember.user_id == user_id)
            .order_by(ProducerMember.id)
        )
    ).first()
    return (row[0], row[1]) if row else None
