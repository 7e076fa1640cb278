"""Mails about orders, each in its reader's language. Within a transaction; written once, however often a job runs."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import contracts, leaving, links, parcels, queries, reckoning, views
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.views import ParcelView
from app.kernel import clock
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


@dataclass(frozen=True)
class Office:
    """In whose name we write, and where our pages are."""

    shop: ShopFacts
    settings: Settings


async def confirm(db: AsyncSession, office: Office, group_id: int) -> None:
    """The whole contract as it was agreed, on a durable medium, and once more as PDF (law.md L22, L23)."""
    group = await queries.with_orders(db, group_id)
    agreed = await contracts.agreed(db, office.shop, group_id)
    with writing(office.shop, group.locale):
        subject = _("Il tuo ordine %(number)s", number=group.number)
        await write_buyer(
            db, office, group, "confirmation", reference=group.number, subject=subject,
            order=agreed.order, contract=agreed.sections, attachment=f"{contracts.ATTACHED}:{group_id}",
        )  # fmt: skip


async def announce(db: AsyncSession, office: Office, group_id: int) -> None:
    """An order has come in: to the producer's own address, and to everybody at his desk."""
    group = await queries.with_orders(db, group_id)
    readers = await queries.readers_at(db, [order.producer_id for order in group.orders])
    joins = await parcels.numbers(db, group.orders)
    for order in group.orders:
        for reader in readers.get(order.producer_id, []):
            locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
            with writing(office.shop, locale):
                parcel = replace(views.parcel_view(office.shop, group, order, []), travels_with=joins.get(order.id, ""))
                fresh = _("Ordine nuovo: %(number)s", number=order.number)
                added = _("Un’aggiunta all’ordine %(number)s", number=parcel.travels_with)
                await _write(
                    db,
                    office,
                    "arrived",
                    reference=f"{order.number}:{reader.user_id or 0}",
                    recipient=reader.email,
                    locale=locale,
                    group_id=group.id,
                    subject=added if parcel.travels_with else fresh,
                    parcel=parcel,
                    buyer=group.name,
                    city=group.city,
                    currency=group.currency,
                    payout_minor=reckoning.as_it_stands(order, group).payout_minor,
                    link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                )


async def tell_shipped(db: AsyncSession, office: Office, order_id: int) -> None:
    """A parcel is on its way, or stands ready to be fetched."""
    order = await queries.order_of(db, order_id)
    with writing(office.shop, order.group.locale):
        parcel = await _boxed(db, office, order)
        ready = _("Il tuo ordine da %(name)s è pronto: puoi passare a ritirarlo", name=parcel.seller)
        on_its_way = _("Il pacco di %(name)s è partito", name=parcel.seller)
        subject = ready if leaving.is_pickup(order) else on_its_way
        await write_buyer(db, office, order.group, "shipped", reference=order.number, subject=subject, parcel=parcel)


async def tell_delivered(db: AsyncSession, office: Office, order_id: int) -> None:
    """A parcel has arrived: what to do if something is wrong."""
    order = await queries.order_of(db, order_id)
    with writing(office.shop, order.group.locale):
        parcel = await _boxed(db, office, order)
        subject = _("Il pacco di %(name)s è arrivato", name=parcel.seller)
        await write_buyer(db, office, order.group, "delivered", reference=order.number, subject=subject, parcel=parcel)


async def acknowledge(db: AsyncSession, office: Office, group_id: int) -> None:
    """The order has come, the bank takes days to pay it: all that was agreed (D.Lgs. 70/2003, art. 13)."""
    group = await queries.with_orders(db, group_id)
    agreed = await contracts.agreed(db, office.shop, group_id)
    with writing(office.shop, group.locale):
        subject = _("Abbiamo ricevuto il tuo ordine %(number)s", number=group.number)
        await write_buyer(
            db, office, group, "received", reference=group.number, subject=subject,
            order=agreed.order, contract=agreed.sections, attachment=f"{contracts.ATTACHED}:{group_id}",
        )  # fmt: skip


async def tell_not_paid(db: AsyncSession, office: Office, group_id: int) -> None:
    """The bank has not paid after all: there is no order any more, and nothing was taken."""
    group = await queries.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        await write_sentences(
            db,
            office,
            group,
            "order.not_paid",
            reference=group.number,
            recipient=group.email,
            locale=group.locale,
            subject=_("L’addebito non è riuscito: l’ordine %(number)s è annullato", number=group.number),
            sentences=[
                _("La banca ci ha detto che l’addebito di questo ordine non è riuscito, perciò l’ordine è annullato."),
                _("Non ti abbiamo addebitato nulla. Se i prodotti ti servono ancora, ordinali di nuovo con la carta."),
            ],
            link=address(office.settings, office.shop, "/prodotti", group.locale),
            button=_("Guarda i prodotti"),
        )


async def tell_charged(db: AsyncSession, office: Office, group_id: int) -> None:
    """What was weighed has been charged: the real weights, and the sum."""
    group = await queries.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        order = views.group_view(office.shop, group, [], clock.now())
        subject = _("Abbiamo pesato il tuo ordine %(number)s", number=group.number)
        await write_buyer(db, office, group, "charged", reference=group.number, subject=subject, order=order)


async def tell_refund(db: AsyncSession, office: Office, group_id: int) -> None:
    """The money came when the goods were gone: it goes back."""
    group = await queries.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        subject = _("Ti restituiamo quello che hai pagato per %(number)s", number=group.number)
        order = views.group_view(office.shop, group, [], clock.now())
        joins = sorted((await parcels.numbers(db, group.orders)).values())
        await write_buyer(
            db, office, group, "refund", reference=group.number, subject=subject, order=order,
            closed="" if await parcels.can_still_join(db, group.id) else joins[0],
        )  # fmt: skip


async def send_link(db: AsyncSession, office: Office, group_id: int) -> None:
    """The way back to an order, for whoever has lost it; one an hour at most."""
    group = await queries.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        reference = f"{group.number}:{clock.now():%Y%m%d%H}"
        subject = _("Il link del tuo ordine %(number)s", number=group.number)
        await write_buyer(db, office, group, "link", reference=reference, subject=subject, number=group.number)


async def _boxed(db: AsyncSession, office: Office, order: Order) -> ParcelView:
    """The parcel with all that is in the box: one mail tells of it."""
    parcel = views.parcel_view(office.shop, order.group, order, [])
    riders = (await parcels.riders(db, [order])).get(order.id, [])
    return replace(parcel, lines=[*parcel.lines, *(views.line_view(line) for rider in riders for line in rider.lines)])


async def write_buyer(
    db: AsyncSession, office: Office, group: OrderGroup, kind: str, *, reference: str, subject: str, **context: Any
) -> None:
    """A mail to who bought, with the private link of the order. Inside `writing`; kind: as of `_write`."""
    key = links.token(office.settings.secret_key, group)
    await _write(
        db,
        office,
        kind,
        reference=reference,
        recipient=group.email,
        locale=group.locale,
        group_id=group.id,
        subject=subject,
        buyer=group.name,
        link=address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale),
        withdrawal_url=address(
            office.settings, office.shop, f"/ordini/{group.number}/recesso?chiave={key}", group.locale
        ),
        **context,
    )


async def _write(
    db: AsyncSession,
    office: Office,
    kind: str,
    *,
    reference: str,
    recipient: str,
    locale: str,
    group_id: int,
    subject: str,
    **context: Any,
) -> None:
    """kind: of mail/<kind>.html and .txt. Inside `writing`."""
    await mail.write_page(
        db,
        office.shop,
        kind,
        kind=f"order.{kind}",
        reference=reference,
        recipient=recipient,
        locale=locale,
        subject=subject,
        group_id=group_id,
        **context,
    )


async def write_sentences(db: AsyncSession, office: Office, group: OrderGroup, kind: str, **parts: Any) -> None:
    """A mail about an order that is sentences and a button. Inside `writing`; parts: as of `mail.write_page`."""
    await mail.write_page(db, office.shop, "sentences", kind=kind, group_id=group.id, **parts)
