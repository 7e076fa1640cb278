"""Mails about orders that are late, each in its reader's language. Within a transaction; each is written once."""

from collections.abc import Callable, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import links
from app.commerce.orders import queries as orders
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.mails import Office, write_sentences
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.overdue import queries
from app.commerce.overdue.queries import EXPIRED, WAITING, Late
from app.kernel import clock, formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

Words = Callable[[], tuple[str, Sequence[str]]]  # subject and sentences, in the language that is spoken


async def remind(db: AsyncSession, office: Office, producer_id: int, due: Sequence[tuple[Order, date]]) -> None:
    """To a producer, once a day: what must leave tomorrow, be ready soon, or has until tomorrow."""
    for reader in (await orders.readers_at(db, [producer_id])).get(producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            await mail.write_page(
                db, office.shop, "sentences",
                kind="overdue.remind",
                reference=f"{producer_id}:{clock.today(office.shop.time_zone)}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=_("Promemoria: che cosa scade domani"),
                sentences=[_due(order, day) for order, day in due],
                link=address(office.settings, office.shop, "/banco", locale),
                button=_("Vai al banco"),
            )  # fmt: skip


async def tell_late(db: AsyncSession, office: Office, late: Late) -> None:
    """The promised day has passed, or the new term too: to the buyer, who may choose now, and to the producer."""
    if late.stage == WAITING:
        return
    order, reference = late.order, f"{late.order.number}:{late.until or late.promised}"
    with writing(office.shop, late.group.locale):
        subject, sentences = _to_buyer_of(late)
        await _to_buyer(
            db, office, late.group, order, "late", reference=reference, subject=subject, sentences=sentences
        )

    def words() -> tuple[str, Sequence[str]]:
        day = _day(late.until or late.promised)
        can_end = _("Chi ha comprato adesso può risolvere il contratto, e tutto quello che ha pagato torna a lui.")
        can_grant = _("Chi ha comprato adesso può darti un nuovo termine; se passa anche quello può risolvere.")
        return _("In ritardo: ordine %(number)s", number=order.number), [
            _("Era promesso entro il %(day)s e non ci risulta consegnato.", day=day),
            can_end if late.stage == EXPIRED else can_grant,
            _("Se è già arrivato segnalo nell’ordine. Se qualcosa ti ferma, scrivi subito a chi lo aspetta."),
        ]

    await _to_producer(db, office, order, "late", reference=reference, words=words)


async def tell_term(db: AsyncSession, office: Office, term_id: int) -> None:
    """A new term has been granted: to the producer, and to the buyer on a durable medium."""
    term = await queries.term(db, term_id)
    order = await orders.order_of(db, term.order_id)
    reference = f"{order.number}:{term.until}"

    def words() -> tuple[str, Sequence[str]]:
        return _("Nuovo termine: ordine %(number)s", number=order.number), [
            _("L’ordine è in ritardo. Chi ha comprato ti dà tempo fino al %(day)s.", day=_day(term.until)),
            _("Se entro quel giorno non è consegnato può risolvere il contratto, e tutto quello che ha pagato torna a "
              "lui."),
        ]  # fmt: skip

    await _to_producer(db, office, order, "term", reference=reference, words=words)
    with writing(office.shop, order.group.locale):
        sentences = [
            _("Hai dato a %(seller)s tempo fino al %(day)s, e gliel’abbiamo scritto.", seller=_seller(order),
              day=_day(term.until)),
            _("Se passa anche quel giorno ti scriviamo: potrai risolvere il contratto e riavere subito tutto."),
        ]  # fmt: skip
        subject = _("Nuovo termine per l’ordine %(number)s", number=order.number)
        await _to_buyer(
            db, office, order.group, order, "term", reference=reference, subject=subject, sentences=sentences
        )


async def tell_ended(db: AsyncSession, office: Office, order_id: int) -> None:
    """The contract has been ended: to both. What goes back, and how, the refund's own mail says."""
    order = await orders.order_of(db, order_id)
    events = await orders.desk_events(db, order)
    said = next((event.note for event in reversed(events) if event.kind == queries.ENDED), "")

    def words() -> tuple[str, Sequence[str]]:
        sentences = [
            _("Non è arrivato in tempo e chi ha comprato ha risolto il contratto (art. 61 Codice del consumo)."),
            _("Se non è ancora partito non spedirlo. Se è in viaggio richiamalo: il ritorno è a tuo carico."),
        ]
        if said:
            sentences.insert(1, _("Ha scritto: «%(words)s»", words=said))
        return _("Contratto risolto: ordine %(number)s", number=order.number), sentences

    await _to_producer(db, office, order, "ended", reference=order.number, words=words)
    with writing(office.shop, order.group.locale):
        sentences = [
            _("Hai risolto il contratto con %(seller)s per l’ordine %(number)s, e gliel’abbiamo scritto.",
              seller=_seller(order), number=order.number),
            _("Tutto quello che hai pagato per questo ordine torna a te, consegna compresa: con un’altra mail ti "
              "diciamo quanto e dove."),
            _("Se il pacco arriva lo stesso, scrivi al produttore: lo riprende lui, a sue spese."),
        ]  # fmt: skip
        subject = _("Contratto risolto: ordine %(number)s", number=order.number)
        await _to_buyer(
            db, office, order.group, order, "ended", reference=order.number, subject=subject, sentences=sentences
        )


def _to_buyer_of(late: Late) -> tuple[str, Sequence[str]]:
    seller, number = _seller(late.order), late.order.number
    if late.stage == EXPIRED and late.until:
        return _("È passato anche il nuovo termine: ordine %(number)s", number=number), [
            _("Avevi dato a %(seller)s tempo fino al %(day)s, e l’ordine non ci risulta consegnato.", seller=seller,
              day=_day(late.until)),
            _("Adesso puoi risolvere il contratto: ti torna subito tutto quello che hai pagato, consegna compresa. O "
              "dargli ancora tempo, se preferisci."),
        ]  # fmt: skip
    made = _("%(seller)s doveva finirlo entro il %(day)s, e non ci risulta pronto.", seller=seller,
             day=_day(late.promised))  # fmt: skip
    sent = _("Il pacco di %(seller)s doveva arrivare entro il %(day)s, e non ci risulta consegnato.", seller=seller,
             day=_day(late.promised))  # fmt: skip
    return _("In ritardo: puoi scegliere che cosa fare, ordine %(number)s", number=number), [
        made if late.is_being_made else sent,
        _("Puoi concedere un nuovo termine, in un giorno che scegli tu. Se passa anche quello puoi risolvere il "
          "contratto, e ti torna tutto quello che hai pagato."),
        _("Puoi risolverlo subito se chi vende si è rifiutato di consegnare, o se il giorno era essenziale."),
        _("Se intanto è arrivato non devi fare nulla."),
    ]  # fmt: skip


def _due(order: Order, day: date) -> str:
    buyer = order.group.name
    if order.group.state == DEPOSITED:
        return _("%(number)s, %(name)s: da finire entro il %(day)s", number=order.number, name=buyer, day=_day(day))
    if order.ship_by == day:
        return _("%(number)s, %(name)s: da spedire entro il %(day)s", number=order.number, name=buyer, day=_day(day))
    return _("%(number)s, %(name)s: il nuovo termine finisce il %(day)s", number=order.number, name=buyer,
             day=_day(day))  # fmt: skip


def _day(day: date) -> str:
    return formats.date(day, current_locale())


def _seller(order: Order) -> str:
    return str(order.producer.get("name", ""))


async def _to_buyer(
    db: AsyncSession,
    office: Office,
    group: OrderGroup,
    order: Order,
    kind: str,
    *,
    reference: str,
    subject: str,
    sentences: Sequence[str],
) -> None:
    key = links.token(office.settings.secret_key, group)
    page = f"/ordini/{group.number}" + (f"/ritardo/{order.number}" if kind == "late" else "") + f"?chiave={key}"
    await write_sentences(
        db, office, group, f"overdue.{kind}",
        reference=reference,
        recipient=group.email,
        locale=group.locale,
        subject=subject,
        sentences=sentences,
        link=address(office.settings, office.shop, page, group.locale),
        button=_("Scegli che cosa fare") if kind == "late" else _("Vedi l’ordine"),
    )  # fmt: skip


async def _to_producer(
    db: AsyncSession, office: Office, order: Order, kind: str, *, reference: str, words: Words
) -> None:
    """To his own address, and to everybody at his desk."""
    for reader in (await orders.readers_at(db, [order.producer_id])).get(order.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            subject, sentences = words()
            await write_sentences(
                db, office, order.group, f"overdue.{kind}_desk",
                reference=f"{reference}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=subject,
                sentences=sentences,
                link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                button=_("Vedi l’ordine"),
            )  # fmt: skip
