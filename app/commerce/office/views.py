"""What the pages of staff show, and the table that they take away."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Hold
from app.commerce.office import queries
from app.commerce.office.queries import Alarms, Money, Pair
from app.commerce.office.trail import Line
from app.commerce.orders import views, words
from app.commerce.orders.models import OrderEvent, OrderGroup
from app.commerce.orders.views import GroupView
from app.commerce.payments import refusals, transfers
from app.commerce.payments import words as books
from app.commerce.payments.models import LedgerJournal, Payment, StripeEvent, Transfer
from app.kernel import clock
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.money import exponent
from app.kernel.tenancy import ShopFacts
from app.system.models import OutgoingMail
from app.web import access
from app.web import visit as visits
from app.web.desk import Desk, DeskLink

MAIL_STATES = {
    "queued": (_l("In coda"), "warm"),
    "sent": (_l("Inviata"), "good"),
    "kept": (_l("Tenuta qui"), "plain"),
    "failed": (_l("Non partita"), "bad"),
}
TRANSFER_STATES = {
    "due": (_l("In partenza"), "warm"),
    "sending": (_l("In partenza"), "warm"),
    "cancelled": (_l("Trattenuto"), "plain"),
    "sent": (_l("Inviato"), "good"),
    "failed": (_l("Rifiutato"), "bad"),
}
WAITS_FOR_ACCOUNT = (_l("Aspetta il conto"), "bad")
PAYMENT_STATES = {
    "new": (_l("Da aprire"), "plain"),
    "open": (_l("Aperto"), "warm"),
    "processing": (_l("In corso"), "warm"),
    "authorized": (_l("Autorizzato, da pesare"), "warm"),
    "capturing": (_l("Si addebita"), "warm"),
    "releasing": (_l("Si libera"), "plain"),
    "released": (_l("Liberato"), "plain"),
    "lost": (_l("Autorizzazione perduta"), "bad"),
    "paid": (_l("Pagato"), "good"),
    "failed": (_l("Non riuscito"), "bad"),
    "expired": (_l("Scaduto"), "plain"),
    "late": (_l("Arrivato tardi"), "bad"),
    "refunded": (_l("Restituito"), "plain"),
}
JOB_STATES = {
    "queued": _l("In coda"),
    "running": _l("In corso"),
    "done": _l("Fatti"),
    "dead": _l("Fermi"),
}
HOLD_STATES = {"held": _l("Da parte"), "released": _l("Rimessi in vendita"), "sold": _l("Venduti")}
JOBS = "/amministrazione/lavori"
ACCOUNTS = {
    "stripe_balance": _l("Saldo presso Stripe"),
    "producer_payable": _l("Dovuto al produttore"),
    "fee_income": _l("Trattenuta del negozio"),
    "refund_due": _l("Da restituire"),
    "promotion_cost": _l("Sconti a carico del negozio"),
    "deposits": _l("Acconti dei clienti"),
    "credit_owed": _l("Credito dei clienti"),
    "loyalty_cost": _l("Punti diventati credito"),
    "expired_credit": _l("Credito scaduto"),
    "stripe_fees": _l("Costi di Stripe"),
    "disputed": _l("Contestato"),
    "dispute_loss": _l("Perso in contestazioni"),
    "capture_loss": _l("Non addebitato per errore"),
    "bank": _l("Arrivato in banca"),
    "application_fees": _l("Trattenuta in rientro dal produttore"),
    "adjustments": _l("Rettifiche spiegate"),
}


@dataclass(frozen=True)
class LedgerRow:
    """seller: whose part it is, or "". Debit positive, credit negative."""

    kind: str
    at: datetime
    account: str
    seller: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class StoryRow:
    at: datetime
    what: str
    order: str
    who: str
    note: str


@dataclass(frozen=True)
class HoldRow:
    sku: str
    quantity: int
    state: str
    expires_at: datetime


@dataclass(frozen=True)
class Dossier:
    """Everything about one group. travelling: what of it was added to other orders, and they to it."""

    order: GroupView
    travelling: Sequence[Pair]
    payments: Sequence[Payment]
    transfers: Sequence[tuple[str, Transfer]]  # number of the order, and the money that goes to its producer
    ledger: Sequence[LedgerRow]
    story: Sequence[StoryRow]
    mails: Sequence[OutgoingMail]
    events: Sequence[StripeEvent]
    holds: Sequence[HoldRow]
    trail: Sequence[Line]


def frame(alarms: Alarms) -> Desk:
    """The frame of every page of staff."""
    return Desk(
        _("Amministrazione"),
        [
            DeskLink(_("Ordini"), "/amministrazione"),
            _counted(_("Rimborsi"), "/amministrazione/rimborsi", alarms),
            _counted(_("Recessi"), "/amministrazione/recessi", alarms),
            _counted(_("Ritardi"), "/amministrazione/ritardi", alarms),
            _counted(_("Contestazioni"), "/amministrazione/contestazioni", alarms),
        ],
        [
            (_("Vetrina"), [
                DeskLink(_("Produttori"), "/amministrazione/produttori"),
                DeskLink(_("Prodotti"), "/amministrazione/prodotti"),
                DeskLink(_("Schede"), "/amministrazione/schede"),
                DeskLink(_("Reparti"), "/amministrazione/reparti"),
                DeskLink(_("Etichette"), "/amministrazione/etichette"),
                DeskLink(_("Sinonimi"), "/amministrazione/sinonimi"),
                DeskLink(_("Importa"), "/amministrazione/importa"),
                DeskLink(_("Recensioni"), "/amministrazione/recensioni"),
                DeskLink(_("Promozioni"), "/amministrazione/promozioni"),
                DeskLink(_("Prezzi dinamici"), "/amministrazione/prezzi-dinamici"),
                DeskLink(_("Consegna"), "/amministrazione/consegna"),
            ]),
            (_("Conti"), [
                _counted(_("Credito"), "/amministrazione/credito", alarms),
                _counted(_("Documenti"), "/amministrazione/documenti", alarms),
                _counted(_("Conti"), "/amministrazione/conti", alarms),
                DeskLink(_("IVA"), "/amministrazione/iva"),
                DeskLink(_("Versamenti"), "/amministrazione/versamenti"),
                DeskLink(_("Conti collegati"), "/amministrazione/conti-collegati"),
                *(_of_admins() if _is_admins() else ()),
            ]),
            (_("Macchina"), [
                _counted(_("Eventi"), "/amministrazione/eventi", alarms),
                DeskLink(_("Lavori"), JOBS, alarms.dead_jobs + alarms.failed_transfers + alarms.more.get(JOBS, 0)),
                DeskLink(_("Posta"), "/amministrazione/posta", alarms.failed_mails),
                DeskLink(_("Registro"), "/amministrazione/registro"),
                DeskLink(_("Avviso sulla garanzia"), "/amministrazione/avviso-garanzia"),
            ]),
        ],
    )  # fmt: skip


async def frame_of(db: AsyncSession) -> Desk:
    """The same, counted now."""
    return frame(await queries.alarms(db))


def transfer_state(transfer: Transfer) -> tuple[object, str]:
    """(name, tone); one that is due may be waiting for its producer to open his account."""
    waits = transfer.state == "due" and transfer.error in transfers.WAITS_FOR_ACCOUNT
    return WAITS_FOR_ACCOUNT if waits else TRANSFER_STATES[transfer.state]


def _is_admins() -> bool:
    return access.admin(visits.current().person)


def _of_admins() -> Sequence[DeskLink]:
    """How the shop takes money and what it has decided about it."""
    ways = DeskLink(_("Modi di pagare"), "/amministrazione/pagamenti")
    return ways, DeskLink(_("Regole del negozio"), "/amministrazione/regole")


def _counted(name: str, url: str, alarms: Alarms) -> DeskLink:
    return DeskLink(name, url, alarms.more.get(url))


def dossier(
    shop: ShopFacts,
    group: OrderGroup,
    events: Sequence[OrderEvent],
    *,
    money: Money,
    mails: Sequence[OutgoingMail],
    holds: Sequence[Hold],
    trail: Sequence[Line],
    travelling: Sequence[Pair],
) -> Dossier:
    """group: with its orders and their lines. events: its whole timeline, oldest first."""
    numbers = {order.id: order.number for order in group.orders}
    sellers = {order.id: str(order.producer.get("name", "")) for order in group.orders}
    skus = {line.stock_item_id: line.sku for order in group.orders for line in order.lines}
    return Dossier(
        order=views.group_view(shop, group, events, clock.now()),
        travelling=travelling,
        payments=money.payments,
        transfers=[(numbers.get(transfer.order_id, ""), transfer) for transfer in money.transfers],
        ledger=_ledger(money.journals, sellers),
        story=[_story(event, numbers) for event in events],
        mails=mails,
        events=money.events,
        holds=[
            HoldRow(skus.get(h.stock_item_id, ""), h.quantity, str(HOLD_STATES[h.state]), h.expires_at) for h in holds
        ],
        trail=trail,
    )


def _ledger(journals: Sequence[LedgerJournal], sellers: Mapping[int, str]) -> list[LedgerRow]:
    return [
        LedgerRow(
            books.journal(journal.kind),
            journal.at,
            str(ACCOUNTS.get(entry.account, entry.account)),
            sellers.get(entry.order_id or 0, ""),
            entry.amount_minor,
            entry.currency,
        )
        for journal in journals
        for entry in journal.entries
    ]


def _story(event: OrderEvent, numbers: Mapping[int, str]) -> StoryRow:
    return StoryRow(
        event.at,
        words.event(event.kind, of_order=event.order_id is not None and event.kind != "paid"),
        numbers.get(event.order_id or 0, ""),
        str(words.ACTORS.get(event.actor, event.actor)),
        _note(event),
    )


def _note(event: OrderEvent) -> str:
    """Of a refund that failed its number, and why in words; every other note as it is."""
    if event.kind != "refund_failed":
        return event.note
    number, colon, why = event.note.partition(": ")
    return f"{number}: {refusals.sentence(why)}" if colon else refusals.sentence(event.note)


def table(groups: Sequence[OrderGroup]) -> bytes:
    """Orders as CSV for a spreadsheet: semicolons and decimal commas, as Italian ones read them; UTF-8 with a mark."""
    text = io.StringIO()
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    heads = ("numero", "stato", "data", "pagato", "nome", "email", "telefono", "cap", "città", "provincia", "paese")
    sheet.writerow([*heads, "prodotti", "consegna", "totale", "valuta"])
    for group in groups:
        amounts = (group.goods_minor, group.delivery_minor, group.total_minor)
        sheet.writerow(
            [
                group.number,
                group.state,
                group.placed_at.isoformat(timespec="seconds"),
                group.paid_at.isoformat(timespec="seconds") if group.paid_at else "",
                *map(_harmless, (group.name, group.email, group.phone, group.postal_code, group.city)),
                group.province,
                group.country,
                *(_amount(minor, group.currency) for minor in amounts),
                group.currency,
            ]
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _amount(minor: int, currency: str) -> str:
    decimals = exponent(currency)
    whole, part = divmod(minor, 10**decimals)
    return f"{whole},{part:0{decimals}}" if decimals else str(whole)


def _harmless(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
