"""Mails about parcels that should have come by now. Within a transaction; each is written once."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import leaving, links, mails, queries
from app.commerce.orders.mails import Office
from app.commerce.orders.queries import Away
from app.kernel import formats
from app.kernel.i18n import LOCALES, current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


async def ask_producer(
    db: AsyncSession, office: Office, producer_id: int, parcels: Sequence[Away], presumed_after: int
) -> None:
    """To the producer's own address and everybody at his desk: have these come? presumed_after: days after sending."""
    for reader in (await queries.readers_at(db, [producer_id]))[producer_id]:
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            count = len(parcels)
            await mail.write_page(
                db,
                office.shop,
                "sentences",
                kind="order.ask_arrival",
                reference=f"{parcels[0].order.number}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=ngettext("%(num)s pacco è arrivato?", "%(num)s pacchi sono arrivati?", count),
                sentences=[
                    _("Di questi non sappiamo ancora se sono arrivati. Se lo sono, segnalo: bastano pochi secondi."),
                    *(_line(office, parcel) for parcel in parcels),
                    _(
                        "Se nessuno dice niente, %(days)s giorni dopo la spedizione li contiamo come arrivati: sulla "
                        "pagina di chi ha comprato si legge «consegna presunta».",
                        days=presumed_after,
                    ),
                ],
                link=address(office.settings, office.shop, "/banco", locale),
                button=_("Vai al banco"),
            )


async def tell_presumed(db: AsyncSession, office: Office, order_id: int) -> None:
    """To who bought: we take it that it has come, and what to do if it has not."""
    order = await queries.order_of(db, order_id)
    group, seller = order.group, str(order.producer.get("name", ""))
    with writing(office.shop, group.locale):
        if leaving.is_pickup(order):
            subject = _("Hai ritirato il tuo ordine da %(name)s?", name=seller)
            said = _("È pronto da tempo, e contiamo che tu l’abbia ritirato.")
            otherwise = _("Se non sei ancora passato, scrivi al produttore: %(email)s.", email=_reach(order.producer))
        else:
            subject = _("Il pacco di %(name)s dovrebbe essere arrivato", name=seller)
            said = _("È partito da tempo e nessuno ci ha detto che manca: contiamo che sia arrivato.")
            otherwise = _("Se non è arrivato, scrivi al produttore (%(email)s) o a noi.", email=_reach(order.producer))
        key = links.token(office.settings.secret_key, group)
        await mails.write_sentences(
            db,
            office,
            group,
            "order.presumed",
            reference=order.number,
            recipient=group.email,
            locale=group.locale,
            subject=subject,
            sentences=[
                said,
                otherwise,
                _("Il tempo per recedere non si accorcia: se manca una conferma te ne diamo di più."),
            ],
            link=address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale),
            button=_("Vedi tutto l’ordine"),
        )


def _line(office: Office, parcel: Away) -> str:
    order, group = parcel.order, parcel.order.group
    day = formats.date(_local(office, parcel.since), current_locale())
    if leaving.is_pickup(order):
        return _("%(number)s, %(name)s: pronto dal %(day)s", number=order.number, name=group.name, day=day)
    return _(
        "%(number)s, %(name)s, %(city)s: spedito il %(day)s",
        number=order.number,
        name=group.name,
        city=group.city,
        day=day,
    )


def _local(office: Office, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(office.shop.time_zone))


def _reach(producer: dict[str, object]) -> str:
    return str(producer.get("email", ""))
