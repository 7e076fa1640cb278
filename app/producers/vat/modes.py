"""How a shop says its prices: with VAT in them, or net, so that basket and checkout add it: `features["prices"]`.

Net prices are for shops that sell outside the EU, or to businesses only: to a consumer in the EU the price that is
shown is the whole price (Dir. 98/6, art. 2; art. 13 Codice del consumo). Orders freeze the way they were placed.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.shops.models import Shop
from app.system import audit

FEATURE, GROSS, NET = "prices", "gross", "net"


def no_weights() -> str:
    return _("Con i prezzi senza IVA non si vende a peso: quello che si paga si saprebbe solo dopo la pesata.")


def no_deposits() -> str:
    return _("Con i prezzi senza IVA non si vende con l’acconto.")


async def chosen(db: AsyncSession, shop_id: int) -> str:
    """GROSS | NET, as the row has it now; a shop's facts may be half a minute old."""
    features = await db.scalar(select(Shop.features).where(Shop.id == shop_id)) or {}
    return NET if features.get(FEATURE) == NET else GROSS


async def choose(db: AsyncSession, shop_id: int, mode: str, person: Person) -> bool:
    """Have prices say so from now on. Within a transaction; whether anything changed. What is sold must fit: see
    `documents/price_mode.py`.
    """
    shop = await db.get_one(Shop, shop_id, with_for_update={"key_share": True}, populate_existing=True)
    before = NET if shop.features.get(FEATURE) == NET else GROSS
    if before == mode:
        return False
    shop.features = {**shop.features, FEATURE: mode}
    audit.by(db, person, "prices.mode", ("shop", shop_id), {"prices": before}, {"prices": mode})
    return True
