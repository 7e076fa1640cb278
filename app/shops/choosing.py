"""An admin sets the rules of his shop (rules.py). Within a transaction; each change is in the audit trail."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.tenancy import Person
from app.shops import rules
from app.shops.models import Shop
from app.system import audit


async def now(db: AsyncSession, shop_id: int) -> dict[str, Any]:
    """Every rule by its name, as the row has it; a shop's facts may be half a minute old."""
    row = await db.get_one(Shop, shop_id, populate_existing=True)
    return {each.name: each.of(row) for each in rules.ALL}


async def choose(db: AsyncSession, shop_id: int, wanted: Mapping[str, Any], person: Person) -> bool:
    """Have these rules hold from now on; False if they did already. wanted: by name. Twice is harmless."""
    row = await db.get_one(Shop, shop_id, with_for_update={"key_share": True}, populate_existing=True)
    changed = [each for each in rules.ALL if each.name in wanted and each.of(row) != wanted[each.name]]
    before = {each.name: each.kept(each.of(row)) for each in changed}
    for each in changed:
        each.put(row, wanted[each.name])
    if changed:
        audit.by(
            db,
            person,
            "shop.rules.choose",
            ("shop", shop_id),
            before,
            {each.name: each.kept(wanted[each.name]) for each in changed},
        )
    return bool(changed)
