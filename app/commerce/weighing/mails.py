"""Mails about weighing, each in its reader's language. Within a transaction; each is written once."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import links
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office, write_sentences
from app.commerce.orders.models import OrderGroup
from app.commerce.payments.models import Payment
from app.identity import queries as people
from app.kernel import formats
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.web.addresses import address
from app.web.pages import writing


async def remind(db: AsyncSession, office: Office, order_id: int, place: int) -> None:
    """To the producer and his people: weigh it, soon. place: 1 for the first reminder, 2 for the last."""
    order = await orders.order_of(db, order_id)
    readers = await orders.readers_at(db, [order.producer_id])
    for reader in readers.get(order.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            await write_sentences(
                db, office, order.group, "weighing.remind",
                reference=f"{order.number}:{place}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=_("Da pesare: ordine %(number)s", number=order.number),
                sentences=[
                    _("Nell’ordine %(number)s ci sono prodotti a peso che non hai ancora pesato.", number=order.number),
                    _("Se domani mancano ancora, addebitiamo il peso stimato: se poi pesano meno, la differenza torna "
                      "a chi ha comprato.") if place > 1 else
                    _("Pesali entro due giorni: l’importo autorizzato dalla banca non resta valido a lungo."),
                ],
                link=address(office.settings, office.shop, f"/banco/ordini/{order.number}/pesata", locale),
                button=_("Scrivi i pesi"),
            )  # fmt: skip


async def tell_called_off(db: AsyncSession, office: Office, order_id: int, note: str) -> None:
    """An order was called off before it was charged: to its buyer, with the note, and to the producer."""
    order = await orders.order_of(db, order_id)
    group, key = order.group, links.token(office.settings.secret_key, order.group)
    with writing(office.shop, group.locale):
        subject = _("Ordine %(number)s annullato", number=order.number)
        await write_sentences(
            db, office, group, "weighing.called_off",
            reference=order.number,
            recipient=group.email,
            locale=group.locale,
            subject=subject,
            sentences=[
                *([note] if note else []),
                _("I prodotti di %(name)s non arrivano e non ti addebitiamo nulla per loro: la banca libera "
                  "l’importo da sola, di solito in pochi giorni.", name=order.producer.get("name", "")),
            ],
            link=address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale),
            button=_("Vedi l’ordine"),
        )  # fmt: skip
    for reader in (await orders.readers_at(db, [order.producer_id])).get(order.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            await write_sentences(
                db, office, group, "weighing.called_off",
                reference=f"{order.number}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=_("Ordine %(number)s annullato", number=order.number),
                sentences=[_("L’ordine %(number)s è annullato: non spedirlo. I pezzi sono di nuovo in vendita.",
                             number=order.number)],
                link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                button=_("Vedi l’ordine"),
            )  # fmt: skip


async def tell_lost(db: AsyncSession, office: Office, group_id: int) -> None:
    """The bank has let go of the money: to the buyer, to the producers, and to the staff."""
    group = await orders.with_orders(db, group_id)
    await _tell_buyer(db, office, group)
    readers = await orders.readers_at(db, [order.producer_id for order in group.orders])
    for order in group.orders:
        has_left = order.state != "cancelled"
        for reader in readers.get(order.producer_id, []):
            locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
            with writing(office.shop, locale):
                stop = _("L’ordine %(number)s è annullato: non spedirlo. I pezzi sono di nuovo in vendita.",
                         number=order.number)  # fmt: skip
                gone = _("L’ordine %(number)s è già partito: ti scrive la redazione.", number=order.number)
                await write_sentences(
                    db, office, group, "weighing.lost",
                    reference=f"{order.number}:{reader.user_id or 0}",
                    recipient=reader.email,
                    locale=locale,
                    subject=_("Fermati: l’ordine %(number)s non è pagato", number=order.number),
                    sentences=[_lost(), gone if has_left else stop],
                    link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                    button=_("Vedi l’ordine"),
                )  # fmt: skip
    await _tell_staff(db, office, group)


async def tell_stuck(db: AsyncSession, office: Office, payment_id: int) -> None:
    """Stripe would not take what was weighed, or somebody took another amount there: staff must decide."""
    payment = await db.get_one(Payment, payment_id)
    group = await orders.with_orders(db, payment.group_id)
    for user_id, email, reads in await people.staff_readers(db):
        locale = reads if reads in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            await write_sentences(
                db, office, group, "weighing.stuck",
                reference=f"{group.number}:{payment.id}:{user_id}",
                recipient=email,
                locale=locale,
                subject=_("Addebito fermo: %(number)s", number=group.number),
                sentences=[
                    _("L’addebito dell’ordine %(number)s dopo la pesata non è andato come doveva.",
                      number=group.number),
                    _("La banca tiene da parte l’importo solo per qualche giorno: guardalo presto."),
                ],
                link=address(office.settings, office.shop, f"/amministrazione/addebiti/{payment.id}", locale),
                button=_("Guarda l’addebito"),
            )  # fmt: skip


async def tell_surplus(db: AsyncSession, office: Office, payment_id: int) -> None:
    """More was taken from a card than the goods weigh: what is too much goes back."""
    payment = await db.get_one(Payment, payment_id)
    group = await orders.with_orders(db, payment.group_id)
    key = links.token(office.settings.secret_key, group)
    with writing(office.shop, group.locale):
        amount = formats.money(payment.amount_minor, payment.currency, group.locale)
        await write_sentences(
            db, office, group, "weighing.surplus",
            reference=f"{group.number}:{payment.id}",
            recipient=group.email,
            locale=group.locale,
            subject=_("Ti restituiamo %(amount)s per l’ordine %(number)s", amount=amount, number=group.number),
            sentences=[_("Per un nostro errore la carta ha pagato più del peso vero: %(amount)s tornano sulla stessa "
                         "carta, di solito in pochi giorni.", amount=amount)],
            link=address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale),
            button=_("Vedi l’ordine"),
        )  # fmt: skip


async def _tell_buyer(db: AsyncSession, office: Office, group: OrderGroup) -> None:
    key = links.token(office.settings.secret_key, group)
    with writing(office.shop, group.locale):
        await write_sentences(
            db, office, group, "weighing.lost",
            reference=group.number,
            recipient=group.email,
            locale=group.locale,
            subject=_("Il tuo ordine %(number)s si è fermato", number=group.number),
            sentences=[
                _lost(),
                _("Non ti abbiamo addebitato nulla e quello che non è ancora partito è annullato. Se lo vuoi ancora, "
                  "ordinalo di nuovo; se è già partito, ti scriviamo noi."),
            ],
            link=address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale),
            button=_("Vedi l’ordine"),
        )  # fmt: skip


async def _tell_staff(db: AsyncSession, office: Office, group: OrderGroup) -> None:
    left = [order.number for order in group.orders if order.state != "cancelled"]
    for user_id, email, reads in await people.staff_readers(db):
        locale = reads if reads in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            stopped = _("Tutto quello che non era partito è annullato.")
            open_ = _("Già partiti, da chiarire con chi ha comprato: %(numbers)s.", numbers=", ".join(left))
            await write_sentences(
                db, office, group, "weighing.lost",
                reference=f"{group.number}:staff:{user_id}",
                recipient=email,
                locale=locale,
                subject=_("Autorizzazione perduta: %(number)s", number=group.number),
                sentences=[_lost(), open_ if left else stopped],
                link=address(office.settings, office.shop, f"/amministrazione/ordini/{group.number}", locale),
                button=_("Vedi l’ordine"),
            )  # fmt: skip


def _lost() -> str:
    return _("La banca non tiene più da parte l’importo di questo ordine: non si può più addebitare.")
