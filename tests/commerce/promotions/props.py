"""Promotions in the database, and shoppers who use them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.commerce.promotions import buyers
from app.commerce.promotions.models import Promotion, PromotionCode, PromotionCount, PromotionUse
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import TestShop


async def promote(
    shop: TestShop, kind: str = "percent", *, codes: dict[str, int | None] | None = None, **columns: Any
) -> int:
    """A running promotion of the shop; its id. codes: code → its limit."""
    values: dict[str, Any] = {
        "title": {"it": "Festa d’autunno", "en": "Autumn feast"},
        "kind": kind,
        "percent": 10 if kind == "percent" else 100 if kind == "bundle" else 0,
        "lane": {"delivery": "delivery", "gift": "gift"}.get(kind, "goods"),
        "shop_share": 100,
        "starts_at": clock.now() - timedelta(days=1),
        "needs_code": codes is not None,
        "made_at": clock.now(),
        **columns,
    }
    async with shop.database.session(shop.id) as db, transaction(db):
        row = Promotion(**values)
        db.add(row)
        await db.flush()
        for code, limit in (codes or {}).items():
            folded = buyers.folded(code)
            db.add(PromotionCode(promotion_id=row.id, code=code, folded=folded, limit_uses=limit, made_at=clock.now()))
        return row.id


async def uses_of(shop: TestShop) -> list[PromotionUse]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(PromotionUse).order_by(PromotionUse.id)))


async def counted(shop: TestShop, promotion_id: int) -> dict[str, int]:
    """scope, up to its colon → uses."""
    async with shop.database.session(shop.id) as db:
        found = await db.execute(
            select(PromotionCount.scope, PromotionCount.used).where(PromotionCount.promotion_id == promotion_id)
        )
        sums: dict[str, int] = {}
        for scope, used in found:
            name = scope.partition(":")[0]
            sums[name] = sums.get(name, 0) + used
        return sums
