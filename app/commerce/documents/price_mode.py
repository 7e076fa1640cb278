"""An admin has the shop's prices say VAT in them, or net. What cannot be right without VAT in the price is refused."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product, Variant
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.producers.vat import modes
from app.producers.vat.classes import EU
from app.system import page_drops


async def choose(db: AsyncSession, shop: ShopFacts, mode: str, person: Person, *, agreed: bool) -> None:
    """Within a transaction; twice is harmless. agreed: an admin of a shop in the EU has said that it may.

    Raises Refused, beside `agreed` without that, and beside `prices` while goods are sold by weight or with a deposit:
    what such goods cost is reckoned from prices with their VAT.
    """
    if mode == modes.NET:
        by_weight, with_deposit = await _obstacles(db)
        if by_weight:
            raise Refused(f"{modes.no_weights()} {_('Toglili prima.')}", "prices")
        if with_deposit:
            raise Refused(f"{modes.no_deposits()} {_('Toglili prima.')}", "prices")
        if shop.country in EU and not agreed:
            raise Refused(_("Nell’UE serve la tua conferma."), "agreed")
    if await modes.choose(db, shop.id, mode, person):
        await page_drops.drop(db, page_drops.EVERYTHING)  # every price says it


async def _obstacles(db: AsyncSession) -> tuple[bool, bool]:
    """Whether anything is sold (by weight, with a deposit)."""
    of_product = select(Product.id).where(Product.id == Variant.product_id, Product.deleted_at.is_(None)).exists()
    weighed = exists().where(Variant.weight_tolerance.is_not(None), Variant.retired_at.is_(None), of_product)
    deposited = exists().where(Product.deposit_percent.is_not(None), Product.deleted_at.is_(None))
    found = (await db.execute(select(weighed, deposited))).one()
    return bool(found[0]), bool(found[1])
