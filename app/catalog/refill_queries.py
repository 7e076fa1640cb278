"""What a producer sees of refills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import packs
from app.catalog.models import Product, RefillException, RefillPlan, RefillRun, StockItem, Variant
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import in_language

SHOWN = 14


@dataclass(frozen=True)
class Kept:
    """A stock item with its plan, if it has one. available: pieces that may be bought now. next_at: of its refill."""

    item_id: int
    sku: str
    name: str
    format: str
    available: int
    next_at: datetime | None
    plan: RefillPlan | None


@dataclass(frozen=True)
class Story:
    """exceptions: (day, pieces) from today on. runs: what was done, the newest first."""

    exceptions: Sequence[tuple[date, int]]
    runs: Sequence[RefillRun]


async def kept(db: AsyncSession, producer_id: int, sku: str | None = None) -> list[Kept]:
    """Everything that a producer keeps on a shelf, those with a plan first; or one thing."""
    statement = (
        select(Variant, Product.name, StockItem, RefillPlan)
        .join(Product, Product.id == Variant.product_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(RefillPlan, RefillPlan.stock_item_id == StockItem.id)
        .where(Product.producer_id == producer_id, Product.deleted_at.is_(None), Variant.retired_at.is_(None))
        .order_by(RefillPlan.id.is_(None), Product.sort_name, Product.id, Variant.position, Variant.id)
        .execution_options(populate_existing=True)
    )
    rows = await db.execute(statement if sku is None else statement.where(Variant.sku == sku))
    locale = current_locale()
    return [
        Kept(
            item.id,
            variant.sku,
            in_language(name, locale),
            packs.name_of(variant),
            item.available,
            item.refills_at,
            plan,
        )
        for variant, name, item, plan in rows
    ]


async def one(db: AsyncSession, producer_id: int, sku: str) -> Kept:
    """Raises NotFound for another's."""
    found = await kept(db, producer_id, sku)
    if not found:
        raise NotFound
    return found[0]


async def story(db: AsyncSession, item_id: int, today: date) -> Story:
    exceptions = await db.execute(
        select(RefillException.day, RefillException.pieces)
        .where(RefillException.stock_item_id == item_id, RefillException.day >= today)
        .order_by(RefillException.day)
    )
    runs = await db.scalars(
        select(RefillRun).where(RefillRun.stock_item_id == item_id).order_by(RefillRun.day.desc()).limit(SHOWN)
    )
    return Story([(day, pieces) for day, pieces in exceptions], list(runs))


def typed(plan: RefillPlan | None) -> Mapping[str, str | list[str]]:
    """The form of a plan as somebody would have filled it in; a new one starts from a working week at eight."""
    if plan is None:
        return {"weekdays": ["0", "1", "2", "3", "4"], "pieces": "", "hour": "8", "unsold": "expire"}
    days = [str(day) for day in plan.weekdays]
    return {"weekdays": days, "pieces": str(plan.pieces), "hour": str(plan.hour), "unsold": plan.unsold}
