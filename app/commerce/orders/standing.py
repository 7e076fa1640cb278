"""How an order stands, as its buyer reads it: a title, and what happens now."""

from collections.abc import Sequence
from datetime import datetime

from app.commerce.orders import words
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import OPEN
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext

ENDED = frozenset({"cancelled", "refunded"})


def said(group: OrderGroup, parcels: Sequence[str], now: datetime) -> tuple[str, str]:
    """Title and next step. group: with its orders. parcels: their states."""
    if group.deposit_minor and group.paid_at is None and group.authorized_at is not None:
        return _with_deposit(group)
    match group.state:
        case "awaiting_payment":
            return _("Manca il pagamento"), _("I prodotti sono da parte per te: l’ordine parte appena hai pagato.")
        case "authorized":
            return _thanks(group), ngettext(
                "L’ordine è dal produttore. La banca tiene da parte l’importo massimo: appena ha pesato ti "
                "addebitiamo quello vero e ti scriviamo a %(email)s. Il resto si libera da solo.",
                "L’ordine è dai produttori. La banca tiene da parte l’importo massimo: appena hanno pesato ti "
                "addebitiamo quello vero e ti scriviamo a %(email)s. Il resto si libera da solo.",
                _standing(parcels),
                email=group.email,
            )
        case "cancelled" if group.authorized_at is not None:
            return _("Ordine annullato"), _(
                "Non ti abbiamo addebitato nulla: la banca libera l’importo da sola, di solito in pochi giorni."
            )
        case "cancelled":
            return _("Ordine annullato"), _why_unpaid(group)
        case "refunding":
            late = _(
                "Il pagamento è arrivato quando all’ordine non si poteva più aggiungere niente. "
                "Il rimborso è in viaggio: di solito arriva in 5–10 giorni."
            )
            gone = _(
                "Il pagamento è arrivato quando i prodotti non c’erano più. Il rimborso è in viaggio: "
                "di solito arriva in 5–10 giorni."
            )
            return _("Ti restituiamo tutto"), late if any(order.joins_order_id for order in group.orders) else gone
        case "refunded" if group.paid_at is None:
            return _("Ti abbiamo restituito tutto"), _("Il rimborso è sul metodo di pagamento che hai usato.")
    return _paid(group, parcels, now)


def label(state: str, parcels: Sequence[str]) -> tuple[str, str]:
    """The same in a word, with its tone, for a list of orders. state: of the group. parcels: their states."""
    standing = [parcel for parcel in parcels if parcel not in ENDED]
    if state == "paid" and not standing:
        of_all = "cancelled" if "refunded" not in parcels else "refunded"
        return str(words.STATES[of_all][0]), words.STATES[of_all][1]
    if state == "paid" and not any(parcel in OPEN for parcel in standing):
        of_all = "shipped" if "shipped" in standing else "delivered"
        return str(words.STATES[of_all][0]), words.STATES[of_all][1]
    if state == "paid" and any(parcel != "pending" for parcel in standing):
        return _("Ci stanno lavorando"), "warm"
    said, tone = words.GROUP_STATES[state]
    return str(said), tone


def _why_unpaid(group: OrderGroup) -> str:
    match group.cancel_reason:
        case "abandoned":
            return _("L’hai cambiato prima di pagarlo: di questo non ti abbiamo addebitato nulla.")
        case "failed":
            return _("L’addebito non è riuscito, e non hai pagato nulla.")
    return _("Non è stato pagato in tempo, e non ti abbiamo addebitato nulla.")


def _with_deposit(group: OrderGroup) -> tuple[str, str]:
    """The deposit has been paid, the balance has not."""
    match group.state:
        case "refunding":
            return _("Ordine annullato"), _("L’acconto torna tutto a te: di solito arriva in 5–10 giorni.")
        case "refunded":
            return _("Ordine annullato"), _("L’acconto è tornato sul metodo di pagamento che hai usato.")
        case "cancelled":
            return _("Ordine annullato"), _("L’acconto è tornato a te attraverso la tua banca.")
    if group.balance_asked_at is not None:
        return _("È pronto: manca il saldo"), _("Appena paghi il saldo il produttore te lo consegna.")
    return _thanks(group), _(
        "L’acconto è arrivato e il produttore ci lavora. Quando è pronto ti scriviamo a %(email)s per il saldo.",
        email=group.email,
    )


def _paid(group: OrderGroup, parcels: Sequence[str], now: datetime) -> tuple[str, str]:
    """What has been paid whole: the hour after the payment is for thanks."""
    on_the_way = "shipped" in parcels
    waiting = any(state in OPEN for state in parcels)
    if parcels and all(state in ENDED for state in parcels):
        title = _("Ordine annullato") if all(state == "cancelled" for state in parcels) else _("Ordine rimborsato")
        return title, _("Quello che hai pagato torna a te: qui sotto c’è scritto quanto, dove e quando.")
    if not waiting and not on_the_way:
        return _("È arrivato tutto"), _("Buon appetito! Se qualcosa non va, scrivi al produttore o a noi.")
    if on_the_way and not waiting:
        return _("È in viaggio"), ngettext(
            "Il produttore ha spedito: segui il pacco qui sotto.",
            "I produttori hanno spedito: segui i pacchi qui sotto.",
            _standing(parcels),
        )
    if on_the_way or any(state not in {"pending", *ENDED} for state in parcels):
        return _("Ci stanno lavorando"), ngettext(
            "Il produttore spedisce appena è pronto: qui sotto vedi a che punto è.",
            "Ogni produttore spedisce il suo pacco: qui sotto vedi a che punto sono.",
            _standing(parcels),
        )
    if group.paid_at and (now - group.paid_at).total_seconds() < 3600:
        return _thanks(group), ngettext(
            "Il produttore ha ricevuto l’ordine e prepara il pacco. Ti scriviamo a %(email)s quando parte.",
            "I produttori hanno ricevuto l’ordine e preparano i pacchi. Ti scriviamo a %(email)s quando partono.",
            _standing(parcels),
            email=group.email,
        )
    return _("Il tuo ordine"), ngettext(
        "Il produttore ha ricevuto l’ordine: lo conferma e prepara il pacco.",
        "I produttori hanno ricevuto l’ordine: lo confermano e preparano i pacchi.",
        _standing(parcels),
    )


def _standing(parcels: Sequence[str]) -> int:
    """How many producers still have something to do with it."""
    return sum(state not in ENDED for state in parcels)


def _thanks(group: OrderGroup) -> str:
    return _("Grazie, %(name)s", name=group.name.partition(" ")[0])
