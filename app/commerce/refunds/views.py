"""Refunds as pages and mails show them: plain values in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.commerce.orders.models import Order, OrderLine
from app.commerce.orders.words import text
from app.commerce.payments.ledger import Line
from app.commerce.refunds import words
from app.commerce.refunds.models import Refund, RefundLine, RefundPart
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _


@dataclass(frozen=True)
class LineView:
    """pieces: 0 when the buyer keeps them and gets money."""

    name: str
    pieces: int
    amount_minor: int
    restocked: bool


@dataclass(frozen=True)
class PartView:
    """What one producer's order bears. producer_minor: what its producer gives back, Stripe's cost included."""

    order: str
    seller: str
    lines: Sequence[LineView]
    delivery_minor: int
    amount_minor: int
    fee_minor: int
    shop_funded_minor: int
    card_cost_minor: int
    producer_minor: int
    vat: Sequence[tuple[Decimal, int, int]]  # rate, gross, VAT


@dataclass(frozen=True)
class RefundView:
    """where: what goes where, and when it gets there, a sentence each."""

    number: str
    state: str
    label: str
    tone: str
    reason: str
    note: str
    currency: str
    amount_minor: int
    card_minor: int
    where: Sequence[str]
    parts: Sequence[PartView]
    created_at: datetime
    sent_at: datetime | None
    failure: str


def refund_view(refund: Refund, orders: Mapping[int, Order]) -> RefundView:
    """A refund with parts and lines; orders: by id, with their lines."""
    label, tone = words.STATES[refund.state]
    return RefundView(
        number=refund.number,
        state=refund.state,
        label=str(label),
        tone=tone,
        reason=str(words.REASONS.get(refund.reason, refund.reason)),
        note=refund.note,
        currency=refund.currency,
        amount_minor=refund.shown_minor,
        card_minor=refund.card_minor,
        where=where(refund),
        parts=[part_view(part, orders[part.order_id]) for part in refund.parts if part.order_id in orders],
        created_at=refund.created_at,
        sent_at=refund.sent_at,
        failure=refund.failure or "",
    )


def part_view(part: RefundPart, order: Order) -> PartView:
    """A part with its lines; order: with its lines."""
    known = {line.id: line for line in order.lines}
    return PartView(
        order=order.number,
        seller=str(order.producer.get("name", "")),
        lines=[_line(line, known[line.order_line_id]) for line in part.lines],
        delivery_minor=part.delivery_minor,
        amount_minor=part.amount_minor,
        fee_minor=part.fee_minor,
        shop_funded_minor=part.shop_funded_minor,
        card_cost_minor=part.card_cost_minor,
        producer_minor=part.producer_minor + part.card_cost_minor,
        vat=[(Decimal(row["rate"]), row["gross_minor"], row["vat_minor"]) for row in part.vat],
    )


def _line(line: RefundLine, about: OrderLine) -> LineView:
    return LineView(text(about.snapshot.get("name")), line.pieces, line.amount_minor, line.restocked)


def where(refund: Refund) -> list[str]:
    """What goes where, and when it gets there. Source of the days: Stripe's own words on refunds (payments.md 5.5)."""
    found = []
    if refund.card_minor:
        amount = formats.money(refund.card_minor, refund.currency, current_locale())
        if refund.state == "failed":
            found.append(_("%(amount)s: la banca non li ha accettati. Ci pensiamo noi, e ti scriviamo.", amount=amount))
        else:
            used = _(
                "%(amount)s sul metodo di pagamento che hai usato: di solito arrivano in 5–10 giorni.", amount=amount
            )
            found.append(used if refund.main_id is None else _ahead(amount))
    if refund.beside_minor > 0:
        found.append(_ahead(formats.money(refund.beside_minor, refund.currency, current_locale())))
    if refund.credit_minor:
        amount = formats.money(refund.credit_minor, refund.currency, current_locale())
        found.append(_("%(amount)s di nuovo sul credito che avevi usato: li puoi già spendere.", amount=amount))
    if refund.wallet_minor:
        amount = formats.money(refund.wallet_minor, refund.currency, current_locale())
        found.append(_("%(amount)s nel tuo portafoglio: li puoi già spendere.", amount=amount))
    if refund.hand_minor:
        amount = formats.money(refund.hand_minor, refund.currency, current_locale())
        found.append(_("%(amount)s con un bonifico, come ti abbiamo scritto.", amount=amount))
    return found


def where_to_staff(refund: Refund) -> list[tuple[str, int]]:
    """(what went where, how much), for whoever did not buy it."""
    found = [
        (_("Sulla carta"), refund.card_minor),
        (_("Sulla carta dell’acconto"), max(0, refund.beside_minor)),
        (_("Sul credito da cui erano venuti"), refund.credit_minor),
        (_("Come credito nuovo nel portafoglio"), refund.wallet_minor),
        (_("Con un bonifico"), refund.hand_minor),
    ]
    return [(name, minor) for name, minor in found if minor]


def _ahead(amount: str) -> str:
    return _(
        "%(amount)s sul metodo di pagamento con cui hai pagato l’acconto: di solito arrivano in 5–10 giorni.",
        amount=amount,
    )


@dataclass(frozen=True)
class Entry:
    """A line of the ledger as a person reads it. debit, credit: minor units, one of them 0."""

    account: str
    about: str
    debit_minor: int
    credit_minor: int


def entries(lines: Iterable[Line], accounts: Mapping[str, object], sellers: Mapping[int, str]) -> list[Entry]:
    """Lines of a journal; those of nothing are left out. sellers: order id → who sells."""
    return [
        Entry(
            str(accounts.get(line.account, line.account)),
            sellers.get(line.order_id or 0, ""),
            max(0, line.amount_minor),
            max(0, -line.amount_minor),
        )
        for line in lines
        if line.amount_minor
    ]
