"""Twelve days from the payment an invoice has to be with the SdI (art. 21, c. 4, DPR 633/72): who can help is told.

On the ninth, the eleventh and the twelfth day, in one mail a day: to the producer for whom it waits, and to staff.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import waiting
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.orders.queries import Reader
from app.identity import queries as people
from app.kernel import clock
from app.kernel.i18n import LOCALES, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

TOLD_ON = (waiting.WARNED_AFTER, waiting.DAYS - 1, waiting.DAYS)  # days after the payment
AT_DESK, AT_STAFF = "/banco/documenti", "/amministrazione/documenti/in-attesa"


async def warn(db: AsyncSession, shop: ShopFacts, settings: Settings) -> None:
    """Write today's mails. Within a transaction; each is written once."""
    today = clock.today(shop.time_zone)
    counts = await waiting.reaching(db, [_day(today - timedelta(days=days), shop.time_zone) for days in TOLD_ON])
    if not counts:
        return
    readers = await orders.readers_at(db, list(counts))
    office = Office(shop, settings)
    for producer_id, count in counts.items():
        for reader in readers[producer_id]:
            await _write(db, office, f"{today}:{producer_id}:{reader.user_id or 0}", reader, count)
    for user_id, email, locale in await people.staff_readers(db):
        await _write(db, office, f"{today}:s{user_id}", Reader(email, locale, user_id), sum(counts.values()), AT_STAFF)


def _day(day: date, time_zone: str) -> tuple[datetime, datetime]:
    zone = ZoneInfo(time_zone)
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


async def _write(
    db: AsyncSession, office: Office, reference: str, reader: Reader, count: int, path: str = AT_DESK
) -> None:
    shop, spoken = office.shop, reader.locale if reader.locale in LOCALES else LOCALES[0]
    with writing(shop, spoken):
        await mail.write_page(
            db,
            shop,
            "sentences",
            kind="document.deadline",
            reference=reference,
            recipient=reader.email,
            locale=spoken,
            subject=_("Fatture vicine alla scadenza"),
            sentences=[
                ngettext(
                    "%(num)s fattura non è ancora arrivata allo SdI, o lo SdI non ha ancora risposto.",
                    "%(num)s fatture non sono ancora arrivate allo SdI, o lo SdI non ha ancora risposto.",
                    count,
                ),
                _("Va trasmessa entro 12 giorni dal pagamento (art. 21 DPR 633/72): guarda che cosa manca."),
            ],
            link=address(office.settings, shop, path, spoken),
            button=_("Guarda che cosa manca"),
        )
