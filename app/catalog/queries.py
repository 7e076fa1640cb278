"""What pages show of the catalogue."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Category
from app.kernel.tenancy import NavItem

IN_NAVIGATION = 8


async def navigation(db: AsyncSession) -> tuple[NavItem, ...]:
    """The shop's first categories, as links."""
    rows = await db.execute(select(Category.slug, Category.name).order_by(Category.position).limit(IN_NAVIGATION))
    return tuple(NavItem(f"/categorie/{slug}", name) for slug, name in rows)
