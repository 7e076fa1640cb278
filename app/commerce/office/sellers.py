"""What the shop has agreed with each producer: its percentage, of what it is taken, and how long a piece may take."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.models import Product
from app.commerce.office.rules_form import SellerTerms
from app.kernel.errors import NotFound
from app.kernel.tenancy import Person
from app.producers.models import Producer
from app.shops import rules
from app.system import audit


@dataclass(frozen=True)
class Agreed:
    """With one producer; None, or "" for the base in words: as for all."""

    id: int
    name: str
    rate: Decimal | None
    base: str
    making_days: int | None


async def listed(db: AsyncSession) -> Sequence[Agreed]:
    """All producers by name, the hidden ones too; one statement."""
    words = {value: str(said) for value, said, _aside in rules.FEE_BASES}
    return [
        Agreed(
            row.id,
            row.name,
            Decimal(row.fee_rate) if row.fee_rate is not None else None,
            words.get(row.fee_base or "", ""),
            row.making_days,
        )
        for row in await db.scalars(select(Producer).order_by(Producer.name, Producer.id))
    ]


async def one(db: AsyncSession, producer_id: int) -> Producer:
    """Raises NotFound for another shop's."""
    found = await db.scalar(select(Producer).where(Producer.id == producer_id))
    if found is None:
        raise NotFound
    return found


async def agree(db: AsyncSession, producer_id: int, wanted: SellerTerms, person: Person) -> bool:
    """This holds for orders from now on; False if it did before. Within a transaction. Raises as `one`."""
    row = await db.scalar(
        select(Producer)
        .where(Producer.id == producer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    rate = None if wanted.fee_rate is None else str(wanted.fee_rate)
    after = {"fee_rate": rate, "fee_base": wanted.fee_base, "making_days": wanted.making_days}
    before = {name: getattr(row, name) for name in after}
    if before == after:
        return False
    for name, value in after.items():
        setattr(row, name, value)
    audit.by(db, person, "producer.terms", ("producer", row.id), before, after)
    made = select(Product.id).where(Product.producer_id == row.id, Product.deposit_percent.is_not(None))
    await products.touch(db, list(await db.scalars(made)))  # their pages say in how many days they are made
    return True
