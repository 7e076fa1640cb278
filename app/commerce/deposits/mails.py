"""Mails about deposits and balances, each in its reader's language. Within a transaction; each is written once."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.deposits.calling_off import PATIENCE
from app.commerce.orders import leaving, links
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office, write_sentences
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import Payment
from app.kernel import formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.web.addresses import address
from app.web.pages import writing


async def ask(db: AsyncSession, office: Office, group_id: int) -> None:
    """The piece is ready: the rest can be paid, by the order's private link."""
    group = await orders.with_orders(db, group_id)
    if group.state != "deposited":
        return
    with writing(office.shop, group.locale):
        said = _(
            "%(seller)s ha finito: quello che hai ordinato è pronto. Manca solo il saldo di %(balance)s, consegna "
            "compresa; l’acconto di %(deposit)s l’hai già pagato.",
            seller=_seller(group),
            **_parts(group),
        )
        subject = _("È pronto: paga il saldo dell’ordine %(number)s", number=group.number)
        await _to_buyer(db, office, group, "ask", reference=group.number, subject=subject,
                        sentences=[said, _then(group)], button=_("Paga il saldo"))  # fmt: skip


async def remind(db: AsyncSession, office: Office, group_id: int, place: int) -> None:
    """It has been ready for some time. place: 1 for the first reminder, 2 for the last."""
    group = await orders.with_orders(db, group_id)
    if group.state != "deposited" or group.balance_asked_at is None:
        return
    with writing(office.shop, group.locale):
        said = _(
            "Quello che hai ordinato da %(seller)s è pronto e ti aspetta: manca il saldo di %(balance)s.",
            seller=_seller(group),
            **_parts(group),
        )
        zone = ZoneInfo(office.shop.time_zone)
        last_day = formats.date(group.balance_asked_at + PATIENCE, current_locale(), zone)
        until = _(
            "Te lo tiene da parte fino al %(day)s. Dopo può annullare l’ordine: l’acconto torna tutto a te.",
            day=last_day,
        )
        subject = _("Ti aspetta: il saldo dell’ordine %(number)s", number=group.number)
        await _to_buyer(db, office, group, "remind", reference=f"{group.number}:{place}", subject=subject,
                        sentences=[said, until, _then(group)], button=_("Paga il saldo"))  # fmt: skip


async def tell_paid(db: AsyncSession, office: Office, group_id: int) -> None:
    """The balance has come: to the buyer, and to the producer, who may send the piece now."""
    group = await orders.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        said = _("Abbiamo ricevuto il saldo di %(balance)s: l’ordine è pagato per intero.", **_parts(group))
        fetch = _("Adesso puoi passare a ritirarlo da %(seller)s.", seller=_seller(group))
        sent = _("%(seller)s lo spedisce: ti scriviamo appena parte.", seller=_seller(group))
        subject = _("Saldo ricevuto: ordine %(number)s", number=group.number)
        sentences = [said, fetch if _is_fetched(group) else sent]
        await _to_buyer(db, office, group, "paid", reference=group.number, subject=subject, sentences=sentences,
                        button=_("Segui il tuo ordine"))  # fmt: skip
    for order in group.orders:
        await _to_producer(db, office, group, order, "paid")


async def tell_overdue(db: AsyncSession, office: Office, group_id: int) -> None:
    """To the producer: he need not wait for the balance any longer."""
    group = await orders.with_orders(db, group_id)
    for order in group.orders if group.state == "deposited" else ():
        await _to_producer(db, office, group, order, "overdue")


async def tell_called_off(db: AsyncSession, office: Office, order_id: int) -> None:
    """An order ended before its balance: to its buyer, and to the producer."""
    order = await orders.order_of(db, order_id)
    group = order.group
    with writing(office.shop, group.locale):
        gone = _(
            "Non paghi altro. L’acconto di %(deposit)s è già tornato a te attraverso la tua banca.", **_parts(group)
        )
        back = _(
            "Non paghi altro, e l’acconto di %(deposit)s torna tutto sul metodo di pagamento che hai usato: di solito "
            "in 5–10 giorni.",
            **_parts(group),
        )
        sentences = [gone if group.cancel_reason == "deposit_lost" else back]
        if note := await _note(db, order):
            sentences.insert(0, note)
        subject = _("Ordine %(number)s annullato", number=group.number)
        await _to_buyer(db, office, group, "called_off", reference=order.number, subject=subject, sentences=sentences,
                        button=_("Vedi l’ordine"))  # fmt: skip
    await _to_producer(db, office, group, order, "called_off")


async def tell_late(db: AsyncSession, office: Office, payment_id: int) -> None:
    """A balance was paid for an order that had ended meanwhile: it goes back."""
    payment = await db.get_one(Payment, payment_id)
    group = await orders.with_orders(db, payment.group_id)
    with writing(office.shop, group.locale):
        said = _(
            "Il saldo è arrivato quando l’ordine era già annullato. Ti restituiamo %(amount)s sul metodo di pagamento "
            "che hai usato: di solito in 5–10 giorni. Non devi fare nulla.",
            amount=formats.money(payment.amount_minor, payment.currency, current_locale()),
        )
        subject = _("Ti restituiamo il saldo dell’ordine %(number)s", number=group.number)
        await _to_buyer(db, office, group, "late", reference=f"{group.number}:{payment.id}", subject=subject,
                        sentences=[said], button=_("Vedi l’ordine"))  # fmt: skip


async def _note(db: AsyncSession, order: Order) -> str:
    """What whoever called it off has to say."""
    events = await orders.desk_events(db, order)
    return next((event.note for event in reversed(events) if event.kind == "cancelled"), "")


def _then(group: OrderGroup) -> str:
    if _is_fetched(group):
        return _("Appena l’hai pagato puoi passare a ritirarlo.")
    return _("Parte appena l’hai pagato.")


def _is_fetched(group: OrderGroup) -> bool:
    return all(leaving.is_pickup(order) for order in group.orders)


def _seller(group: OrderGroup) -> str:
    return ", ".join(str(order.producer.get("name", "")) for order in group.orders)


def _parts(group: OrderGroup) -> dict[str, str]:
    locale = current_locale()
    return {
        "deposit": formats.money(group.deposit_minor, group.currency, locale),
        "balance": formats.money(group.total_minor - group.deposit_minor, group.currency, locale),
    }


async def _to_buyer(
    db: AsyncSession,
    office: Office,
    group: OrderGroup,
    kind: str,
    *,
    reference: str,
    subject: str,
    sentences: Sequence[str],
    button: str,
) -> None:
    key = links.token(office.settings.secret_key, group)
    link = address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale)
    await write_sentences(
        db, office, group, f"deposit.{kind}",
        reference=reference, recipient=group.email, locale=group.locale,
        subject=subject, sentences=sentences, link=link, button=button,
    )  # fmt: skip


async def _to_producer(db: AsyncSession, office: Office, group: OrderGroup, order: Order, kind: str) -> None:
    """To his own address, and to everybody at his desk."""
    for reader in (await orders.readers_at(db, [order.producer_id])).get(order.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            subject, said = _words(kind, order)
            await write_sentences(
                db, office, group, f"deposit.{kind}",
                reference=f"{order.number}:{reader.user_id or 0}",
                recipient=reader.email,
                locale=locale,
                subject=subject,
                sentences=[said],
                link=address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                button=_("Vedi l’ordine"),
            )  # fmt: skip


def _words(kind: str, order: Order) -> tuple[str, str]:
    number = order.number
    if kind == "paid":
        fetched = _("È pagato per intero: quando passa a ritirarlo puoi consegnarlo.")
        sent = _("È pagato per intero: adesso puoi spedirlo.")
        said = fetched if leaving.is_pickup(order) else sent
        return _("Saldo pagato: ordine %(number)s", number=number), said
    if kind == "overdue":
        return _("Saldo non pagato: ordine %(number)s", number=number), _(
            "Hai chiesto il saldo trenta giorni fa e non è arrivato. Puoi ancora aspettare, oppure annullare l’ordine: "
            "l’acconto torna a chi ha comprato e il pezzo è di nuovo in vendita."
        )
    return _("Ordine %(number)s annullato", number=number), _(
        "L’ordine %(number)s è annullato: non spedirlo. I pezzi sono di nuovo in vendita.", number=number
    )
