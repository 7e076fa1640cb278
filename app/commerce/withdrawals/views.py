"""Withdrawals as pages and mails show them: plain values in the reader's language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.words import text
from app.commerce.withdrawals import claims, handling, rules, statements, wording
from app.commerce.withdrawals.claims import Claim, Known
from app.commerce.withdrawals.models import Withdrawal, WithdrawalStatement
from app.commerce.withdrawals.rules import Period
from app.kernel import clock, formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class LineView:
    """why_not: why it cannot be taken back, or "". note: on what condition it can. choices: (value, words)."""

    id: int
    name: str
    format: str
    quantity: int
    why_not: str
    note: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SellerView:
    name: str
    company: str
    number: str
    lines: Sequence[LineView]


@dataclass(frozen=True)
class FormView:
    """The first page. until: how long there is time; late: what a statement after that is worth, or "".

    closed: why nothing can be withdrawn from, or "". uncharged: what it means that nothing has been charged yet, or "".
    """

    number: str
    until: str
    late: str
    closed: str
    uncharged: str
    sellers: Sequence[SellerView]
    everything: Sequence[str]


@dataclass(frozen=True)
class WithdrawalView:
    """What became of a statement at one seller. next: what happens now, for its buyer; due: for its seller.

    lines: (pieces, name, format, amount). send_to: where the goods go back, none when nothing has to.
    """

    number: str
    order: str
    seller: str
    buyer: str
    email: str
    phone: str
    state: str
    label: str
    tone: str
    is_open: bool
    is_late: bool
    is_overdue: bool
    has_left: bool
    submitted_at: datetime
    due_on: date | None
    lines: Sequence[tuple[int, str, str, int]]
    delivery_minor: int
    total_minor: int
    currency: str
    send_to: str
    send_back_by: date | None
    sent_back_at: datetime | None
    sent_back_how: str
    next: Sequence[str]
    due: str
    refusal: str
    refusal_text: str
    statement: Sequence[str]
    story: Sequence[tuple[datetime | None, str, str | None]]

    @property
    def is_called_off(self) -> bool:
        """Before anything was charged: there are no amounts."""
        return self.state == "called_off"

    @property
    def may_prove(self) -> bool:
        return self.is_open and self.has_left and self.sent_back_at is None and self.state != "goods_back"


def form_view(shop: ShopFacts, known: Known) -> FormView:
    period, found = known.period(shop.time_zone), claims.of_group(known)
    late = late_words(shop, period)
    return FormView(
        number=known.group.number,
        until="" if late else wording.until(period),
        late=late,
        closed=_closed(known.group, found.values()),
        uncharged=_uncharged(known.group),
        sellers=[
            SellerView(
                str(order.producer.get("name", "")),
                str(order.producer.get("company") or order.producer.get("name", "")),
                order.number,
                [_line(claim) for claim in claims.of_order(known, order)],
            )
            for order in known.group.orders
        ],
        everything=[f"{claim.line.id}:{claim.most}" for claim in found.values() if claim.most],
    )


def late_words(shop: ShopFacts, period: Period) -> str:
    """What a statement is worth that is made now; "" in time."""
    last_day = period.last_day
    return wording.too_late(last_day) if last_day and period.is_over(clock.today(shop.time_zone)) else ""


def _uncharged(group: OrderGroup) -> str:
    if group.state != "authorized":
        return ""
    return _("Non abbiamo ancora addebitato nulla: quello da cui recedi prima che parta non lo paghi.")


def _closed(group: OrderGroup, found: Iterable[Claim]) -> str:
    if group.state == DEPOSITED and any(claim.most for claim in found):
        return _("Finché non paghi il saldo recedi annullando l’ordine, dalla sua pagina: l’acconto torna tutto a te.")
    if not statements.is_open(group) and group.state != DEPOSITED:
        if group.paid_at is None and not group.deposit_minor:
            return _("Questo ordine non è stato pagato: se non lo paghi si annulla da solo, e non devi nulla.")
        return _("Questo ordine è già annullato o rimborsato: non c’è più un contratto da cui recedere.")
    if not any(claim.most for claim in found):
        return _("In questo ordine non c’è niente da cui recedere: accanto a ogni prodotto c’è scritto perché.")
    return ""


def _line(claim: Claim) -> LineView:
    snapshot, most = claim.line.snapshot, claim.most
    choices = [(f"{claim.line.id}:0", _("non lo rendo"))] + [
        (f"{claim.line.id}:{pieces}", ngettext("%(num)s pezzo", "%(num)s pezzi", pieces))
        for pieces in range(1, most + 1)
    ]
    sealed = _("Solo se la confezione è ancora sigillata (art. 59, lett. e, Codice del consumo).")
    return LineView(
        claim.line.id,
        text(snapshot.get("name")),
        text(snapshot.get("format")),
        claim.line.quantity,
        wording.why_not(claim),
        sealed if claim.is_sealed and most else "",
        choices if most else [],
    )


def withdrawal_view(
    shop: ShopFacts, row: Withdrawal, group: OrderGroup, statement: WithdrawalStatement
) -> WithdrawalView:
    """row: with its order and lines."""
    seller = row.order.producer
    label, tone = wording.STATES[row.state]
    return WithdrawalView(
        number=row.number,
        order=row.order.number,
        seller=str(seller.get("name", "")),
        buyer=statement.name,
        email=statement.email,
        phone=group.phone,
        state=row.state,
        label=str(label),
        tone=tone,
        is_open=bool(handling.MOVES[row.state]),
        is_late=row.is_late,
        is_overdue=handling.is_overdue(shop, row),
        has_left=row.has_left,
        submitted_at=row.submitted_at,
        due_on=row.due_on,
        lines=[
            (
                line.quantity,
                text(line.order_line.snapshot.get("name")),
                text(line.order_line.snapshot.get("format")),
                line.amount_minor,
            )
            for line in row.lines
        ],
        delivery_minor=row.delivery_minor,
        total_minor=row.total_minor,
        currency=group.currency,
        send_to=f"{seller.get('company') or seller.get('name', '')}, {seller.get('address', '')}"
        if row.has_left
        else "",
        send_back_by=row.send_back_by,
        sent_back_at=row.sent_back_at,
        sent_back_how=row.sent_back_how,
        next=_next(shop, row, group, statement),
        due=_due(row),
        refusal=str(wording.REFUSALS[row.refusal]) if row.refusal else "",
        refusal_text=row.refusal_text,
        statement=statement.text.splitlines(),
        story=_story(row),
    )


def _next(shop: ShopFacts, row: Withdrawal, group: OrderGroup, statement: WithdrawalStatement) -> list[str]:
    """What the buyer may count on, sentence by sentence."""
    amount = formats.money(row.total_minor, group.currency, current_locale())
    closed = formats.date(claims.day(row.closed_at, shop.time_zone), current_locale()) if row.closed_at else ""
    if row.state == "refunded":
        return [
            _(
                "Il rimborso di %(amount)s è partito il %(day)s, per la stessa via del pagamento.",
                amount=amount,
                day=closed,
            )
        ]
    if row.state == "called_off":
        return [_("Non avevamo ancora addebitato nulla: questi prodotti non li paghi, e non devi rispedire niente.")]
    if row.state == "refused":
        return [_("Il produttore non l’ha accettato, il %(day)s. Il motivo è qui sotto.", day=closed)]
    if row.is_late and statement.last_day is not None:
        return [wording.was_late(statement.last_day)]
    if not row.has_left:
        return [
            _("I prodotti non erano ancora partiti: non devi rispedire nulla."),
            _("Ti restituiamo %(amount)s entro %(day)s.", amount=amount, day=_by(row.due_on)),
        ]
    if row.due_on is not None:
        return [_("Il rimborso di %(amount)s è dovuto entro %(day)s.", amount=amount, day=_by(row.due_on))]
    submitted = claims.day(row.submitted_at, shop.time_zone)
    return [
        _("Rispedisci i prodotti entro %(day)s; la spedizione di ritorno è a tuo carico.", day=_by(row.send_back_by)),
        _(
            "Il rimborso di %(amount)s arriva entro %(day)s; il produttore può però aspettare di riavere i prodotti, o "
            "la prova che li hai spediti.",
            amount=amount,
            day=_by(rules.refund_due(submitted, has_left=False, sent_back=None, back=None)),
        ),
    ]


def _due(row: Withdrawal) -> str:
    """What the seller owes, and until when."""
    if row.state == "called_off":
        return _("Non era ancora addebitato: non c’è niente da rimborsare, e i pezzi sono di nuovo in vendita.")
    if not handling.MOVES[row.state]:
        return ""
    if row.is_late:
        return _("È arrivato dopo il termine: puoi accettarlo lo stesso, oppure rispondi che è tardi.")
    if row.due_on is not None:
        return _("Il rimborso è dovuto entro %(day)s.", day=_by(row.due_on))
    return _("Puoi aspettare i prodotti, o la prova che sono stati rispediti; poi il rimborso è dovuto.")


def _by(day: date | None) -> str:
    return formats.date(day, current_locale(), style="weekday") if day else ""


def _story(row: Withdrawal) -> list[tuple[datetime | None, str, str | None]]:
    happened: list[tuple[datetime | None, str, str | None]] = [
        (row.submitted_at, _("Recesso ricevuto"), None),
        (row.taken_on_at, _("Il produttore aspetta i prodotti"), None),
        (row.sent_back_at, _("Prodotti rispediti"), row.sent_back_how or None),
        (row.back_at, _("Prodotti tornati al produttore"), None),
    ]
    if row.state in {"refunded", "refused", "called_off"}:
        happened.append((row.closed_at, str(wording.STATES[row.state][0]), None))
    done = [entry for entry in happened if entry[0] is not None]
    return sorted(done, key=lambda entry: entry[0] or row.submitted_at)
