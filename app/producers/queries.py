"""What pages need to know of producers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import User
from app.producers.models import Certificate, ProducerMember


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


async def people_at(db: AsyncSession, producer_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """Producer id → (user id, locale) of those who work at his desk."""
    rows = await db.execute(
        select(ProducerMember.producer_id, User.id, User.locale)
        .join(User, User.id == ProducerMember.user_id)
        .where(ProducerMember.producer_id.in_(producer_ids), User.disabled_at.is_(None))
        .order_by(User.id)
    )
    found: dict[int, list[tuple[int, str]]] = {producer_id: [] for producer_id in producer_ids}
    for producer_id, user_id, locale in rows:
        found[producer_id].append((user_id, locale))
    return found


@dataclass(frozen=True, slots=True)
class Certified:
    """What a control body lets a producer call its goods. mark, designation, body, number: as in Certificate."""

    mark: str
    designation: str
    body: str
    number: str
    valid_until: date


async def certified(db: AsyncSession, producer_id: int, today: date) -> list[Certified]:
    """The certificates that are valid today, by name; an expired one is not shown (law.md L16)."""
    rows = await db.execute(
        select(Certificate.mark, Certificate.designation, Certificate.body, Certificate.number, Certificate.valid_until)
        .where(Certificate.producer_id == producer_id, Certificate.valid_until >= today)
        .order_by(Certificate.designation, Certificate.mark)
    )
    return [Certified(*row) for row in rows]
