"""Mails that set something right: a tracking number, an address. Within a transaction.

event_id: of the line in the timeline that tells of the correction; each correction is written about once.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import carriers, links, mails, queries, views
from app.commerce.orders.mails import Office
from app.commerce.orders.models import OrderGroup
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.web.addresses import address
from app.web.pages import writing


async def tell_tracking(db: AsyncSession, office: Office, order_id: int, event_id: int) -> None:
    """To who bought: the right carrier and number, as they are now."""
    order = await queries.order_of(db, order_id)
    group, seller = order.group, str(order.producer.get("name", ""))
    with writing(office.shop, group.locale):
        carrier, number = carriers.name(order.carrier), order.tracking_number
        right = _("Lo porta: %(carrier)s", carrier=carrier)
        if number:
            right = _("Lo porta %(carrier)s, con il numero di spedizione %(number)s.", carrier=carrier, number=number)
        tracking = carriers.link(order.carrier, number)
        await mails.write_sentences(
            db,
            office,
            group,
            "order.tracking",
            reference=f"{order.number}:{event_id}",
            recipient=group.email,
            locale=group.locale,
            subject=_("Il numero giusto per seguire il pacco di %(name)s", name=seller),
            sentences=[
                _("Nella mail di prima c’era un corriere o un numero di spedizione sbagliato. Questo è quello giusto:"),
                right,
            ],
            link=tracking or _page(office, group),
            button=_("Segui il pacco con %(carrier)s", carrier=carrier) if tracking else _("Vedi tutto l’ordine"),
        )


async def tell_corrected(db: AsyncSession, office: Office, group_id: int, event_id: int) -> None:
    """To who bought, at the address that is right now: with whom and what we reckon, and the private link."""
    group = await queries.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        await mails.write_sentences(
            db,
            office,
            group,
            "order.corrected",
            reference=f"{group.number}:{event_id}",
            recipient=group.email,
            locale=group.locale,
            subject=_("I dati del tuo ordine %(number)s sono corretti", number=group.number),
            sentences=[
                _("Adesso l’ordine dice così:"),
                ", ".join([group.name, *views.address_lines(group)]),
                f"{group.phone} · {group.email}",
                _("Se qualcosa non torna, rispondi a questa mail. Da qui vedi l’ordine: il link è solo tuo."),
            ],
            link=_page(office, group),
            button=_("Vedi tutto l’ordine"),
        )


async def tell_producer(db: AsyncSession, office: Office, order_id: int, event_id: int) -> None:
    """To a producer who may have written the label already: the address has changed."""
    order = await queries.order_of(db, order_id)
    for reader in (await queries.readers_at(db, [order.producer_id]))[order.producer_id]:
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            await mails.write_sentences(
                db,
                office,
                order.group,
                "order.new_address",
                reference=f"{order.number}:{event_id}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=_("L’ordine %(number)s va a un altro indirizzo", number=order.number),
                sentences=[
                    _("L’indirizzo è stato corretto. Se hai già stampato bolla o etichetta, rifalle:"),
                    ", ".join([order.group.name, *views.address_lines(order.group)]),
                ],
                link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                button=_("Vai all’ordine"),
            )


def _page(office: Office, group: OrderGroup) -> str:
    key = links.token(office.settings.secret_key, group)
    return address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale)
