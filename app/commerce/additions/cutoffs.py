"""Until when a producer's orders stay open: what he has decided."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import NotFound
from app.kernel.tenancy import Person
from app.producers.models import Producer
from app.system import audit


async def of_producer(db: AsyncSession, producer_id: int) -> int | None:
    """Hours before noon of the day on which a parcel leaves; None: until he confirms the order. Raises NotFound."""
    row = (await db.execute(select(Producer.closes_hours_before).where(Producer.id == producer_id))).first()
    if row is None:
        raise NotFound
    return row[0]


async def decide(db: AsyncSession, person: Person, producer_id: int, hours: int | None) -> None:
    """It counts from now on for all orders that nobody has confirmed. Within a transaction."""
    producer = await db.scalar(select(Producer).where(Producer.id == producer_id).with_for_update(key_share=True))
    if producer is None:
        raise NotFound
    before, producer.closes_hours_before = producer.closes_hours_before, hours
    if before != hours:
        audit.by(db, person, "producer.cut_off", ("producer", producer_id), {"hours": before}, {"hours": hours})
