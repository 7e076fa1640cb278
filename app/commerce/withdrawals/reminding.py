"""The clock of refunds after a withdrawal (art. 56): the producer is reminded in time, staff when it is over."""

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import mails as order_mails
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.withdrawals import queries
from app.commerce.withdrawals.models import Withdrawal
from app.identity import queries as people
from app.kernel import clock, formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.web.addresses import address
from app.web.pages import writing

AHEAD = timedelta(days=3)


async def remind(db: AsyncSession, office: Office) -> None:
    """Write about every refund that is due soon, or should have gone. Within a transaction; once for each due day."""
    today = clock.today(office.shop.time_zone)
    for row in await queries.due_by(db, today + AHEAD):
        if row.due_on is None:
            continue
        await _remind_producer(db, office, row, row.due_on)
        if row.due_on < today:
            await _tell_staff(db, office, row, row.due_on)


async def _remind_producer(db: AsyncSession, office: Office, row: Withdrawal, due_on: date) -> None:
    group = row.order.group
    for reader in (await orders.readers_at(db, [row.producer_id]))[row.producer_id]:
        locale = _spoken(reader.locale)
        with writing(office.shop, locale):
            day = formats.date(due_on, current_locale(), style="full")
            await order_mails.write_sentences(
                db,
                office,
                group,
                "withdrawal.due",
                reference=f"{row.number}:{due_on}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=_("Da rimborsare entro %(day)s: ordine %(number)s", day=day, number=row.order.number),
                sentences=[
                    _(
                        "Per il recesso %(number)s vanno restituiti %(amount)s entro tutto %(day)s.",
                        number=row.number,
                        amount=formats.money(row.total_minor, group.currency, current_locale()),
                        day=day,
                    ),
                    _("È il termine di legge: 14 giorni dal recesso, o il giorno in cui i prodotti sono tornati."),
                ],
                link=address(office.settings, office.shop, f"/banco/recessi/{row.number}", locale),
                button=_("Vai al recesso"),
            )


async def _tell_staff(db: AsyncSession, office: Office, row: Withdrawal, due_on: date) -> None:
    group = row.order.group
    for user_id, email, reads in await people.staff_readers(db):
        locale = _spoken(reads)
        with writing(office.shop, locale):
            await order_mails.write_sentences(
                db,
                office,
                group,
                "withdrawal.overdue",
                reference=f"{row.number}:{due_on}:{user_id}",
                recipient=email,
                locale=locale,
                subject=_("Rimborso in ritardo: recesso %(number)s", number=row.number),
                sentences=[
                    _(
                        "%(seller)s doveva restituire %(amount)s entro %(day)s, e non risulta ancora fatto.",
                        seller=str(row.order.producer.get("name", "")),
                        amount=formats.money(row.total_minor, group.currency, current_locale()),
                        day=formats.date(due_on, current_locale(), style="full"),
                    ),
                    _("Senti il produttore, o rimborsa tu dalla pagina del recesso."),
                ],
                link=address(office.settings, office.shop, f"/amministrazione/recessi/{row.number}", locale),
                button=_("Vai al recesso"),
            )


def _spoken(locale: str) -> str:
    return locale if locale in LOCALES else LOCALES[0]
