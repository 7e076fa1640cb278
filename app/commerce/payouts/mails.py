"""The mail about money that did not reach a producer's bank. Within a transaction; written once to each reader."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.payouts.models import Payout
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


async def tell_failure(db: AsyncSession, shop: ShopFacts, settings: Settings, payout_id: int) -> None:
    payout = await db.get_one(Payout, payout_id)
    readers = await orders.readers_at(db, [payout.producer_id])
    for reader in readers.get(payout.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(shop, locale):
            subject = _("Il versamento in banca è tornato indietro")
            await mail.write_page(
                db,
                shop,
                "payout",
                kind="payout.failed",
                reference=f"{payout.id}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=subject,
                payout=payout,
                link=address(settings, shop, "/banco/incassi", locale),
            )
