"""What producers sell to consumers in other EU states, against the limit above which the buyer's VAT is due.

A producer who has no OSS is told at 80 % of the limit and when it is reached, once a year each, and so is staff.
Source: art. 59c Dir. 2006/112; law.md 1.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import queries
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.queries import Reader
from app.identity import queries as people
from app.kernel import clock
from app.kernel.formats import money
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.producers import tax
from app.producers.models import Producer
from app.producers.vat.classes import EU
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

LIMIT_MINOR = 1_000_000  # € 10.000 a year, all states together
TOLD_AT = (80, 100)  # percent of it
CURRENCY = "EUR"
AT_DESK, AT_STAFF = "/banco/documenti", "/amministrazione/iva"


@dataclass(frozen=True)
class Sold:
    """A year's sales of a producer to consumers in other EU states, net, minor units."""

    producer_id: int
    name: str
    sold_minor: int
    has_oss: bool
    limit_minor: int = LIMIT_MINOR

    @property
    def percent(self) -> int:
        return self.sold_minor * 100 // self.limit_minor

    @property
    def reached(self) -> int:
        """The highest of TOLD_AT; 0 for none."""
        return max((each for each in TOLD_AT if self.percent >= each), default=0)

    @property
    def is_near(self) -> bool:
        return self.reached > 0 and not self.has_oss


def year_of(shop: ShopFacts) -> tuple[int, datetime, datetime]:
    """The present year in the shop's time zone, with the moments at which it begins and ends."""
    year = clock.today(shop.time_zone).year
    first, after = (queries.moments_of(f"{each}-01", shop.time_zone)[0] for each in (year, year + 1))
    return year, first, after


async def sold(db: AsyncSession, shop: ShopFacts, producer_id: int | None = None) -> list[Sold]:
    """This year's sales of every producer who has any, or of one; the most first. Nothing outside the EU or the euro.

    Goods that were collected at the producer's are no distance sale.
    """
    if shop.country not in EU or shop.currency != CURRENCY:
        return []
    _year, since, until = year_of(shop)
    found = (
        select(Producer.id, Producer.name, Producer.legal, Order.vat)
        .join(Order, Order.producer_id == Producer.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(
            OrderGroup.country.in_(sorted(EU - {shop.country})),
            func.coalesce(OrderGroup.invoice["kind"].as_string(), "") != "company",
            func.coalesce(Order.delivery["method"].as_string(), "") != "pickup",
            OrderGroup.paid_at >= since,
            OrderGroup.paid_at < until,
        )
    )
    if producer_id is not None:
        found = found.where(Producer.id == producer_id)
    today = clock.today(shop.time_zone)
    nets: dict[int, Sold] = {}
    for id_, name, legal, vat in await db.execute(found):
        before = nets[id_].sold_minor if id_ in nets else 0
        nets[id_] = Sold(id_, name, before + sum(row["net_minor"] for row in vat), tax.has_oss(legal, today))
    return sorted(nets.values(), key=lambda each: (-each.sold_minor, each.name))


async def warn(db: AsyncSession, shop: ShopFacts, settings: Settings) -> None:
    """Write the mails that are due. Within a transaction; each is written once a year."""
    near = [each for each in await sold(db, shop) if each.is_near]
    if not near:
        return
    year = year_of(shop)[0]
    readers = await orders.readers_at(db, [each.producer_id for each in near])
    staff = [Reader(email, locale, user_id) for user_id, email, locale in await people.staff_readers(db)]
    office = Office(shop, settings)
    for each in near:
        reference = f"{year}:{each.reached}:{each.producer_id}"
        await _write_all(db, office, reference, each, readers[each.producer_id], AT_DESK)
        await _write_all(db, office, f"{reference}:s", each, staff, AT_STAFF)


async def _write_all(
    db: AsyncSession, office: Office, reference: str, each: Sold, readers: Sequence[Reader], path: str
) -> None:
    shop = office.shop
    for reader in readers:
        spoken = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(shop, spoken):
            await mail.write_page(
                db,
                shop,
                "sentences",
                kind="vat.abroad",
                reference=f"{reference}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=spoken,
                subject=_subject(each),
                sentences=_sentences(each, spoken),
                link=address(office.settings, shop, path, spoken),
                button=_("Guarda a che punto siamo"),
            )


def _subject(each: Sold) -> str:
    return _("Vendite nell’UE: limite raggiunto") if each.reached == 100 else _("Vendite nell’UE: vicino al limite")


def _sentences(each: Sold, locale: str) -> list[str]:
    return [
        _(
            "Quest’anno %(name)s ha venduto a consumatori di altri paesi UE %(sold)s, IVA esclusa; "
            "il limite è %(limit)s.",
            name=each.name,
            sold=money(each.sold_minor, CURRENCY, locale),
            limit=money(each.limit_minor, CURRENCY, locale),
        ),
        _(
            "Oltre il limite l’IVA è quella del paese di chi compra: serve l’iscrizione all’OSS, "
            "che si segna tra i dati fiscali."
        ),
    ]
