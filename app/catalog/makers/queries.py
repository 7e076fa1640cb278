"""What staff see of producers, and what anybody at a desk sees of his own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product
from app.kernel.errors import NotFound
from app.producers import selling, tax
from app.producers.models import Producer, ProducerMember


@dataclass(frozen=True)
class Row:
    """One line of the list. goods: published, and all that are not thrown away."""

    producer: Producer
    on_sale: int
    goods: int
    people: int
    before_selling: Sequence[str]  # what he lacks before anybody can order from him

    @property
    def lacks(self) -> Sequence[str]:
        """What his invoices wait for."""
        return tax.missing(self.producer)


async def listed(db: AsyncSession) -> list[Row]:
    """All producers by name, the hidden ones too; two statements."""
    lacking = await selling.lacking(db)
    goods = (
        select(func.count(Product.id), func.count(Product.published_at))
        .where(Product.producer_id == Producer.id, Product.deleted_at.is_(None))
        .correlate(Producer)
    )
    everything = goods.with_only_columns(func.count(Product.id)).scalar_subquery()
    on_sale = goods.with_only_columns(func.count(Product.published_at)).scalar_subquery()
    people = select(func.count(ProducerMember.id)).where(ProducerMember.producer_id == Producer.id)
    rows = await db.execute(
        select(Producer, on_sale, everything, people.correlate(Producer).scalar_subquery()).order_by(
            Producer.name, Producer.id
        )
    )
    return [Row(maker, sold, goods, team, lacking.get(maker.id, ())) for maker, sold, goods, team in rows]


async def producer(db: AsyncSession, producer_id: int) -> Producer:
    """Raises NotFound."""
    found = await db.scalar(select(Producer).where(Producer.id == producer_id))
    if found is None:
        raise NotFound
    return found
