"""What producers read of promotions of the shop that they pay a part of."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.promotions import sharing, words
from app.commerce.promotions.models import Promotion
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

DESK = "/banco/promozioni"


async def tell_payer(db: AsyncSession, office: Office, promotion_id: int, producer_id: int) -> None:
    """He pays a part from such a day on, and may leave. To him and to everybody at his desk, once per promotion."""
    promotion = await db.scalar(select(Promotion).where(Promotion.id == promotion_id))
    if promotion is None or producer_id not in sharing.payers(promotion):
        return
    for place, reader in enumerate((await orders.readers_at(db, [producer_id]))[producer_id]):
        with writing(office.shop, reader.locale):
            await mail.write_page(
                db,
                office.shop,
                "sentences",
                kind="promotion.payer",
                reference=f"{promotion.id}:{producer_id}:{place}",
                recipient=reader.email,
                locale=reader.locale,
                subject=_("Una promozione che paghi anche tu: %(title)s", title=words.title(promotion)),
                sentences=_said(promotion, office),
                link=address(office.settings, office.shop, DESK, reader.locale),
                button=_("Apri le promozioni"),
            )


def _said(promotion: Promotion, office: Office) -> list[str]:
    locale, zone = current_locale(), ZoneInfo(office.shop.time_zone)
    mine = formats.percent(Decimal(sharing.ALL_BY_THE_SHOP - promotion.shop_share), locale)
    said = [
        _(
            "Il negozio fa una promozione sui tuoi prodotti: %(gives)s. Di ogni sconto paghi il %(share)s tu, il resto "
            "il negozio.",
            gives=words.gives(promotion, office.shop.currency),
            share=mine,
        )
    ]
    if promotion.starts_at:
        said.append(_("Comincia il %(day)s.", day=formats.datetime(promotion.starts_at, locale, zone)))
    if promotion.ends_at:
        said.append(_("Finisce il %(day)s.", day=formats.datetime(promotion.ends_at, locale, zone)))
    said.append(_("Se non ti va, esci dal tuo banco, in Promozioni: da quel momento non vale più per i tuoi prodotti."))
    return said
